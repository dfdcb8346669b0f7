"""OvnAccess, under the name that plug-ins import: the base class of their fetchers."""

from calipso.sources.ovn.ovn_access import OvnAccess

__all__ = ["OvnAccess"]
