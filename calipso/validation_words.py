"""What pydantic says of a wrong value, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Kind of a pydantic error to what is said instead; `{name}` is a value of its context.
_WORDS = {
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "int_parsing": "expected a whole number",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_parsing": "expected a number",
    "float_type": "expected a number",
    "finite_number": "expected a finite number",
    "string_type": "expected a text",
    "string_too_short": "expected at least {min_length} characters",
    "string_too_long": "expected at most {max_length} characters",
    "list_type": "expected a list",
    "dict_type": "expected an object",
    "model_type": "expected an object",
    "model_attributes_type": "expected an object",
    "too_short": "expected at least {min_length} items",
    "too_long": "expected at most {max_length} items",
    "greater_than_equal": "expected {ge} or more",
    "greater_than": "expected more than {gt}",
    "less_than_equal": "expected {le} or less",
    "less_than": "expected less than {lt}",
    "literal_error": "expected {expected}",
    "enum": "expected {expected}",
    "datetime_parsing": "expected a time, such as 2026-01-31T08:15:00Z",
    "datetime_from_date_parsing": "expected a time, such as 2026-01-31T08:15:00Z",
    "datetime_type": "expected a time, such as 2026-01-31T08:15:00Z",
    "missing": "must be given",
    "extra_forbidden": "is not known here",
}


def said(item: Mapping[str, Any]) -> str:
    """One error of `ValidationError.errors()` as a phrase that begins with a small letter.

    Validators of ours raise ValueError with words of their own; these stay as they are.
    """
    words = _WORDS.get(str(item["type"]))
    if words is not None:
        try:
            return words.format(**item.get("ctx", {}))
        except (KeyError, IndexError):
            pass
    text = str(item["msg"]).removeprefix("Value error, ")
    return text if text[:2].isupper() else text[:1].lower() + text[1:]
