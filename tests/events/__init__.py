"""Events: notifications of a cloud, and what they change in the inventory."""
