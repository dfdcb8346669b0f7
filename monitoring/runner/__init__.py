"""Runner: checks the hosts of each environment that asks for it, from Calipso's own workers."""
