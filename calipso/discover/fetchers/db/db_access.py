"""DbAccess, at the place where the developer guide has it: the base of fetchers of plug-ins."""

from calipso.sources.db.db_access import DbAccess

__all__ = ["DbAccess"]
