"""The fault campaign: scans of a generated cloud while workers, stores and sources fail."""
