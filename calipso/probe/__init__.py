"""Tests of an environment and of single connections."""
