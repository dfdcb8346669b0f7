"""The OpenStack API."""
