"""The databases of OVN: northbound (what the cloud wants) and southbound (where it is)."""
