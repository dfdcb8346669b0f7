"""A host's wiring as one graph: devices of all its namespaces, switches, hardware, guests. Pure.

    facts.py   what is known of a host, as the parsers give it
    nodes.py   nodes, edges and the graph; an edge exists because a source says so
    build.py   facts -> graph (kernel; `ovs.py` Open vSwitch; `hardware.py` NICs and functions;
               `guests.py` guests' interfaces)
    nics.py    which devices are NICs
    vlans.py   VLAN tags on the way through ports and VLAN devices
    walk.py    the ways out of the host, from a switch, a bridge or a device (`ways.py`: results)
    routes.py  the ways of an address that lies on a device that leads nowhere
    joins.py   which Neutron port an interface of a guest is

The walk is explained in docs/wiring.md.
"""

from calipso.topology.wiring.build import build
from calipso.topology.wiring.facts import HostFacts
from calipso.topology.wiring.nodes import Edge, Kind, Node, Relation, Wiring
from calipso.topology.wiring.walk import ways_of_bridge, ways_of_device
from calipso.topology.wiring.ways import End, Way, Ways

__all__ = [
    "Edge",
    "End",
    "HostFacts",
    "Kind",
    "Node",
    "Relation",
    "Way",
    "Ways",
    "Wiring",
    "build",
    "ways_of_bridge",
    "ways_of_device",
]
