"""CliAccess, under the name that plug-ins import: the base class of their fetchers."""

from calipso.sources.cli.cli_access import CliAccess

__all__ = ["CliAccess"]
