"""Models of environments in requests and answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from calipso.api.paging import PageQuery
from calipso.api.schemas import Answer, Body, Query
from calipso.api.words import EnvironmentName, Text, UtcTime
from calipso.secrets.box import MASK

Kind = Literal["OpenStack", "Kubernetes", "VMware", "Bare-metal"]
SectionName = Literal[
    "OpenStack",
    "mysql",
    "CLI",
    "AMQP",
    "Monitoring",
    "NFV_provider",
    "ACI",
    "OVN",
    "Kubernetes",
    "VMware",
    "Bare-metal",
]

SECTIONS = [
    {"name": "OpenStack", "host": "192.0.2.11", "port": 5000, "user": "admin", "pwd": MASK},
    {"name": "mysql", "host": "192.0.2.11", "port": 3306, "user": "calipso", "pwd": MASK},
    {"name": "CLI", "host": "192.0.2.11", "user": "stack", "key": "/etc/calipso/id_ed25519"},
]
#: The same as somebody gives them; the application credential of a cloud needs no user.
GIVEN = [
    {
        "name": "OpenStack",
        "auth_url": "https://192.0.2.11:5000/v3",
        "auth_type": "v3applicationcredential",
        "application_credential_id": "1c5e0b7d3f6a4c1b9f0e8a7d6c5b4a39",
        "application_credential_secret": "the secret",
    },
    {"name": "mysql", "host": "192.0.2.11", "user": "calipso", "pwd": "the password"},
    {"name": "CLI", "host": "192.0.2.11", "user": "stack", "key": "/etc/calipso/id_ed25519"},
]
EXAMPLE = {
    "id": "prod",
    "name": "prod",
    "type": "environment",
    "environment_type": "OpenStack",
    "distribution": "Kolla",
    "distribution_version": "2024.1",
    "mechanism_drivers": ["OVS"],
    "type_drivers": "vxlan",
    "configuration": SECTIONS,
    "scanned": True,
    "listen": False,
    "operational": "stopped",
}


class EnvironmentQuery(PageQuery):
    """Filters of the list of environments."""

    name: str | None = Field(default=None, description="The one with this name.")
    id: str | None = Field(default=None, description="Same as `name`.")
    distribution: str | None = Field(default=None, description="Of this distribution.")
    distribution_version: str | None = Field(default=None, description="Of this version.")
    mechanism_drivers: list[str] = Field(default=[], description="With all of these.")
    type_drivers: str | None = Field(default=None, description="With exactly these, as stored.")
    user: str | None = Field(default=None, description="Field `user` of the document.")
    listen: bool | None = Field(default=None, description="Events are listened to.")
    scanned: bool | None = Field(default=None, description="A whole scan of it has ended.")
    monitoring_setup_done: bool | None = Field(default=None, description="Monitoring is set up.")
    operational: Literal["stopped", "running", "error"] | None = Field(
        default=None, description="State of the event listener."
    )
    environment_type: Kind | None = Field(default=None, description="Of this type.")


class SectionBody(BaseModel):
    """A section: how to reach one source. Its fields depend on its name (docs/environments.md)."""

    model_config = ConfigDict(extra="allow")

    name: SectionName


class OriginalAuth(BaseModel):
    """The original's rights, kept with the document; here users have grants."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    view_env: list[str] = Field(default=[], alias="view-env")
    edit_env: list[str] = Field(default=[], alias="edit-env")


class EnvironmentFields(Body):
    """What an environment has beside its name and sections."""

    environment_type: Kind = "OpenStack"
    distribution: str = Field(default="", max_length=100)
    distribution_version: str = Field(default="", max_length=100)
    mechanism_drivers: list[Text] = Field(
        default=["OVS"],
        min_length=1,
        description="Values of the constant `mechanism_drivers`; OVS, LXB and SRIOV are scanned.",
    )
    type_drivers: Text = Field(
        default="vxlan", description="Values of the constant `type_drivers`, separated by commas."
    )
    listen: bool = Field(default=False, description="Needs a section AMQP.")
    enable_monitoring: bool = False
    monitoring_interval: int = 60
    monitoring_pings: int = 8
    aci_enabled: bool = False
    user: str = Field(default="", max_length=200)
    app_path: str = Field(
        default="", max_length=500, description="From the original's documents; stored, not used."
    )
    run_app_path: str = Field(
        default="", max_length=500, description="From the original's documents; stored, not used."
    )
    auth: OriginalAuth | None = None
    queues: dict[str, Any] | None = Field(
        default=None,
        description="For workers that reach a part of the cloud only (docs/environments.md).",
    )
    type: Literal["environment"] = "environment"
    operational: Literal["stopped", "running", "error"] = Field(
        default="stopped", description="Accepted from the original's clients; Calipso sets it."
    )
    scanned: bool = Field(default=False, description="Accepted and ignored; Calipso sets it.")
    last_scanned: str | None = Field(
        default=None, description="Accepted and ignored; Calipso sets it."
    )
    monitoring_setup_done: bool = Field(
        default=False, description="Accepted and ignored; Calipso sets it."
    )


class EnvironmentBody(
    EnvironmentFields,
    json_schema_extra={
        "examples": [{"name": "prod", "mechanism_drivers": ["OVS"], "configuration": GIVEN}]
    },
):
    """An environment. OpenStack needs the sections OpenStack, mysql and CLI."""

    name: EnvironmentName
    configuration: Annotated[list[SectionBody], Field(max_length=20)] = Field(
        description="One section for each source; each name once.", examples=[SECTIONS]
    )


class EnvironmentPatch(
    Body,
    json_schema_extra={
        "examples": [{"configuration": [{"name": "mysql", "host": "192.0.2.12", "pwd": "again"}]}]
    },
):
    """What to change. A section is merged with the stored one: fields that it leaves out stay.

    Null takes a field away, in sections too.
    """

    environment_type: Kind | None = None
    distribution: Annotated[str, Field(max_length=100)] | None = None
    distribution_version: Annotated[str, Field(max_length=100)] | None = None
    mechanism_drivers: Annotated[list[Text], Field(min_length=1)] | None = None
    type_drivers: Text | None = None
    listen: bool | None = None
    enable_monitoring: bool | None = None
    monitoring_interval: int | None = None
    monitoring_pings: int | None = None
    aci_enabled: bool | None = None
    user: Annotated[str, Field(max_length=200)] | None = None
    auth: OriginalAuth | None = None
    queues: dict[str, Any] | None = None
    configuration: Annotated[list[SectionBody], Field(max_length=20)] = Field(
        default=[], description="Sections to add or change; DELETE takes one away."
    )


class RemoveQuery(Query):
    """What is removed with an environment."""

    with_data: bool = Field(
        default=False, description="Also its inventory, links, cliques, changes, scans."
    )


class EnvironmentAnswer(Answer):
    """An environment; secrets are masked."""

    id: str = Field(default="", description="Its name.")
    name: str = ""
    environment_type: str = "OpenStack"
    distribution: str = ""
    mechanism_drivers: list[str] = Field(default=[])
    type_drivers: str = ""
    configuration: list[dict[str, Any]] = Field(default=[])
    scanned: bool = False
    last_scanned: UtcTime | str | None = None


class RemovedAnswer(Answer):
    """What was removed."""

    name: str
    removed: dict[str, int] = Field(description="Documents by collection.")
