"""Resources: one noun a file."""
