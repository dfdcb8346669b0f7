"""What a request says, checked by a pydantic model: every wrong field is named at once."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_origin

from flask import Request
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from calipso.api.errors import BadRequest, Detail, WrongMediaType
from calipso.validation_words import said

M = TypeVar("M", bound=BaseModel)

#: No text of anything holds one of these; neither a store nor a log takes them.
_NOT_TEXT = re.compile(r"[\x00\ud800-\udfff]")
#: No name of anything of ours holds one; half of a surrogate is no character at all.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def parse_query(request: Request, model: type[M]) -> M:
    """The query string as `model`. Raises BadRequest with one detail for each wrong key.

    Lists may be given as repeated keys or with commas. Keys the model does not know are wrong.
    A model with `OPEN = (prefix, key)` takes any key with this prefix: as a dict, under that key.
    Under the keys in `CLOUD_WORDS` any text may stand: names out of a cloud hold what they like.
    A list under such a key is given as repeated keys only, as each of its names may hold a comma.
    """
    lists = {name(key, field) for key, field in model.model_fields.items() if is_list(field)}
    prefix, opened = getattr(model, "OPEN", ("", ""))
    words: frozenset[str] = getattr(model, "CLOUD_WORDS", frozenset())
    values: dict[str, Any] = {}
    problems: list[Detail] = []
    for key in request.args:
        given = request.args.getlist(key)
        wrong_in = _NOT_TEXT if key in words else _CONTROL
        if any(wrong_in.search(text) for text in (key, *given)):
            problems.append(Detail(_CONTROL.sub("?", key), "holds a control character"))
        elif any(not value.strip() for value in given):
            problems.append(Detail(key, "has no value"))
        elif key in lists:
            apart = [given] if key in words else [value.split(",") for value in given]
            values[key] = [word for some in apart for word in some if word]
        elif len(given) > 1:
            problems.append(Detail(key, "may be given once"))
        elif prefix and key.startswith(prefix):
            values.setdefault(opened, {})[key.removeprefix(prefix)] = given[0]
        else:
            values[key] = given[0]
    wrong = {problem.field for problem in problems}
    return checked(model, values, "query", problems, skip=wrong)


def parse_body(request: Request, model: type[M]) -> M:
    """The JSON body as `model`. Raises BadRequest or WrongMediaType."""
    if request.mimetype != "application/json":
        raise WrongMediaType(
            f"the body is {request.mimetype or 'of no type'}, not JSON",
            hint="Send JSON with the header `Content-Type: application/json`.",
        )
    data = request.get_data()
    if not data:
        raise BadRequest("the request has no body", hint="Send a JSON object.")
    try:
        document = json.loads(data, parse_constant=_no_number, parse_float=_number)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"the body is not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise BadRequest("the body is not a JSON object", hint="Send {...}.")
    # written again, because only JSON may spell times and choices as texts in strict mode
    text = json.dumps(document)
    return _checked(lambda: model.model_validate_json(text, strict=True), model, "body", [])


def _number(text: str) -> float:
    """A number with a point; `34.0` is the whole number 34, as JSON Schema has it."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return int(number) if number.is_integer() else number


def _no_number(word: str) -> float:
    """`NaN` and the infinities are not JSON, but Python reads them."""
    raise ValueError(f"{word} is not a number")


def checked(
    model: type[M],
    values: Mapping[str, Any],
    place: str,
    problems: list[Detail],
    skip: set[str] | frozenset[str] = frozenset(),
) -> M:
    """`values` as `model`. Raises BadRequest naming all that is wrong."""
    return _checked(lambda: model.model_validate(dict(values)), model, place, problems, skip)


def _checked(
    read: Callable[[], M],
    model: type[M],
    place: str,
    problems: list[Detail],
    skip: set[str] | frozenset[str] = frozenset(),
) -> M:
    found = None
    try:
        found = read()
    except ValidationError as error:
        for item in error.errors(include_url=False):
            where = ".".join(str(part) for part in item["loc"])
            if where not in skip:
                problems.append(Detail(where, _sentence(item, place)))
    if problems or found is None:
        known = ", ".join(sorted(name(k, f) for k, f in model.model_fields.items()))
        names = ", ".join(problem.field or place for problem in problems)
        raise BadRequest(
            f"wrong in the {place}: {names}", details=problems, hint=f"Known: {known or 'none'}."
        )
    return found


def _sentence(item: Any, place: str) -> str:
    if item["type"] == "extra_forbidden":
        return f"is unknown in this {place}"
    if item["type"] == "missing":
        return "must be given"
    return said(item)


def name(key: str, field: FieldInfo) -> str:
    """What a field is called in a request."""
    return field.alias or key


def is_list(field: FieldInfo) -> bool:
    """True for `list[...]` and `list[...] | None`."""
    kinds = (field.annotation, *getattr(field.annotation, "__args__", ()))
    return any(kind is list or get_origin(kind) is list for kind in kinds)
