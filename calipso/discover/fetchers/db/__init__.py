"""Fetchers that read the Nova, Neutron and Keystone databases, and the access they share."""
