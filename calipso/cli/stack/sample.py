"""The sample cloud of `calipso demo`: its files in the data directory, and its end."""

from __future__ import annotations

import signal
from pathlib import Path

from calipso.cli.stack.process import identify
from calipso.cli.stack.rundir import read_json

#: In the command line of a sample cloud, whichever name its package was started by.
PACKAGE = "sample_cloud"
END_SECONDS = 5.0


class DemoDir:
    """The folder `demo` of a data directory. It is made only when `make` says so."""

    def __init__(self, home: Path, *, make: bool = True) -> None:
        self.path = home / "demo"
        if make:
            self.path.mkdir(exist_ok=True, mode=0o700)
        self.state = self.path / "cloud.json"
        self.log = self.path / "cloud.log"
        #: The environment that the last demo added, and one that is being added.
        self.environment = self.path / "environment.json"
        self.adding = self.path / "environment.new.json"
        self.password = self.path / "admin.password"

    def stop_cloud(self) -> bool:
        """End the sample cloud that runs; False when none does."""
        pid = read_json(self.state).get("pid")
        found = identify(int(pid)) if pid else None
        running = found is not None and PACKAGE in found.command()
        if found is not None and running:
            found.send(signal.SIGTERM)
            found.wait(END_SECONDS)
        self.state.unlink(missing_ok=True)
        return running
