"""Recorded answers made fit to be shown: the same cloud under other names and numbers."""
