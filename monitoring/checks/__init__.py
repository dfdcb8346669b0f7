"""Scripts copied to hosts: standard library only; exit 0, 1 or 2."""
