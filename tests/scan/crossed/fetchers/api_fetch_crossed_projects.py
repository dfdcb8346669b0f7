"""Projects."""

from __future__ import annotations

from tests.scan.crossed.fetchers import Listed


class ApiFetchCrossedProjects(Listed):
    """Projects."""

    listing = "projects"
    item_type = "project"
