"""Users, tokens, passwords and the audit."""
