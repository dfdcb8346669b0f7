"""Cisco ACI: the REST API of the controller of a fabric (APIC)."""
