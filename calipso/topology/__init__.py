"""Pure functions over objects and links."""
