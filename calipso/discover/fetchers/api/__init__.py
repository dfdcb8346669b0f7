"""Fetchers that ask the OpenStack API, and the access they share."""
