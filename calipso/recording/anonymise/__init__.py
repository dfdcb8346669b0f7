"""Anonymises recorded answers: the same cloud under other names and numbers."""
