"""The stores: the only package that knows MongoDB."""
