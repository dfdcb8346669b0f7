"""Documents: the plain dicts that stores read and write.

`InventoryObject`, `Link` and `Clique` say which fields those of the inventory have. Objects also
have open fields, so code that reads any field of an object takes a `Document`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: A document of a store. The code that has it may change it.
Document = dict[str, Any]

#: A document that is only read.
Record = Mapping[str, Any]
