"""Writes checks and handlers to hosts and server."""
