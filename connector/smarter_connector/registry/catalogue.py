"""What tenants are made from and kept in: releases, templates, backups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from psycopg import sql
from psycopg.rows import class_row

from smarter_connector.registry.access import Access, as_json, assignments
from smarter_connector.registry.errors import InvalidRequest
from smarter_connector.registry.rows import BackupRow, ReleaseRow, TemplateRow

Row = TypeVar("Row", ReleaseRow, TemplateRow, BackupRow)

_RELEASE = frozenset(("path", "odoo_build", "modules", "pool", "retired_at"))
_TEMPLATE = frozenset(("release", "modules", "digest", "state", "used_at"))
_BACKUP = frozenset(("path", "bytes", "sha256", "verified_at", "kept_until"))


class Catalogue(Access):
    """The part of the registry that holds releases, templates and backups."""

    # Releases

    def add_release(
        self,
        name: str,
        path: str,
        *,
        odoo_build: str = "",
        modules: Mapping[str, Mapping[str, str]] | None = None,
        pool: str = "",
    ) -> ReleaseRow:
        """Enter a release, or bring the one of this name up to date; a retired one comes back."""
        query = (
            "INSERT INTO registry.release (name, path, odoo_build, modules, pool)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (name) DO UPDATE SET path = excluded.path,"
            " odoo_build = excluded.odoo_build, modules = excluded.modules, pool = excluded.pool,"
            " retired_at = NULL RETURNING *"
        )
        values = [name, path, odoo_build, as_json(modules or {}), pool]
        return self._rows(ReleaseRow, query, values)[0]

    def release(self, name: str) -> ReleaseRow:
        """Raises :class:`InvalidRequest` when it is not known."""
        found = self._rows(ReleaseRow, "SELECT * FROM registry.release WHERE name = %s", [name])
        if not found:
            raise InvalidRequest(f"no release {ascii(name)[:80]}")
        return found[0]

    def releases(self, *, retired: bool = False) -> list[ReleaseRow]:
        """Releases in use, oldest first; with ``retired`` all of them."""
        query = (
            "SELECT * FROM registry.release WHERE %s OR retired_at IS NULL"
            " ORDER BY created_at, name"
        )
        return self._rows(ReleaseRow, query, [retired])

    def update_release(self, name: str, **columns: Any) -> ReleaseRow:
        return self._update(ReleaseRow, "release", "name", name, columns, _RELEASE)

    # Templates

    def add_template(
        self,
        database: str,
        *,
        module_set: str,
        modules: Sequence[str],
        digest: str,
        release: str = "",
        state: str = "building",
    ) -> TemplateRow:
        """Enter a template, or begin the one of this name anew."""
        query = (
            "INSERT INTO registry.template (database, release, module_set, modules, digest, state)"
            " VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (database) DO UPDATE SET"
            " release = excluded.release, module_set = excluded.module_set,"
            " modules = excluded.modules, digest = excluded.digest, state = excluded.state,"
            " created_at = clock_timestamp(), used_at = NULL RETURNING *"
        )
        values = [database, release, module_set, list(modules), digest, state]
        return self._rows(TemplateRow, query, values)[0]

    def template(self, database: str) -> TemplateRow | None:
        query = "SELECT * FROM registry.template WHERE database = %s"
        found = self._rows(TemplateRow, query, [database])
        return found[0] if found else None

    def templates(
        self,
        *,
        module_set: str | None = None,
        release: str | None = None,
        digest: str | None = None,
        state: Collection[str] = (),
    ) -> list[TemplateRow]:
        """Templates, newest first; what is None or empty is not asked for."""
        query = """SELECT * FROM registry.template
            WHERE (%(module_set)s::text IS NULL OR module_set = %(module_set)s)
              AND (%(release)s::text IS NULL OR release = %(release)s)
              AND (%(digest)s::text IS NULL OR digest = %(digest)s)
              AND (%(state)s::text[] = '{}' OR state = ANY(%(state)s))
            ORDER BY created_at DESC, database"""
        values = {
            "module_set": module_set,
            "release": release,
            "digest": digest,
            "state": list(state),
        }
        return self._rows(TemplateRow, query, values)

    def update_template(self, database: str, **columns: Any) -> TemplateRow:
        return self._update(TemplateRow, "template", "database", database, columns, _TEMPLATE)

    def remove_template(self, database: str) -> None:
        with self._work() as connection:
            connection.execute("DELETE FROM registry.template WHERE database = %s", [database])

    # Backups

    def add_backup(
        self,
        tenant_id: int,
        path: str,
        *,
        taken_at: datetime,
        bytes: int,
        sha256: str,
        release: str = "",
        epoch: int = 0,
        kept_until: datetime | None = None,
    ) -> BackupRow:
        query = (
            "INSERT INTO registry.backup (tenant, path, taken_at, bytes, sha256, release, epoch,"
            " kept_until) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING *"
        )
        values = [tenant_id, path, taken_at, bytes, sha256, release, epoch, kept_until]
        return self._rows(BackupRow, query, values)[0]

    def backups(self, tenant_id: int | None = None) -> list[BackupRow]:
        """The backups of a tenant, or of all, newest first."""
        query = (
            "SELECT * FROM registry.backup WHERE %s::bigint IS NULL OR tenant = %s"
            " ORDER BY taken_at DESC, id DESC"
        )
        return self._rows(BackupRow, query, [tenant_id, tenant_id])

    def update_backup(self, backup_id: int, **columns: Any) -> BackupRow:
        return self._update(BackupRow, "backup", "id", backup_id, columns, _BACKUP)

    def remove_backup(self, backup_id: int) -> None:
        """Forget a backup whose file is gone."""
        with self._work() as connection:
            connection.execute("DELETE FROM registry.backup WHERE id = %s", [backup_id])

    def _rows(self, row: type[Row], query: Any, values: Any) -> list[Row]:
        with self._work() as connection, connection.cursor(row_factory=class_row(row)) as cursor:
            return cursor.execute(query, values).fetchall()

    def _update(
        self,
        row: type[Row],
        table: str,
        key: str,
        value: Any,
        columns: Mapping[str, Any],
        allowed: frozenset[str],
    ) -> Row:
        setting, values = assignments(columns, allowed)
        query = sql.SQL("UPDATE {} SET {} WHERE {} = %s RETURNING *").format(
            sql.Identifier("registry", table), setting, sql.Identifier(key)
        )
        found = self._rows(row, query, [*values, value])
        if not found:
            raise InvalidRequest(f"no {table} {ascii(value)[:80]}")
        return found[0]
