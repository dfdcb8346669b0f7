"""Hostile answers of sources: what they do to one object, and to no other."""
