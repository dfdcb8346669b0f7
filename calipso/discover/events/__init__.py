"""Event handlers: what a notification of the cloud changes in the inventory."""
