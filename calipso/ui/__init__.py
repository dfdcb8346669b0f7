"""Built assets of the web UI."""
