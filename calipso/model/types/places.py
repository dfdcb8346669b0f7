"""Types that say where things are and whose they are: regions, zones, aggregates, projects."""

from __future__ import annotations

from calipso.model.types.base import Field, ObjectType, Open

CATALOGUE = "Keystone `GET /v3/auth/catalog`"
PROJECTS = "Keystone `GET /v3/projects`"
ZONES = "Nova `GET /os-availability-zone/detail`, `GET /os-services`"
AGGREGATES = "Nova API tables `aggregates`, `aggregate_metadata`"

REGION = ObjectType(
    name="region",
    singular="region",
    plural="regions",
    meaning="A region of the Keystone catalogue.",
    identity="Region id, `No-Region` when the catalogue has none",
    parents=("regions_folder",),
    icon="globe",
    fields=(
        Field(
            "endpoints",
            "Service name → `publicURL`, `internalURL`, `adminURL`, `service_type`, `id`.",
            CATALOGUE,
        ),
    ),
    notes="An environment that names a `region` has only that one.",
)

PROJECT = ObjectType(
    name="project",
    singular="project",
    plural="projects",
    meaning="A Keystone project, of any domain; the service project too (it owns ports).",
    identity="Keystone project id",
    parents=("projects_folder",),
    icon="briefcase",
    fields=(
        Field("description", "Text of an operator.", PROJECTS),
        Field("enabled", "False: nobody can log in to it.", PROJECTS, column=True),
        Field("domain_id", "Its domain.", PROJECTS, column=True),
        Field("parent_project_id", "The project or domain above it.", PROJECTS),
        Field("is_domain", "True: it acts as a domain.", PROJECTS),
        Field("options", "Options of the resource.", PROJECTS),
        Field("tags", "Its tags.", PROJECTS),
    ),
    open=(Open("Other fields of Keystone's project.", PROJECTS),),
)

AVAILABILITY_ZONE = ObjectType(
    name="availability_zone",
    singular="availability zone",
    plural="availability zones",
    meaning="An availability zone of Nova.",
    identity="Zone name (with several regions, `<region>-<zone>`)",
    parents=("availability_zones_folder",),
    icon="layers",
    fields=(
        Field("available", "False: Nova gives it no instances.", ZONES, column=True),
        Field("hosts", "Names of its hosts; `services` of a host says what runs there.", ZONES),
    ),
    notes="The zone `internal`, which holds hosts without `nova-compute`, is one of them.",
)

AGGREGATE = ObjectType(
    name="aggregate",
    singular="host aggregate",
    plural="host aggregates",
    meaning="A group of hosts that Nova's scheduler knows.",
    identity="Number of the aggregate",
    parents=("aggregates_folder",),
    icon="group",
    fields=(
        Field("uuid", "Its UUID.", AGGREGATES),
        Field("metadata", "Its metadata: key → value.", AGGREGATES),
        Field("availability_zone", "The zone that it makes, if any.", AGGREGATES, column=True),
    ),
)

HOST_REF = ObjectType(
    name="host_ref",
    singular="host in an aggregate",
    plural="hosts in aggregates",
    meaning="The membership of a host in an aggregate.",
    identity="`aggregate-<aggregate name>-<host>`",
    parents=("aggregate",),
    icon="reference",
    fields=(
        Field(
            "ref_id",
            "`_id` of the host, when the host is in the inventory.",
            "Nova API table `aggregate_hosts`",
        ),
    ),
)

NAMESPACE = ObjectType(
    name="namespace",
    singular="Kubernetes namespace",
    plural="Kubernetes namespaces",
    meaning="A namespace of Kubernetes.",
    identity="UID of the namespace",
    parents=("namespaces_folder",),
    icon="box",
    planned="Kubernetes is not read yet.",
)

TYPES = (REGION, PROJECT, AVAILABILITY_ZONE, AGGREGATE, HOST_REF, NAMESPACE)
