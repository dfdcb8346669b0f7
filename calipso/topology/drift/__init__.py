"""Drift rules: where API, database, hosts and the drawing of links say different things. Pure."""
