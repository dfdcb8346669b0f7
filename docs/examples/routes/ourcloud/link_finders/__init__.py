"""Link finders of this plug-in."""
