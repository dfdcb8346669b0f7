"""What answers requests: one namespace a file; `app.py` finds them."""
