"""Users, tokens, passwords and the audit log."""
