"""Limits: what may run at once, how long a call may take, how much memory its answer."""
