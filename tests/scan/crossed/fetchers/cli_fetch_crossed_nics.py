"""NICs, below the folder of their host."""

from __future__ import annotations

from tests.scan.crossed.fetchers import Listed


class CliFetchCrossedNics(Listed):
    """NICs, below the folder of their host."""

    listing = "nics"
    item_type = "host_pnic"
