"""DbAccess, under the name that plug-ins import: the base class of their fetchers."""

from calipso.sources.db.db_access import DbAccess

__all__ = ["DbAccess"]
