"""Answers made of stored objects and links."""
