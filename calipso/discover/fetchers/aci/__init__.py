"""Fetchers that ask the APIC of a Cisco ACI fabric."""
