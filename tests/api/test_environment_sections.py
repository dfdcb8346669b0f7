"""`/environment_sections`: the fields of the models, each with a sentence."""

from __future__ import annotations

from flask.testing import FlaskClient

from calipso.model.section_base import is_secret_key
from calipso.model.section_forms import MEANING, section_forms
from calipso.model.sections import OTHER_KEYS, SECTIONS, CliSection
from calipso.model.sources import SOURCES as DECLARED

#: Sections of the sources that scans read.
SOURCES = {source.section for source in DECLARED}


def test_every_field_of_every_section_has_a_sentence_and_no_sentence_is_left_over() -> None:
    forms = section_forms()
    used = {
        name
        for form in forms
        for field in form.fields
        for name in (field.name, f"{form.name}.{field.name}")
    }

    assert [
        f"{form.name}.{item.name}" for form in forms for item in form.fields if not item.about
    ] == []
    assert sorted(MEANING.keys() - used) == []
    assert {form.name for form in forms} == set(OTHER_KEYS) | SOURCES <= set(SECTIONS)


def test_a_form_has_the_fields_of_its_model_with_their_kinds(admin: FlaskClient) -> None:
    sections = {
        item["name"]: item for item in admin.get("/api/v1/environment_sections").json["items"]
    }
    fields = {item["name"]: item for item in sections["CLI"]["fields"]}

    assert set(fields) == {info.alias or name for name, info in CliSection.model_fields.items()} - {
        "name"
    }
    assert (fields["pwd"]["kind"], fields["key"]["kind"]) == ("secret", "path")
    assert (fields["port"]["kind"], fields["port"]["default"]) == ("number", 22)
    assert (fields["host"]["required"], fields["sudo"]["default"]) == (True, True)
    assert [name for name, item in sections.items() if item["needed"]] == [
        "OpenStack",
        "mysql",
        "CLI",
    ]
    for section in sections.values():
        secret = {item["name"] for item in section["fields"] if item["kind"] == "secret"}
        assert secret == {item["name"] for item in section["fields"] if is_secret_key(item["name"])}
