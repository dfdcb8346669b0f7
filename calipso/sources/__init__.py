"""Transports: how each source is asked."""
