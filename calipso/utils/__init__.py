"""Stores, metadata files, secrets, logs: what the machinery stands on."""
