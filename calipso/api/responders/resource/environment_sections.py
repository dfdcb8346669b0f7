"""`/environment_sections`: which fields an environment has, for who writes a form."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal, get_args

from flask_restx import Namespace, Resource
from pydantic import BaseModel, Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import Need, operation
from calipso.api.responders.resource.connection_tests import Target
from calipso.api.schemas import Answer
from calipso.model.documents import Document
from calipso.model.section_forms import section_forms

ns = Namespace(
    "environment_sections",
    description="Fields of the sections of an environment.",
    path="/environment_sections",
)


class FieldAnswer(BaseModel):
    """A field of a section."""

    name: str
    kind: Literal["text", "number", "boolean", "choice", "secret", "path", "json"] = Field(
        description="path: of a file on the workers, only admins set it; json: an object."
    )
    about: str = Field(description="What it means.")
    required: bool
    common: bool = Field(description="False: few clouds need it.")
    default: Any = Field(description="What holds when it is not given.")
    choices: list[str] = Field(description="Of a choice.")


class SectionAnswer(Answer):
    """A section."""

    name: str
    about: str
    needed: bool = Field(description="An environment of OpenStack must have it.")
    tested: bool = Field(description="`POST /connection_tests` can test it.")
    fields: list[FieldAnswer]


class SectionsAnswer(Answer):
    """All sections."""

    items: list[SectionAnswer]


EXAMPLE = {
    "items": [
        {
            "name": "mysql",
            "about": "The database of the controllers; Calipso only reads it.",
            "needed": True,
            "tested": True,
            "fields": [
                {
                    "name": "port",
                    "kind": "number",
                    "about": "Port.",
                    "required": False,
                    "common": True,
                    "default": 3306,
                    "choices": [],
                }
            ],
        }
    ]
}


@ns.route("")
class EnvironmentSections(Resource):  # type: ignore[misc]
    """The list."""

    @operation(Need.LOGIN, answer=SectionsAnswer, example=EXAMPLE)
    def get(self, caller: Caller) -> Document:
        """Sections of an environment with their fields; those that OpenStack needs come first."""
        tested = get_args(Target)
        return {
            "items": [asdict(form) | {"tested": form.name in tested} for form in section_forms()]
        }
