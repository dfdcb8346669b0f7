"""How much may run at once: leased slots, over all processes."""
