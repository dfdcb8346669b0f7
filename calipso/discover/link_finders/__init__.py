"""Link finders: one file each, named after its class, listed in `config/link_finders.json`."""

from calipso.discover.find_links import FindLinks

__all__ = ["FindLinks"]
