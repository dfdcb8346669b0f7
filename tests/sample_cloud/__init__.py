"""The sample cloud: a recorded or generated OpenStack behind its real protocols, on loopback."""

from .running import RunningCloud, running_cloud

__all__ = ["RunningCloud", "running_cloud"]
