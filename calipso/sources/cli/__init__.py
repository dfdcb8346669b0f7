"""Hosts, by SSH."""
