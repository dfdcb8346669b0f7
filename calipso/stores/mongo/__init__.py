"""The connection to MongoDB, and what the embedded server needs."""
