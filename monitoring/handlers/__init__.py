"""Handlers: results of any monitoring system become statuses of objects, links and cliques.

normalise (one file a format) -> `CheckEvent` -> resolve -> filter -> store -> roll up.
"""
