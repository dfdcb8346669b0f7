"""Checks for hosts, and handlers of their results."""
