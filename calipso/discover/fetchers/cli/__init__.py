"""Fetchers that ask hosts over SSH."""
