"""The JSON Schema that pydantic makes of a model, as parts of the specification."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from calipso.api.parse import is_list, name

Schema = dict[str, Any]

#: A text in a query: not only blanks, and no control characters; of a cloud's word, any but NUL.
TEXT = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
CLOUD_TEXT = r"^[^\x00]*[^\s\x00][^\x00]*$"

PLACE = "#/components/schemas/{model}"


class Components:
    """The schemas that operations refer to, by name."""

    def __init__(self) -> None:
        self.schemas: Schema = {}

    def reference(self, model: type[BaseModel]) -> Schema:
        """A reference to a model, which is then among the schemas."""
        self._put(model.__name__, self._schema(model))
        return {"$ref": PLACE.format(model=model.__name__)}

    def page(self, model: type[BaseModel]) -> Schema:
        """A reference to a page of a list of such items."""
        title = f"{model.__name__}Page"
        page = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {
                "items": {"type": "array", "items": self.reference(model)},
                "next": {
                    "type": ["string", "null"],
                    "description": "Marker of the next page; null on the last page.",
                },
                "total": {
                    "type": "integer",
                    "description": "With `total=true`: how many items all pages have.",
                },
            },
        }
        self._put(title, page)
        return {"$ref": PLACE.format(model=title)}

    def parameters(self, model: type[BaseModel]) -> list[Schema]:
        """The fields of a model as parameters of a query string."""
        properties = self._schema(model)["properties"] if model.model_fields else {}
        words: frozenset[str] = getattr(model, "CLOUD_WORDS", frozenset())
        return [
            _parameter(called, properties[called], field, CLOUD_TEXT if called in words else TEXT)
            for called, field in (
                (name(key, each), each) for key, each in model.model_fields.items()
            )
        ]

    def _schema(self, model: type[BaseModel]) -> Schema:
        """The schema of a model; the models inside it are put among the schemas."""
        schema = model.model_json_schema(by_alias=True, ref_template=PLACE)
        for inner, text in schema.pop("$defs", {}).items():
            self._put(inner, text)
        return schema

    def _put(self, title: str, schema: Schema) -> None:
        """Raises ValueError when another model has this name: only one of them would be shown."""
        if self.schemas.setdefault(title, schema) != schema:
            raise ValueError(f"two models of the API are called {title}")


def _parameter(called: str, schema: Schema, field: FieldInfo, pattern: str) -> Schema:
    text = _given(schema, pattern)
    description = text.pop("description", "")
    found: Schema = {
        "name": called,
        "in": "query",
        "required": field.is_required(),
        "description": description,
    }
    if is_list(field):
        found |= {"style": "form", "explode": True}
    return found | {"schema": text}


def _given(schema: Schema, pattern: str) -> Schema:
    """The schema of a value that is given: a query string has no null, and no empty value."""
    text = {key: value for key, value in schema.items() if key != "title"}
    choices = [item for item in text.get("anyOf", ()) if item.get("type") != "null"]
    if len(choices) == 1:
        del text["anyOf"]
        text = choices[0] | text
    elif choices:
        text["anyOf"] = choices
    if text.get("default", ...) in (None, []):
        del text["default"]
    if not {"type", "anyOf", "$ref", "enum", "const"} & text.keys():
        text["type"] = "string"
    for one in (text, text.get("items", {})):
        _not_empty(one, pattern)
    return text


def _not_empty(text: Schema, pattern: str) -> None:
    if text.get("type") == "string" and not {"enum", "const", "pattern", "format"} & text.keys():
        text["pattern"] = pattern
