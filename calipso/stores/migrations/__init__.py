"""Migrations: bring the documents and indexes of a database to what this version writes.

A migration is one file here, `m<number>_<name>.py`; no list names it. It has

    DESCRIPTION             one sentence for people: what changes, and why
    affected(db) -> int     how many documents (or indexes) it would change
    upgrade(db) -> int      changes them; returns how many it changed

Running one twice changes nothing the second time: it may be cut off anywhere, and run again.
Indexes are no migrations of their own: each upgrade makes those that are missing.
"""
