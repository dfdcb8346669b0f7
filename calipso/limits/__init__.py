"""Limits of what may run at once: leased slots, shared by all processes."""
