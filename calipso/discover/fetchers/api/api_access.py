"""ApiAccess, at the place where the developer guide has it: the base of fetchers of plug-ins."""

from calipso.sources.api.api_access import ApiAccess

__all__ = ["ApiAccess"]
