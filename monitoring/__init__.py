"""Calipso's monitoring: checks for hosts, and handlers of their results."""
