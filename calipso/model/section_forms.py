"""Forms of the sections of an environment: each field with its kind, for who fills them in.

Made of the models of the sections, so that a new field is in the form by itself; the sentences are
here, and a test asks for one of each field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from calipso.model.environment import NEEDED
from calipso.model.section_base import is_path_key, is_secret_key
from calipso.model.sections import OTHER_KEYS, SECTIONS, OtherSection

FieldKind = Literal["text", "number", "boolean", "choice", "secret", "path", "json"]

#: What a section is for, in the order in which people fill them in.
ABOUT = {
    "OpenStack": "The OpenStack API: the address of Keystone and a login with the admin role.",
    "mysql": "The database of the controllers; Calipso only reads it.",
    "CLI": "SSH: the gateway to the hosts, and the account on it and on each host.",
    "OVN": "The databases of OVN; empty: asked by SSH on a controller.",
    "AMQP": "The message bus, for notifications of the cloud.",
    "ACI": "Controllers of a Cisco ACI fabric.",
    "Monitoring": "The monitoring server of the original.",
    "NFV_provider": "A provider of virtual network functions.",
    "Kubernetes": "The API of a Kubernetes cluster.",
}

_HOST = "Host name or IP address."
_USER = "Name of the account."
_TLS = "Encrypt the connection."
_CA = "File of CA certificates on the workers; empty: those of the system."

#: What a field means: by section and name, otherwise by name.
MEANING = {
    "OpenStack.auth_url": "URL of Keystone, for example https://keystone.example.org:5000/v3.",
    "OpenStack.host": "Host of Keystone, instead of the URL.",
    "OpenStack.port": "Port of Keystone, with host.",
    "OpenStack.use_tls": "https, with host.",
    "OpenStack.auth_type": "How to log in.",
    "OpenStack.user": "Name of the user, for v3password.",
    "OpenStack.pwd": "Password of the user, for v3password.",
    "OpenStack.token": "For v3token.",
    "OpenStack.user_id": "Id of the user, instead of the name.",
    "OpenStack.admin_project": "Project in which the user has the admin role.",
    "OpenStack.project_id": "Id of the project, instead of the name.",
    "OpenStack.application_credential_id": "For v3applicationcredential.",
    "OpenStack.application_credential_name": "Instead of the id; it needs a user.",
    "OpenStack.application_credential_secret": "For v3applicationcredential.",
    "OpenStack.user_domain": "Domain of the user, by name.",
    "OpenStack.user_domain_id": "Domain of the user, by id.",
    "OpenStack.project_domain": "Domain of the project, by name.",
    "OpenStack.project_domain_id": "Domain of the project, by id.",
    "OpenStack.region": "Only this region; empty: all.",
    "OpenStack.interface": "Endpoints of the catalogue that Calipso uses.",
    "OpenStack.insecure": "Do not check certificates.",
    "OpenStack.cert_file": "File of a client certificate on the workers.",
    "OpenStack.cert_key_file": "File of its key.",
    "OpenStack.endpoint_host": "Replaces the host in each URL of the catalogue.",
    "OpenStack.admin_token": "From documents of the original; not used.",
    "mysql.schema": "Name of a schema to begin with; Calipso finds the others.",
    "mysql.connect_timeout": "Seconds.",
    "mysql.cells": "Cells whose database is reached in another way, by name.",
    "CLI.host": "The gateway: a host that reaches all other hosts by SSH.",
    "CLI.key": "File of the private key on the workers, instead of a password.",
    "CLI.direct": "Connect to each host without the gateway.",
    "CLI.host_port": "Port of SSH on the hosts.",
    "CLI.sudo": "Use sudo when the account is not root.",
    "CLI.known_hosts": "File of host keys on the workers; empty: one in the data directory.",
    "CLI.accept_new_hosts": "Trust the key of a host at the first contact.",
    "CLI.hosts": "Hosts that are reached in another way, by name.",
    "OVN.hosts": "Hosts that have the databases, in the order in which they are asked by SSH.",
    "OVN.command_prefix": "Before each command there, for example docker exec ovn_nb_db.",
    "OVN.nb_socket": "Socket of the northbound database there.",
    "OVN.sb_socket": "Socket of the southbound database there.",
    "OVN.nb_connection": "Northbound database by network, such as ssl:192.0.2.11:6641.",
    "OVN.sb_connection": "Southbound database by network, such as ssl:192.0.2.11:6642.",
    "OVN.cert_file": "File of a client certificate on the workers.",
    "OVN.key_file": "File of its key.",
    "OVN.insecure": "Do not check the certificate of the server.",
    "OVN.timeout": "Seconds for one command or request.",
    "AMQP.vhost": "Virtual host on the bus.",
    "AMQP.failover": "Other servers of the same cluster, tried in turn: a list.",
    "AMQP.heartbeat": "Seconds between two signs of life.",
    "AMQP.exchanges": "Exchanges of the services; empty: those of events.json. A list.",
    "AMQP.topics": "First words of the routing keys: a list.",
    "AMQP.more": "Further brokers by name, each with the fields that differ.",
    "ACI.insecure": "Do not check certificates.",
    "Kubernetes.token": "Token of the account.",
    "NFV_provider.nfv_token": "Token of the provider.",
    "Monitoring.type": "Kind of the server, for example Sensu.",
    "Monitoring.server_ip": "Address of the server.",
    "Monitoring.server_name": "Name of the server.",
    "Monitoring.rabbitmq_port": "Port of its message bus.",
    "Monitoring.rabbitmq_user": "Account on its message bus.",
    "Monitoring.rabbitmq_pass": "Password on its message bus.",
    "Monitoring.api_port": "Port of its API.",
    "Monitoring.config_folder": "Folder of its configuration.",
    "Monitoring.env_type": "Kind of this environment, for example production.",
    "Monitoring.provision": "How its configuration is installed.",
    "Monitoring.ssh_port": "Port of SSH on the server.",
    "Monitoring.ssh_user": "Account on the server.",
    "Monitoring.ssh_password": "Password of that account.",
    "Monitoring.install_monitoring_client": "Install the client on the hosts.",
    "host": _HOST,
    "port": "TCP port of the service.",
    "user": _USER,
    "pwd": "Its password.",
    "use_tls": _TLS,
    "ca_file": _CA,
}
_BOOLEAN = frozenset({"use_tls", "insecure", "install_monitoring_client"})
_JSON = frozenset({"failover", "exchanges", "topics", "more"})
#: Fields that almost everybody fills in, beside those that are required.
COMMON = {
    "OpenStack": ("auth_url", "auth_type", "user", "pwd", "admin_project"),
    "mysql": ("host", "port", "user", "pwd"),
    "CLI": ("host", "port", "user", "pwd", "key", "accept_new_hosts"),
    "OVN": ("hosts", "command_prefix"),
    "ACI": ("host", "port", "user", "pwd"),
}


@dataclass(frozen=True)
class FormField:
    """A field: `common` is false for what few people need; `default` is empty where none is."""

    name: str
    kind: FieldKind
    about: str
    required: bool
    common: bool
    default: Any
    choices: tuple[str, ...]


@dataclass(frozen=True)
class SectionForm:
    """A section: `needed` is true when an environment of OpenStack must have it."""

    name: str
    about: str
    needed: bool
    fields: tuple[FormField, ...]


def section_forms() -> list[SectionForm]:
    """The forms of all sections whose fields are known, those that are needed first."""
    return [
        SectionForm(name, about, name in NEEDED["OpenStack"], tuple(_fields(name)))
        for name, about in ABOUT.items()
    ]


def _fields(section: str) -> list[FormField]:
    model = SECTIONS[section]
    if issubclass(model, OtherSection):
        required, optional = OTHER_KEYS[section]
        names = sorted(required | optional, key=lambda name: (name in optional, _order(name)))
        return [_other(section, name, required=name in required) for name in names]
    found = [_modelled(section, field, info) for field, info in model.model_fields.items()]
    common = COMMON[section]
    known = [item for item in found if item.name != "name"]
    return sorted(known, key=lambda item: common.index(item.name) if item.name in common else 99)


def _order(name: str) -> tuple[int, str]:
    known = ("host", "server_ip", "port", "user", "pwd")
    return (known.index(name) if name in known else len(known), name)


def _other(section: str, name: str, *, required: bool) -> FormField:
    kind: FieldKind = "boolean" if name in _BOOLEAN else _text_kind(name)
    if name in _JSON:
        kind = "json"
    elif name.endswith("port") or name == "heartbeat":
        kind = "number"
    return FormField(name, kind, meaning(section, name), required, required, "", ())


def _modelled(section: str, field: str, info: FieldInfo) -> FormField:
    name = info.alias or field
    kind, choices = _kind(name, info.annotation)
    default = "" if info.is_required() or kind == "json" else info.default
    common = info.is_required() or name in COMMON[section]
    about = meaning(section, name)
    return FormField(name, kind, about, info.is_required(), common, default, choices)


def _kind(name: str, annotation: Any) -> tuple[FieldKind, tuple[str, ...]]:
    if get_origin(annotation) is Literal:
        return "choice", tuple(get_args(annotation))
    if annotation is bool:
        return "boolean", ()
    if annotation in (int, float):
        return "number", ()
    if get_origin(annotation) in (dict, list) or (
        isinstance(annotation, type) and issubclass(annotation, BaseModel)
    ):
        return "json", ()
    return _text_kind(name), ()


def _text_kind(name: str) -> FieldKind:
    if is_secret_key(name):
        return "secret"
    return "path" if is_path_key(name) else "text"


def meaning(section: str, name: str) -> str:
    """The sentence of a field; empty where there is none."""
    return MEANING.get(f"{section}.{name}") or MEANING.get(name, "")
