"""Prometheus, Alertmanager and Grafana: scrape, rules, receiver, dashboard."""

from __future__ import annotations

import json
from typing import Any

import yaml

from monitoring.setup.nagios import clean
from monitoring.setup.rendering import MARK, TOKEN

RULES: list[dict[str, Any]] = [
    {
        "alert": "CalipsoObjectError",
        "expr": "calipso_object_status == 2",
        "for": "1m",
        "labels": {"severity": "critical", "origin": "calipso"},
        "annotations": {
            "summary": "{{ $labels.type }} {{ $labels.id }} on {{ $labels.host }} fails"
        },
    },
    {
        "alert": "CalipsoObjectDegraded",
        "expr": "calipso_object_status == 1",
        "for": "5m",
        "labels": {"severity": "warning", "origin": "calipso"},
        "annotations": {"summary": "{{ $labels.type }} {{ $labels.id }} is degraded"},
    },
    {
        "alert": "CalipsoNotChecked",
        "expr": "calipso_check_age_seconds > 300",
        "for": "2m",
        "labels": {"severity": "warning", "origin": "calipso"},
        "annotations": {"summary": "a host of {{ $labels.environment }} is not checked"},
    },
]


def files(environment: str, address: str) -> dict[str, str]:
    """Return the files by their names. `address` is host and port of Calipso's API."""
    scrape = {
        "scrape_configs": [
            {
                "job_name": "calipso",
                "metrics_path": "/metrics",
                "static_configs": [{"targets": [address]}],
            }
        ]
    }
    url = f"http://{address}/api/v1/monitoring/alertmanager?env_name={environment}"
    receiver = {
        "route": {"receiver": "calipso", "repeat_interval": "4h"},
        "receivers": [
            {
                "name": "calipso",
                "webhook_configs": [
                    {
                        "url": url.replace(" ", "%20"),
                        "send_resolved": True,
                        "http_config": {"authorization": {"credentials_file": TOKEN}},
                    }
                ],
            }
        ],
    }
    name = clean(environment).replace(" ", "_")
    rules = {"groups": [{"name": f"calipso-{name}", "rules": RULES}]}
    return {
        f"/etc/prometheus/calipso-{name}.rules.yml": _yaml(rules),
        f"/etc/prometheus/calipso-{name}.scrape.yml": _yaml(scrape),
        f"/etc/prometheus/calipso-{name}.alertmanager.yml": _yaml(receiver),
        f"/etc/grafana/calipso-{name}.dashboard.json": dashboard(environment),
    }


def _yaml(value: Any) -> str:
    return f"# {MARK}\n" + yaml.safe_dump(value, sort_keys=False, width=1000)


def dashboard(environment: str) -> str:
    """Return a dashboard of Grafana: counts, what is not good, age of the checks."""
    of = f'environment="{environment}"'
    panels = [
        _panel(1, "stat", "Errors", f'sum(calipso_objects{{{of},status="error"}}) or vector(0)', 0),
        _panel(
            2, "stat", "Warnings", f'sum(calipso_objects{{{of},status="warning"}}) or vector(0)', 6
        ),
        _panel(
            3, "stat", "Unknown", f'sum(calipso_objects{{{of},status="unknown"}}) or vector(0)', 12
        ),
        _panel(4, "stat", "Oldest check, s", f"calipso_check_age_seconds{{{of}}}", 18),
        _panel(
            5, "timeseries", "By status", f"sum by (status) (calipso_objects{{{of}}})", 0, 24, 4
        ),
        _panel(6, "table", "Not OK", f"calipso_object_status{{{of}}}", 0, 24, 12),
    ]
    found = {
        "title": f"Calipso: {environment}",
        "description": MARK,
        "uid": f"calipso-{clean(environment).replace(' ', '-')}"[:40],
        "schemaVersion": 38,
        "version": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "panels": panels,
    }
    return json.dumps(found, indent=1) + "\n"


def _panel(
    number: int, kind: str, title: str, expression: str, x: int, width: int = 6, y: int = 0
) -> dict[str, Any]:
    target = {"expr": expression, "refId": "A", "instant": kind != "timeseries"}
    if kind == "table":
        target["format"] = "table"
    return {
        "id": number,
        "type": kind,
        "title": title,
        "datasource": {"type": "prometheus"},
        "gridPos": {"x": x, "y": y, "w": width, "h": 4 if kind == "stat" else 8},
        "targets": [target],
    }
