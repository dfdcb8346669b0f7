"""Secrets of environments, encrypted, and their keys."""
