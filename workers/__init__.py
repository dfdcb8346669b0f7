"""Celery, and only Celery: doorways from tasks to the core."""
