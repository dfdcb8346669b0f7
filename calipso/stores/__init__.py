"""What is stored: the only place that knows MongoDB."""
