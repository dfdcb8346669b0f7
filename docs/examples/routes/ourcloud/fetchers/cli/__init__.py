"""Fetchers that ask hosts."""
