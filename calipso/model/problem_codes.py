"""What can be wrong with an object: stable codes, one sentence each.

`docs/problems.md` has a paragraph for each code; a guard test compares the two.
"""

from __future__ import annotations

#: Code of a problem -> what it says about the object.
CODES: dict[str, str] = {}
