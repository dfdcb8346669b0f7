"""Helpers for every package: logs, clock, metadata files, names, masking, store addresses."""
