"""ApiAccess, under the name that plug-ins import: the base class of their fetchers."""

from calipso.sources.api.api_access import ApiAccess

__all__ = ["ApiAccess"]
