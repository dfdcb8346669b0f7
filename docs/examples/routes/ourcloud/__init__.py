"""A plug-in for Calipso: routes of hosts, what they leave by, and what depends on them."""
