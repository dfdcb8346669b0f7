"""Fetchers of this plug-in; those it does not have are taken from Calipso's own."""
