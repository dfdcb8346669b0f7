"""What can be wrong with an object: stable codes, one sentence each.

`docs/problems.md` has a paragraph for each code; a guard test compares the two.
"""

from __future__ import annotations

#: Code of a problem -> what it says about the object.
CODES: dict[str, str] = {
    "tunnel_way_unknown": "No way is known from the address of the tunnels to a NIC.",
}
