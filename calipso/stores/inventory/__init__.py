"""Objects, links, cliques and their changes."""
