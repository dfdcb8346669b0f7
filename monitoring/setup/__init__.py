"""Setup: files for Nagios, Icinga, Sensu and Prometheus, made of the inventory, and put in place.

Only files with our mark are written or removed. Nothing is installed, and no sudoers are edited.
"""
