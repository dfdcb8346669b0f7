"""Conditions on the generation of a document, which is the number of the last scan that saw it."""

from __future__ import annotations

from calipso.model.documents import Document


def not_newer(generation: int) -> Document:
    """Return a condition on documents that no later scan has stamped.

    A document without a generation matches.
    """
    return {"generation": {"$not": {"$gt": generation}}}


def older(generation: int) -> Document:
    """Return a condition on documents that neither this scan nor a later one has stamped."""
    return {"generation": {"$not": {"$gte": generation}}}
