"""Pure functions over inventory objects and links: who carries what, graphs, drawings."""
