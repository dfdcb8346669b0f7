"""What one run of the benchmark found, and its JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

#: Raised when a field changes its meaning: results of another number are not compared.
FORMAT = 1

FIRST, AGAIN = "first", "again"

#: Tunnels lead to the hosts that share a network.
SPARSE = "sparse"

#: Share of the machine other programs may use before wall times say little.
BUSY = 0.1


class Cloud:
    """Which of the generated clouds was measured."""

    hosts: int
    instances: int
    mesh: str

    @property
    def cloud(self) -> tuple[int, int, str]:
        """What distinguishes one cloud from another."""
        return (self.hosts, self.instances, self.mesh)

    @property
    def label(self) -> str:
        """The number of hosts, `meshed` where each has a tunnel to each other."""
        return str(self.hosts) if self.mesh == SPARSE else f"{self.hosts} meshed"


@dataclass
class Scan(Cloud):
    """One scan of one generated cloud."""

    hosts: int
    instances: int
    scan: str
    #: As the scan record has it, or `over time`.
    status: str
    #: Seconds from the request to the end, and of each stage as seen ten times a second.
    wall: float = 0.0
    stages: dict[str, float] = field(default_factory=dict)
    #: Inventory objects without folders; links; cliques; change documents; tasks of the engine.
    objects: int = 0
    links: int = 0
    cliques: int = 0
    changes: int = 0
    tasks: int = 0
    #: Tasks that were tried more than once: none in a clean measurement.
    repeated: int = 0
    #: What the cloud was asked, counted by the cloud.
    asked: dict[str, float] = field(default_factory=dict)
    #: CPU seconds by process; `pool` is the graph worker's children, `others` is not ours.
    cpu: dict[str, float] = field(default_factory=dict)
    #: Peak megabytes of each process; `pool` children are `pool 1`, `pool 2`, ...
    peak: dict[str, float] = field(default_factory=dict)
    redis_peak: float = 0.0
    #: Peak megabytes of MongoDB by stage of the scan.
    mongo_stages: dict[str, float] = field(default_factory=dict)
    mesh: str = SPARSE

    @property
    def key(self) -> str:
        """What two results have in common."""
        return f"{self.label} hosts, {self.instances} instances, {self.scan}"

    @property
    def ms_per_object(self) -> float:
        """Milliseconds of wall time per inventory object."""
        return 1000 * self.wall / self.objects if self.objects else 0.0

    @property
    def our_cpu(self) -> float:
        """CPU seconds of Calipso and its stores: not of the cloud, the bench or others."""
        return sum(v for k, v in self.cpu.items() if k not in ("cloud", "bench", "others"))

    def taken(self, cores: int) -> float:
        """Share of the machine that other programs used meanwhile."""
        return self.cpu.get("others", 0.0) / (self.wall * cores) if self.wall else 0.0

    def disturbed(self, cores: int) -> bool:
        """True when that was so much that wall times say little."""
        return self.taken(cores) > BUSY


@dataclass
class Floor(Cloud):
    """Plain upserts of what a scan stored, into collections like those of the scan."""

    hosts: int
    instances: int
    documents: int
    megabytes: float
    #: The largest single document, in kilobytes.
    largest_kb: float
    #: Median wall seconds and the seconds of each repetition.
    seconds: float
    runs: list[float]
    #: CPU seconds of one repetition: client and MongoDB.
    cpu: float
    #: The same with inserts instead of upserts.
    insert_seconds: float
    insert_cpu: float
    mesh: str = SPARSE


@dataclass
class Part:
    """One pytest-benchmark case."""

    name: str
    #: Median CPU seconds of one round, what it works on, and how many of these.
    seconds: float
    unit: str
    count: int


@dataclass
class Result:
    """Everything one run found."""

    when: str
    machine: dict[str, Any]
    options: dict[str, Any]
    scans: list[Scan] = field(default_factory=list)
    floors: list[Floor] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    @property
    def cores(self) -> int:
        """Cores of the machine."""
        return int(self.machine.get("cores", 1))

    def floor_of(self, scan: Scan) -> Floor | None:
        """The floor of the cloud of a scan."""
        return next((floor for floor in self.floors if floor.cloud == scan.cloud), None)

    def over_floor(self, scan: Scan) -> float | None:
        """Wall time of a scan by that of its floor."""
        floor = self.floor_of(scan)
        return scan.wall / floor.seconds if floor and floor.seconds and scan.wall else None

    def over_inserts(self, scan: Scan) -> float | None:
        """Wall time of a scan by that of plain inserts."""
        floor = self.floor_of(scan)
        return scan.wall / floor.insert_seconds if floor and floor.insert_seconds else None

    def over_inserts_cpu(self, scan: Scan) -> float | None:
        """The same by CPU time."""
        floor = self.floor_of(scan)
        return scan.our_cpu / floor.insert_cpu if floor and floor.insert_cpu else None

    def over_floor_cpu(self, scan: Scan) -> float | None:
        """The same by CPU time."""
        floor = self.floor_of(scan)
        return scan.our_cpu / floor.cpu if floor and floor.cpu and scan.our_cpu else None

    def add_sizes(self, earlier: Result) -> None:
        """Take over what was not measured here: scans and floors of other sizes, and parts."""
        measured = {scan.cloud for scan in self.scans}
        self.scans += [scan for scan in earlier.scans if scan.cloud not in measured]
        floors = {floor.cloud for floor in self.floors}
        self.floors += [floor for floor in earlier.floors if floor.cloud not in floors]
        self.scans.sort(key=_by_size)
        self.floors.sort(key=_by_size)
        self.parts = self.parts or earlier.parts

    def write(self, path: Path) -> None:
        """Store as JSON."""
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=1)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")


def _by_size(one: Cloud) -> tuple[bool, int, int]:
    return (one.mesh != SPARSE, one.hosts, one.instances)


def read_result(path: Path) -> Result:
    """A stored result. Raises ValueError for a file of another format, OSError for none."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if found.pop("format", None) != FORMAT:
        raise ValueError(f"{path}: not a benchmark result of format {FORMAT}")
    found["scans"] = [Scan(**item) for item in found["scans"]]
    found["floors"] = [Floor(**item) for item in found["floors"]]
    found["parts"] = [Part(**item) for item in found["parts"]]
    return Result(**found)
