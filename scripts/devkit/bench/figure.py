"""What a measurement says: one JSON line, with what it is compared to in the same run."""

from __future__ import annotations

import json
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """``value`` in ``unit``; ``target`` as the project states it; ``beside`` = peers and limits
    measured in the same run, in the same unit unless their name says otherwise."""

    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None
    beside: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, object] = field(default_factory=dict)

    def line(self) -> str:
        doc = {
            "figure": self.name,
            "value": _short(self.value),
            "unit": self.unit,
            "target": self.target,
            "met": self.met,
            "beside": {name: _short(value) for name, value in self.beside.items()},
            **self.notes,
        }
        return json.dumps(doc, ensure_ascii=False)


def emit(figure: Figure) -> None:
    print(figure.line(), flush=True)


def machine() -> str:
    """One JSON line about where the figures were taken."""
    with open("/proc/cpuinfo") as cpu:
        models = [line.split(":", 1)[1].strip() for line in cpu if line.startswith("model name")]
    doc = {
        "machine": models[0] if models else platform.machine(),
        "cores": len(models) or None,
        "python": sys.version.split()[0],
    }
    return json.dumps(doc)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` (0..1) of the sorted values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _short(value: float) -> float:
    return round(value, 3) if abs(value) < 100 else round(value)
