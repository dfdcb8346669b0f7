"""Scans, their tasks, answers and messages."""
