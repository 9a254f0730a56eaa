"""What the catalogue knows of a type of event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
"""A JSON Schema, draft 2020-12."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """A type of event.

    ``model`` the Odoo model whose record is described, ``aggregate_model`` the model of the lane;
    both ``None`` when any model may be meant. ``module`` the Odoo module that brings the model:
    without it the type is dormant. ``warehouse``: the KPI warehouse keeps it. ``summary`` is one
    English line, ``when`` says in Spanish when it fires, ``example`` is a valid ``data``.
    """

    name: str
    model: str | None
    aggregate_model: str | None
    summary: str
    when: str
    schema: Schema
    example: Mapping[str, Any]
    module: str
    warehouse: bool = False
    schema_version: int = 1

    def __hash__(self) -> int:
        return hash((self.name, self.schema_version))
