"""The engine that runs a scan."""
