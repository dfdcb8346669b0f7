"""JSON of the other side: any text is either read or refused with ValueError."""

from __future__ import annotations

import json
from typing import Any

#: Digits from which on a number stays text: Python refuses to convert very long ones.
_MOST_DIGITS = 1000


def loads(text: bytes | str) -> Any:
    """Return the value of a JSON text. A number of thousands of digits stays text.

    Raises ValueError, also for what is nested too deep.
    """
    try:
        return json.loads(text)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except RecursionError:
        raise ValueError("nested too deep") from None
    except ValueError:  # such a number
        return _again(text)


def _again(text: bytes | str) -> Any:
    try:
        return json.loads(text, parse_int=whole_number)
    except RecursionError:
        raise ValueError("nested too deep") from None


def whole_number(digits: str) -> int | str:
    """Return a number of JSON; one with too many digits stays text."""
    return int(digits) if len(digits) < _MOST_DIGITS else digits
