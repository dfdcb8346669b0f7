"""Fetchers: one file reads objects of one type from one source."""
