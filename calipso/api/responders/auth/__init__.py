"""Tokens: logging in and out."""
