"""A cloud of a few objects, read by fetchers of a package of its own."""
