"""The control address `/_control` on the API port: counters, faults, changes of the cloud.

GET  /_control            counters, faults, size of the cloud
POST /_control            {"fault": "kind:target"}, {"clear": "kind:target" or "*"},
                          {"reset_counts": true}, {"mutate": {"op": "delete_instance"}},
                          {"latency": 0.005}
"""

from __future__ import annotations

import json
from typing import Any

from .stage import Stage

Reply = tuple[int, dict[str, Any], dict[str, str]]


class Control:
    """Reads and changes the stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def handle(self, method: str, path: str, sent: bytes) -> Reply:
        """Answer a request to the control address."""
        if method == "GET":
            return 200, self._show(), {}
        try:
            order = json.loads(sent or b"{}")
            done = self._do(order)
        except (ValueError, TypeError) as error:
            return 400, {"error": str(error)}, {}
        return 200, self._show() | done, {}

    def _show(self) -> dict[str, Any]:
        stage = self.stage
        return {
            "counts": stage.counts.show(),
            "faults": stage.faults.show(),
            "struck": dict(stage.faults.struck),
            "summary": stage.cloud.summary(),
            "revision": stage.cloud.revision,
            "latency": stage.latency,
        }

    def _do(self, order: dict[str, Any]) -> dict[str, Any]:
        done: dict[str, Any] = {}
        unknown = set(order) - {"fault", "clear", "reset_counts", "mutate", "latency"}
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        if "clear" in order:
            self.stage.faults.clear(str(order["clear"]))
        if "fault" in order:
            wanted = order["fault"]
            for text in [wanted] if isinstance(wanted, str) else wanted:
                self.stage.faults.add(text)
        if order.get("reset_counts"):
            self.stage.counts.reset()
        if "latency" in order:
            self.stage.latency = float(order["latency"])
        if "mutate" in order:
            done["mutated"] = self.stage.cloud.mutate(order["mutate"])
            if self.stage.notifier is not None:
                self.stage.notifier.tell(str(order["mutate"]["op"]), done["mutated"])
        return done
