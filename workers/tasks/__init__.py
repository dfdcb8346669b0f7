"""The tasks: ids in, counts out."""
