"""Calipso's Celery workers, and only Celery: doorways from tasks to the core."""
