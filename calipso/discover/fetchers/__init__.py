"""Fetchers: each file reads objects of one type from one source."""
