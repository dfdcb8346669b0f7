"""Pure functions over inventory objects and links: carriers of networks, graphs, drawings."""
