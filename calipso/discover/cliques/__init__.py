"""Cliques: which type fits, and the walk."""
