"""`/supported_environments`: what can be scanned, listened to, monitored."""

from __future__ import annotations

from flask_restx import Namespace, Resource
from pydantic import BaseModel, Field

from calipso.api.auth.caller import Caller
from calipso.api.operation import listing
from calipso.api.paging import PageQuery, page_of
from calipso.api.replies import Page
from calipso.api.schemas import Answer
from calipso.probe.supported import supported_environments

ns = Namespace(
    "supported_environments",
    description="Features by kind of environment.",
    path="/supported_environments",
)

EXAMPLE = {
    "id": "Kolla OVS",
    "environment": {
        "environment_type": "OpenStack",
        "distribution": "Kolla",
        "distribution_version": [],
        "mechanism_drivers": "OVS",
        "type_drivers": ["vlan", "vxlan"],
    },
    "features": {"scanning": True, "listening": False, "monitoring": False},
}


class SupportedQuery(PageQuery):
    """Filters of the list."""

    distribution: str | None = Field(default=None, description="Of this distribution.")
    mechanism_drivers: str | None = Field(default=None, description="With this driver.")


class SupportedKind(BaseModel):
    """A kind of environment."""

    environment_type: str
    distribution: str
    distribution_version: list[str] = Field(description="Empty: any version.")
    mechanism_drivers: str
    type_drivers: list[str]


class Features(BaseModel):
    """Which features are supported."""

    scanning: bool
    listening: bool
    monitoring: bool


class SupportedAnswer(Answer):
    """A kind of environment, and what is supported of it."""

    id: str = ""
    environment: SupportedKind | None = None
    features: Features | None = None


@ns.route("")
class SupportedEnvironments(Resource):  # type: ignore[misc]
    """All of them."""

    @listing(SupportedAnswer, SupportedQuery, EXAMPLE)
    def get(self, caller: Caller, query: SupportedQuery) -> Page:
        """Kinds of environments by distribution and mechanism driver.

        An environment with several mechanism drivers is supported when one of them is.
        """
        wanted = {
            "distribution": query.distribution,
            "mechanism_drivers": query.mechanism_drivers,
        }
        found = [
            item
            for item in supported_environments()
            if all(value in (None, item["environment"][name]) for name, value in wanted.items())
        ]
        return page_of(found, query, order=("id",))
