"""Documents: what stores keep and give, as plain dicts.

`InventoryObject`, `Link` and `Clique` say which fields those of the inventory have. Objects have
open fields besides, so code that reads any field of them takes a `Document`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: A document of a store. The code that has it may change it.
Document = dict[str, Any]

#: A document that is only read.
Record = Mapping[str, Any]
