"""Calipso: the virtual network of an OpenStack cloud, as it really is."""

__version__ = "0.1.0"
