"""Conditions on the generation a document was stamped with: which scan saw it last."""

from __future__ import annotations

from calipso.model.documents import Document


def not_newer(generation: int) -> Document:
    """Condition on documents that no later scan has stamped; those without a generation match."""
    return {"generation": {"$not": {"$gt": generation}}}


def older(generation: int) -> Document:
    """Condition on documents that neither this scan nor a later one has stamped."""
    return {"generation": {"$not": {"$gte": generation}}}
