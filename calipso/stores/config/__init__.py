"""Environments, schedules, clique types and connection tests."""
