"""Checks of your own, for docs/add-a-check.md."""
