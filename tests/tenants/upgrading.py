"""Releases made by hand, and the tenants that are moved between them; Odoo is a fake."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from smarter_connector import tenants
from smarter_connector.registry import ReleaseRow, TenantRow
from smarter_connector.tenants import CreateRequest, Platform, Report, releases
from smarter_domain.rut import Rut

FAKE_ODOO = Path(__file__).with_name("fake_upgrade.py")
COLUMN = "ALTER TABLE res_partner ADD COLUMN IF NOT EXISTS second_line text"
FIRST, FIRST_DATABASE = "77654321-7", "t_77654321_7"


@dataclass(frozen=True)
class Bed:
    """A platform without Odoo, in a folder for releases."""

    platform: Platform
    folder: Path

    def release(
        self, name: str, sql: str = COLUMN, *, version: str = "19.0.2.0.0", fails: bool = False
    ) -> ReleaseRow:
        """A release whose ``smarter_base`` runs ``sql`` when it is upgraded."""
        for module in ("smarter_base", "smarter_events"):
            place = self.folder / name / "addons" / module
            place.mkdir(parents=True)
            (place / "__manifest__.py").write_text(f"{{'version': '{version}'}}\n")
        base = self.folder / name / "addons" / "smarter_base"
        (base / "upgrade.sql").write_text(sql)
        if fails:
            (base / "fails").touch()
        return releases.add(self.platform, base.parent.parent, name=name, odoo_build="build-1")

    def tenant(self, number: int = 77_654_321) -> TenantRow:
        request = CreateRequest(
            rut=Rut.from_number(number).plain, name=f"Empresa {number} SpA",
            admin_email="dueno@example.cl", release="1.0",
        )  # fmt: skip
        return tenants.create(self.platform, request).tenant

    def upgrade(self, release: str, *keys: str, **options) -> Report:
        return tenants.upgrade(self.platform, keys or None, release, **options)

    def row(self, key: str = FIRST) -> TenantRow:
        return self.platform.registry.tenant(key)

    def ask(self, query: str, database: str = FIRST_DATABASE):
        """The first value that the query answers in a tenant's database."""
        with self.platform.admin(database) as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None

    def has_column(self, database: str = FIRST_DATABASE) -> bool:
        query = """SELECT count(*) FROM information_schema.columns
                   WHERE table_name = 'res_partner' AND column_name = 'second_line'"""
        return self.ask(query, database) == 1

    def left_over(self) -> list[str]:
        return [name for name in self.platform.databases.names() if name.startswith("new_")]

    def points(self) -> list[str]:
        return list(self.platform.databases.names("pre_"))


def bed(platform: Platform, folder: Path) -> Bed:
    """The platform with the fake for Odoo, which waits for nobody."""
    command = (sys.executable, str(FAKE_ODOO))
    changes = {"odoo_command": command, "drain_seconds": 0.0}
    return Bed(replace(platform, settings=platform.settings.model_copy(update=changes)), folder)


def forget(bed: Bed, known: Callable[[ReleaseRow], bool]) -> None:
    """Take the releases of a test out of the registry."""
    with bed.platform.admin(bed.platform.settings.registry_database) as admin:
        for row in bed.platform.registry.releases(retired=True):
            if not known(row):
                admin.execute("DELETE FROM registry.release WHERE name = %s", [row.name])
