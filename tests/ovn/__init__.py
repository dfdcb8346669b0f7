"""The source of OVN: its ways, its answers, and what can go wrong."""
