"""What the warehouse's database and roles are called; tests use names of their own."""

from __future__ import annotations

from dataclasses import dataclass

from smarter_domain.rut import Rut


@dataclass(frozen=True, slots=True)
class Names:
    """``owner`` and ``readers`` (a group) cannot log in; ``prefix`` begins each tenant's reader."""

    database: str = "smarteros_kpi"
    owner: str = "kpi_owner"
    writer: str = "kpi_writer"
    readers: str = "kpi_readers"
    prefix: str = "kpi_"

    def reader(self, rut: Rut) -> str:
        """``kpi_77654321_7``: the read-only login of the tenant with this principal RUT."""
        return f"{self.prefix}{rut.number}_{rut.dv.lower()}"
