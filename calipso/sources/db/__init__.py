"""The MySQL databases of OpenStack."""
