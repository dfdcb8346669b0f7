"""What a generated cloud is made from: the flags of the command line."""

from __future__ import annotations

from dataclasses import dataclass

MECHANISMS = ("ovs", "lxb", "mixed")
MESHES = ("sparse", "full")
TYPE_DRIVERS = ("vxlan", "vlan", "flat")


@dataclass(frozen=True)
class CloudParams:
    """Size and kind of a generated cloud; the same parameters give the same cloud."""

    hosts: int = 5
    instances: int = 10
    networks: int = 6
    projects: int = 0  # 0: one for each ten networks, at least two
    ports_extra: int = -1  # ports bound to nothing; -1: one for each seven instances
    seed: int = 1
    mechanism: str = "mixed"
    type_drivers: tuple[str, ...] = TYPE_DRIVERS
    mesh: str = "sparse"  # or full: every host has a tunnel to every other
    troubles: bool = False  # plant faults to be found
    direct: bool = False  # hosts have loopback addresses of their own

    def __post_init__(self) -> None:
        if self.hosts < 1 or self.networks < 1 or self.instances < 0:
            raise ValueError("a cloud needs at least one host and one network")
        if self.mechanism not in MECHANISMS:
            raise ValueError(f"mechanism {self.mechanism}: one of {', '.join(MECHANISMS)}")
        if self.mesh not in MESHES:
            raise ValueError(f"mesh {self.mesh}: one of {', '.join(MESHES)}")
        unknown = set(self.type_drivers) - set(TYPE_DRIVERS)
        if unknown or not self.type_drivers:
            raise ValueError(f"type drivers: some of {', '.join(TYPE_DRIVERS)}")

    @property
    def project_count(self) -> int:
        return self.projects or max(2, self.networks // 10)

    @property
    def extra_port_count(self) -> int:
        return self.ports_extra if self.ports_extra >= 0 else -(-self.instances // 7)
