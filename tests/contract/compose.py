"""docker-compose.odoo.yml as Compose sees it: parsed, with anchors merged."""

from __future__ import annotations

from typing import Any

import yaml

from devkit.paths import REPO

FILE = REPO / "docker-compose.odoo.yml"
TEXT = FILE.read_text(encoding="utf-8")
PROJECT: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = PROJECT["services"]


def secret_names(service: dict[str, Any]) -> set[str]:
    used = service.get("secrets", [])
    return {entry if isinstance(entry, str) else entry["source"] for entry in used}
