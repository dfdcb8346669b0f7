"""AciAccess, under the name that plug-ins import: the base class of their fetchers."""

from calipso.sources.aci.aci_access import AciAccess

__all__ = ["AciAccess"]
