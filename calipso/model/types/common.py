"""Fields of every object, and fields that several types have."""

from __future__ import annotations

from calipso.model.types.base import AGENT_COUNTERS, Field, Open, Search

_ENGINE = "the engine"

#: Fields of every object. The engine sets them; a fetcher may give `name`, `host` and the parent.
COMMON = (
    Field("_id", "Derived from `environment`, `type` and `id`.", _ENGINE),
    Field("environment", "Name of the environment.", _ENGINE, example="prod"),
    Field("type", "Object type.", _ENGINE),
    Field(
        "id",
        "Unique with `environment` and `type`.",
        "the fetcher",
        search=Search.WORD,
        example="compute-1-tap8a0382a0-5b",
    ),
    Field(
        "name",
        "Name as shown.",
        "the fetcher",
        search=Search.WORD,
        example="tap8a0382a0-5b",
    ),
    Field(
        "object_name",
        "The name without the parts that its parents show.",
        "the fetcher, otherwise `name`",
        search=Search.WORD,
        example="tap8a0382a0-5b",
    ),
    Field(
        "host",
        "Id of the host it lives on.",
        "the fetcher, otherwise the parent",
        example="compute-1",
    ),
    Field("parent_id", "Id of the parent in the tree.", _ENGINE, example="2f0c1a7e-vnics"),
    Field("parent_type", "Type of the parent in the tree.", _ENGINE, example="vnics_folder"),
    Field("parent_text", "Name of the folder it made for itself.", "the fetcher"),
    Field(
        "id_path",
        "Ids from the environment down, joined by `/`.",
        _ENGINE,
        example="/prod/prod-regions/RegionOne/.../2f0c1a7e-vnics/compute-1-tap8a0382a0-5b",
    ),
    Field(
        "name_path",
        "Names from the environment down, joined by `/`.",
        _ENGINE,
        example="/prod/Regions/RegionOne/.../vNICs/tap8a0382a0-5b",
    ),
    Field("projects", "Names of the projects it belongs to.", "the fetcher"),
    Field("show_in_tree", "False: the tree leaves it out.", "the fetcher", example=True),
    Field(
        "fetched_by",
        "Which fetch found it: `scanner`, `fetcher`, `source` (`api`, `db`, `cli`, `folder`) and "
        "the parent it was asked for.",
        _ENGINE,
        example={"scanner": "ScanInstances", "fetcher": "CliFetchInstanceVnics", "source": "cli"},
    ),
    Field("scan_id", "The scan that saw it last.", _ENGINE, example="6563a1f0c2d4e8b1a2c3d4e5"),
    Field(
        "last_scanned",
        "When a scan saw it last.",
        _ENGINE,
        unit="time, UTC",
        example="2026-05-04T03:00:09Z",
    ),
    Field(
        "generation", "Number of the scan that wrote it: an older scan overwrites nothing.", _ENGINE
    ),
    Field("enriched", "Names of fields that a second fetch added.", _ENGINE),
    Field(
        "stale_since",
        "Time since when no scan could read it again.",
        _ENGINE,
        unit="time, UTC",
    ),
    Field("clique", "True: it is the focal point of a clique.", _ENGINE),
    Field(
        "problems",
        "Its problems: a list of `code`, `message`, `hint`, `since`, `found_by`; see "
        "[problems.md](problems.md).",
        _ENGINE,
    ),
    Field("monitoring", "Results of monitoring; scans do not change it.", "monitoring"),
    Field("notes", "Notes that people wrote; scans do not change it.", "people"),
)

LINKS = "`ip -d -j addr` on the host"


def state(source: str = LINKS) -> Field:
    """Whether a device works."""
    meaning = "`up`, `down` or `unknown`, as the system reports it."
    return Field("state", meaning, source, column=True, example="up")


def admin_state(source: str = LINKS) -> Field:
    """The state that somebody wants for a device."""
    return Field("admin_state", "`up` or `down`: the wanted state.", source)


def mtu(source: str = LINKS) -> Field:
    """Size of a packet."""
    return Field("mtu", "Largest packet.", source, unit="bytes")


def mac(meaning: str = "Its MAC address, in lower case.", source: str = LINKS) -> Field:
    """A MAC address."""
    return Field(
        "mac_address",
        meaning,
        source,
        search=Search.MAC,
        column=True,
        example="fa:16:3e:0a:5b:01",
    )


def addresses(meaning: str = "All its IP addresses, with prefix length.") -> Field:
    """IP addresses of a device."""
    return Field("addresses", meaning, LINKS, search=Search.ADDRESS)


def first_addresses() -> tuple[Field, Field]:
    """The names under which the original model has the first address of each family."""
    return (
        Field("IP Address", "Its first IPv4 address.", LINKS, search=Search.ADDRESS),
        Field("IPv6 Address", "Its first IPv6 address.", LINKS, search=Search.ADDRESS),
    )


def networks(meaning: str, source: str = "the Neutron port of the device") -> Field:
    """The networks whose traffic a device carries."""
    return Field("network", meaning, source)


#: The databases of OVN: what the cloud wants, and where it is.
NORTHBOUND, SOUTHBOUND = "OVN's northbound database", "OVN's southbound database"

#: Columns of Neutron's table `agents`; `configurations` as a map.
AGENTS = "Neutron table `agents`"
AGENT = (
    Field("agent_type", "Kind of agent, such as `L3 agent`.", AGENTS, column=True),
    Field("binary", "Name of its program.", AGENTS, column=True),
    Field("topic", "Topic of its messages.", AGENTS),
    Field("admin_state_up", "False: somebody switched the agent off.", AGENTS),
    Field("availability_zone", "Availability zone of the agent.", AGENTS),
    Field("description", "Text of an operator.", AGENTS),
    Field("created_at", "When the agent first reported.", AGENTS, unit="time, UTC"),
    Field("started_at", "When the agent last started.", AGENTS, unit="time, UTC", volatile=True),
    Field("heartbeat_timestamp", "Its last report.", AGENTS, unit="time, UTC", volatile=True),
    Field("load", "Load that the agent reports.", AGENTS, volatile=True),
    Field(
        "configurations",
        "What the agent reports of its configuration, and counters of its work.",
        AGENTS,
        volatile=AGENT_COUNTERS,
    ),
)

#: Columns that later releases of Neutron add to the table.
AGENT_OPEN = Open("Other columns of `agents`.", AGENTS)
