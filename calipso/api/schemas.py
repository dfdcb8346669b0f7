"""Models of requests and answers, and their translation to Swagger 2.0.

A pydantic model is written once: it checks requests, and the specification is made of it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.fields import FieldInfo

from calipso.api.parse import is_list, name

Schema = dict[str, Any]

#: Definitions of the specification by name, filled while the resources are imported.
DEFINITIONS: dict[str, Schema] = {}


def _space_is_plus(value: Any) -> Any:
    """`+` in a query string arrives as a space; in a time it can be nothing else."""
    return value.replace(" ", "+") if isinstance(value, str) and "T" in value else value


#: The `_id` of a stored document, as text.
Key = Annotated[str, Field(pattern=r"^[0-9a-f]{24}$", examples=["65a1f0c2d4e8b1a2c3d4e5f6"])]
SpaceIsPlus = BeforeValidator(_space_is_plus)

#: Nothing of Calipso is from before or after; MongoDB and time zones end somewhere beyond.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(3000, 1, 1, tzinfo=UTC)


def _bounded(moment: datetime) -> datetime:
    """In UTC; what is too far away is as far as it can be."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max(aware, EARLIEST), LATEST).astimezone(UTC)


#: A time in a query; one without a zone is UTC.
Time = Annotated[datetime, SpaceIsPlus, AfterValidator(_bounded)]


class Query(BaseModel):
    """Base of what a query string may say; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Body(BaseModel):
    """Base of what a body may say; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Answer(BaseModel):
    """Base of what is answered; documents may hold more than is named here."""

    model_config = ConfigDict(extra="allow")


class ErrorDetail(Answer):
    """One wrong thing."""

    field: str = Field(description="Dotted name of the field; empty: the whole.")
    message: str


class ErrorBody(Answer):
    """What went wrong."""

    code: str = Field(description="A word for scripts.", examples=["not_found"])
    message: str = Field(description="What failed, on which thing.")
    hint: str = Field(description="What to do next.")
    details: list[ErrorDetail]
    request_id: str


class Error(Answer):
    """The one shape of all errors."""

    error: ErrorBody


def define(model: type[BaseModel]) -> Schema:
    """Put a model (and those inside it) into the definitions; returns the reference to it."""
    schema = model.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
    for inner, text in schema.pop("$defs", {}).items():
        _put(inner, plain(text))
    _put(model.__name__, plain(schema))
    return {"$ref": f"#/definitions/{model.__name__}"}


def _put(title: str, schema: Schema) -> None:
    """Raises ValueError when another model has this name: one of them would be told wrong."""
    if DEFINITIONS.setdefault(title, schema) != schema:
        raise ValueError(f"two models of the API are called {title}")


def define_page(model: type[BaseModel]) -> Schema:
    """The definition of a page of such items."""
    title = f"{model.__name__}Page"
    DEFINITIONS[title] = {
        "type": "object",
        "required": ["items", "next"],
        "properties": {
            "items": {"type": "array", "items": define(model)},
            "next": {
                "type": "string",
                "x-nullable": True,
                "description": "Marker of the next page; null: there is none.",
            },
            "total": {"type": "integer", "description": "With `total=true`: how many there are."},
        },
    }
    return {"$ref": f"#/definitions/{title}"}


def parameters(model: type[BaseModel]) -> dict[str, Schema]:
    """Query parameters of a model, as flask-restx takes them."""
    schema = model.model_json_schema(by_alias=True)
    inner = schema.get("$defs", {})
    found = {}
    for key, field in model.model_fields.items():
        called = name(key, field)
        found[called] = _parameter(plain(_resolved(schema["properties"][called], inner)), field)
    return found


def _parameter(text: Schema, field: FieldInfo) -> Schema:
    text.pop("x-nullable", None)
    text.pop("example", None)
    if text.get("default", ...) is None or text.get("default") == []:
        text.pop("default")
    text.setdefault("type", "string")
    _not_empty(text)
    _not_empty(text.get("items", {}))
    text |= {"in": "query", "required": field.is_required()}
    if is_list(field):
        text["collectionFormat"] = "multi"
    return text


def _not_empty(text: Schema) -> None:
    """A value of nothing but spaces is refused, whatever the parameter."""
    if text.get("type") == "string" and not {"enum", "pattern", "format"} & text.keys():
        text["pattern"] = r"\S"


def _resolved(text: Any, inner: Schema) -> Any:
    """References replaced by what they name: Swagger 2.0 has none in parameters."""
    if isinstance(text, dict):
        if "$ref" in text:
            rest = {key: value for key, value in text.items() if key != "$ref"}
            return _resolved(inner[text["$ref"].rpartition("/")[2]], inner) | rest
        return {key: _resolved(value, inner) for key, value in text.items()}
    return [_resolved(item, inner) for item in text] if isinstance(text, list) else text


#: Words of JSON Schema that Swagger 2.0 does not have.
UNKNOWN = ("title", "patternProperties", "propertyNames", "discriminator", "$schema")


def plain(schema: Any) -> Any:
    """A JSON schema of pydantic as Swagger 2.0 says it."""
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    text = dict(schema)
    if "properties" in text:
        text["properties"] = {key: plain(value) for key, value in text["properties"].items()}
    choices = text.pop("anyOf", None) or text.pop("oneOf", None)
    if choices:
        real = [item for item in choices if item.get("type") != "null"]
        more = plain(real[0]) if len(real) == 1 else {}
        if len(real) < len(choices):
            more["x-nullable"] = True
        text = more | text
    for word in UNKNOWN:
        if not isinstance(text.get(word), dict) or word != "title":
            text.pop(word, None)
    if text.get("default", ...) is None:  # no value of the type: validators refuse it
        del text["default"]
    if "const" in text:
        text["enum"] = [text.pop("const")]
    if text.get("examples"):
        text["example"] = text.pop("examples")[0]
    for bound in ("Minimum", "Maximum"):
        if f"exclusive{bound}" in text:
            text[bound.lower()] = text[f"exclusive{bound}"]
            text[f"exclusive{bound}"] = True
    if "prefixItems" in text:
        text.pop("prefixItems")
        text["items"] = {}
    rest = ("items", "additionalProperties", "allOf")
    return text | {word: plain(text[word]) for word in rest if word in text}
