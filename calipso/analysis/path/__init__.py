"""Paths: ends and objects are read by key from the store, `topology.path` judges them."""
