"""CliAccess, at the place where the developer guide has it: the base of fetchers of plug-ins."""

from calipso.sources.cli.cli_access import CliAccess

__all__ = ["CliAccess"]
