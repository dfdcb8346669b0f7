"""Listeners: each holds the connection to one kind of source of events."""
