"""Options of `calipso env add`: their names, and the field of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from calipso.cli.assignments import parse_assignment
from calipso.cli.env_input import Told

Text = str | None
Number = int | None
File = Path | None

OptionalName = Annotated[
    Text, typer.Argument(help="Name. Default: the name of the cloud, or the name in the file.")
]
FromFile = Annotated[File, typer.Option("--file", help="JSON or YAML: one environment or a list.")]
OsCloud = Annotated[
    Text, typer.Option("--os-cloud", help="Cloud of clouds.yaml [OS_CLOUD or the OS_* variables].")
]
Region = Annotated[
    Text, typer.Option(envvar="OS_REGION_NAME", help="Region, when the cloud has several.")
]
Distribution = Annotated[Text, typer.Option(help="Distribution, such as RDO, Kolla or Debian.")]
Version = Annotated[Text, typer.Option(help="Version of the distribution, such as Zed.")]
Drivers = Annotated[
    list[str] | None, typer.Option(help="OVS or LXB. Give it twice when both are in use.")
]
TypeDrivers = Annotated[Text, typer.Option(help="Type drivers, such as vxlan or vlan.")]
AuthUrl = Annotated[Text, typer.Option(help="Keystone v3 URL; or --api-host and --api-port.")]
ApiHost = Annotated[Text, typer.Option(help="Keystone address.")]
ApiPort = Annotated[Number, typer.Option(help="Keystone port [5000].")]
ApiUser = Annotated[Text, typer.Option(help="OpenStack user with the admin role.")]
ApiProject = Annotated[Text, typer.Option(help="Project the user is admin of [admin].")]
DbHost = Annotated[Text, typer.Option(help="MySQL server of the controllers.")]
DbPort = Annotated[Number, typer.Option(help="MySQL port [3306].")]
DbUser = Annotated[Text, typer.Option(help="MySQL user that may read.")]
SshHost = Annotated[Text, typer.Option(help="SSH gateway to the hosts.")]
SshPort = Annotated[Number, typer.Option(help="SSH port of the gateway [22].")]
SshUser = Annotated[Text, typer.Option(help="SSH user on gateway and hosts.")]
SshKey = Annotated[File, typer.Option(help="Private key file.")]
Direct = Annotated[
    bool,
    typer.Option("--ssh-direct", help="Connect to each host directly, not through the gateway."),
]
AcceptNew = Annotated[
    bool, typer.Option("--accept-new-hosts", help="Trust the key of a host at first contact.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="Any other field, such as OpenStack.ca_file=/etc/ca.pem or CLI.sudo=false."
    ),
]
PasswordFile = Annotated[
    File, typer.Option(help="File with the password, if all three sections have the same password.")
]
ApiPassword = Annotated[
    File,
    typer.Option(envvar="CALIPSO_API_PASSWORD_FILE", help="File with the password of OpenStack."),
]
DbPassword = Annotated[
    File, typer.Option(envvar="CALIPSO_DB_PASSWORD_FILE", help="File with the password of MySQL.")
]
SshPassword = Annotated[
    File, typer.Option(envvar="CALIPSO_SSH_PASSWORD_FILE", help="File with the password of SSH.")
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Overwrite an environment of the same name.")
]
Test = Annotated[
    bool, typer.Option("--test/--no-test", help="Test the environment after it is stored.")
]

#: Option -> field of the environment.
FIELDS = {
    "distribution": "distribution",
    "distribution_version": "distribution_version",
    "mechanism_driver": "mechanism_drivers",
    "type_drivers": "type_drivers",
}
#: Option -> section and field.
SECTION_FIELDS = {
    "auth_url": ("OpenStack", "auth_url"),
    "api_host": ("OpenStack", "host"),
    "api_port": ("OpenStack", "port"),
    "api_user": ("OpenStack", "user"),
    "api_project": ("OpenStack", "admin_project"),
    "db_host": ("mysql", "host"),
    "db_port": ("mysql", "port"),
    "db_user": ("mysql", "user"),
    "ssh_host": ("CLI", "host"),
    "ssh_port": ("CLI", "port"),
    "ssh_user": ("CLI", "user"),
    "ssh_key": ("CLI", "key"),
    "ssh_direct": ("CLI", "direct"),
    "accept_new_hosts": ("CLI", "accept_new_hosts"),
}
PASSWORD_FILES = {
    "OpenStack": "api_password_file",
    "mysql": "db_password_file",
    "CLI": "ssh_password_file",
}


def told(options: Mapping[str, Any]) -> Told:
    """The values of the options of one command line."""
    found = Told(
        name=options["name"],
        file=options["file"],
        os_cloud=options["os_cloud"],
        region=options["region"] or "",
        fields={field: options[key] for key, field in FIELDS.items() if options[key]},
        password_file=options["password_file"],
        password_files={name: options[key] for name, key in PASSWORD_FILES.items()},
    )
    for key, (section, field) in SECTION_FIELDS.items():
        value = options[key]
        if value not in (None, False):
            given = str(value.expanduser().absolute()) if isinstance(value, Path) else value
            found.sections.setdefault(section, {})[field] = given
    for text in options["set_"] or []:
        one = parse_assignment(text, "--set")
        place = found.sections.setdefault(one.section, {}) if one.section else found.fields
        place[one.field] = one.value
    return found
