"""Migrations: bring the documents and indexes of a database to what this version writes.

A migration is one file here, `m<number>_<name>.py`; no list names it. It has

    DESCRIPTION             one sentence for people: what changes, and why
    affected(db) -> int     how many documents (or indexes) it would change
    upgrade(db) -> int      changes them; returns how many it changed

A second run changes nothing: a migration may stop anywhere and run again.
Indexes need no migration: each upgrade makes missing indexes.
"""
