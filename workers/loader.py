"""How Celery imports our modules: from where they are installed, not from the current directory."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

from celery.loaders.app import AppLoader


class InstalledLoader(AppLoader):
    """Celery's loader puts the current directory first, where anything may be called `workers`."""

    def import_from_cwd(
        self, module: str, imp: Callable[..., Any] | None = None, package: str | None = None
    ) -> ModuleType:
        """A module by its name, as Python's own `import` finds it."""
        return importlib.import_module(module, package=package)
