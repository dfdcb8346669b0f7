"""Cliques: choose the clique type that fits, and walk the links."""
