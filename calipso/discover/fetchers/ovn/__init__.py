"""Fetchers of what OVN knows: switches, tunnel endpoints, ports, routers and DHCP."""
