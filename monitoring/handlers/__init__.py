"""Check event to status on the object or link."""
