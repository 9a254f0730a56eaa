"""Tenants and their hosts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from smarter_connector.registry.access import Access, as_json, assignments, taken
from smarter_connector.registry.errors import Conflict, InvalidRequest, UnknownTenant
from smarter_connector.registry.new_tenant import NewTenant, check_tenant_name, checked_hosts
from smarter_connector.registry.rows import Kind, TenantRow
from smarter_domain.rut import Rut
from smarter_domain.tenancy import InvalidName, check_database_name, check_slug

_SELECT = """
    SELECT tenant.*, ARRAY(SELECT host.name FROM registry.host WHERE host.tenant = tenant.id
                           ORDER BY is_primary DESC, host.name) AS hosts
    FROM registry.tenant"""

_COLUMNS = frozenset(
    "name slug plan status status_reason maintenance database uuid release module_set modules "
    "external_ids admin_email activated_at deleted_at purge_after".split()
)
_INSERT = (
    "INSERT INTO registry.tenant (kind, rut, name, slug, plan, admin_email, release, module_set,"
    " modules, external_ids, source_tenant)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"
)


_tenant_row = class_row(TenantRow)


class Tenants(Access):
    """The part of the registry that holds the tenants."""

    def reserve(self, new: NewTenant) -> TenantRow:
        """Enter a tenant in status ``provisioning``, with its hosts.

        A production tenant of the same RUT that is still in preparation is returned as it is, so
        that creation goes on; take :meth:`lock` and read again before going on. Raises
        :class:`Conflict` when RUT, slug or a host belongs to another tenant.
        """
        try:
            with self._work() as connection:
                tenant = self._insert(connection, new)
                self._write_hosts(connection, tenant, new.hosts)
                detail = {"kind": new.kind, "slug": new.slug, "plan": new.plan, "hosts": new.hosts}
                self._record(connection, tenant, "reserved", detail)
                return _one(connection, "tenant.id = %s", [tenant])
        except Conflict:
            found = self._in_preparation(new)
            if found is None:
                raise
            return found

    def tenant(self, key: str | int) -> TenantRow:
        """The tenant with this id (a number, or ``id:12``), RUT, slug, host or database.

        A RUT or a slug means the tenant that holds it now: for a RUT the production one, and never
        one that was purged. Raises :class:`UnknownTenant`.
        """
        condition, value = _condition(key)
        with self._work() as connection:
            return _one(connection, condition, [value], key)

    def tenants(
        self,
        *,
        status: Collection[str] = (),
        kind: Kind | None = "production",
        release: str | None = None,
    ) -> list[TenantRow]:
        """Tenants by slug, of any status but ``purged`` unless ``status`` names some.

        ``kind`` None means all kinds.
        """
        query = f"""{_SELECT}
            WHERE (CASE WHEN %(status)s::text[] = '{{}}' THEN status <> 'purged'
                   ELSE status = ANY(%(status)s) END)
              AND (%(kind)s::text IS NULL OR kind = %(kind)s)
              AND (%(release)s::text IS NULL OR release = %(release)s)
            ORDER BY slug, id"""
        values = {"status": list(status), "kind": kind, "release": release}
        with self._work() as connection, connection.cursor(row_factory=_tenant_row) as cursor:
            return cursor.execute(query, values).fetchall()

    def update(
        self, tenant_id: int, event: str, detail: Mapping[str, Any] | None = None, **columns: Any
    ) -> TenantRow:
        """Set columns and write ``event`` to the history, in one transaction.

        A tenant that becomes ``purged`` gives up its hosts, its slug and its RUT. Raises
        :class:`UnknownTenant`, :class:`Conflict`, and :class:`InvalidRequest` for what the table
        refuses, such as an active tenant without a database.
        """
        _check_columns(columns)
        setting, values = assignments(columns, _COLUMNS)
        with self._work() as connection:
            _one(connection, "tenant.id = %s", [tenant_id], tenant_id)
            connection.execute(
                sql.SQL("UPDATE registry.tenant SET {} WHERE id = %s").format(setting),
                [*values, tenant_id],
            )
            if columns.get("status") == "purged":
                connection.execute("DELETE FROM registry.host WHERE tenant = %s", [tenant_id])
            self._record(connection, tenant_id, event, detail or {})
            return _one(connection, "tenant.id = %s", [tenant_id])

    def set_hosts(self, tenant_id: int, hosts: Sequence[str]) -> None:
        """Make these its hosts and no others, the first one primary; the history tells it.

        Raises :class:`InvalidRequest` and :class:`Conflict`; then nothing is changed.
        """
        try:
            wanted = checked_hosts(tuple(hosts))
        except InvalidName as error:
            raise InvalidRequest(str(error), status=error.reason) from error
        with self._work() as connection:
            before = _one(connection, "tenant.id = %s", [tenant_id], tenant_id).hosts
            if before != wanted:
                connection.execute("DELETE FROM registry.host WHERE tenant = %s", [tenant_id])
                self._write_hosts(connection, tenant_id, wanted)
                self._record(connection, tenant_id, "hosts", {"before": before, "after": wanted})

    @staticmethod
    def _insert(connection: psycopg.Connection, new: NewTenant) -> int:
        values = [
            new.kind, new.rut, new.name, new.slug, new.plan, new.admin_email, new.release,
            new.module_set, as_json(new.modules),
            as_json(new.external_ids), new.source_tenant,
        ]  # fmt: skip
        return connection.execute(_INSERT, values).fetchone()[0]

    @staticmethod
    def _write_hosts(connection: psycopg.Connection, tenant: int, hosts: Sequence[str]) -> None:
        # By name, so that two who want the same hosts meet at the first and not in a deadlock.
        for host in sorted(hosts):
            try:
                connection.execute(
                    "INSERT INTO registry.host (name, tenant, is_primary) VALUES (%s, %s, %s)",
                    [host, tenant, host == hosts[0]],
                )
            except psycopg.errors.UniqueViolation as error:
                conflict = taken(error)
                raise Conflict(f"host {host}: {conflict}", status=conflict.status) from error

    def _in_preparation(self, new: NewTenant) -> TenantRow | None:
        if new.kind != "production":
            return None
        try:
            found = self.tenant(new.rut)
        except UnknownTenant:
            return None
        return found if found.status == "provisioning" else None


def _condition(key: str | int) -> tuple[str, Any]:
    """Where to look; the forms exclude each other, as ``smarter_domain.tenancy`` sees to."""
    if isinstance(key, int) and not isinstance(key, bool):
        return "tenant.id = %s", key
    text = key.strip() if isinstance(key, str) else ""
    if text.startswith("id:") and text[3:].isdecimal() and len(text) < 21:
        return "tenant.id = %s", int(text[3:])
    if Rut.is_valid(text):
        return "rut = %s AND kind = 'production' AND status <> 'purged'", Rut.parse(text).plain
    if "." in text or text == "localhost":
        query = "tenant.id = (SELECT tenant FROM registry.host WHERE name = %s)"
        return query, text.lower()[:300]
    if "_" in text:
        return "database = %s", text[:64]
    return "slug = %s AND status <> 'purged'", text[:64]


def _one(
    connection: psycopg.Connection, condition: str, values: Sequence[Any], key: Any = None
) -> TenantRow:
    with connection.cursor(row_factory=_tenant_row) as cursor:
        row = cursor.execute(f"{_SELECT} WHERE {condition}", values).fetchone()
    if row is None:
        raise UnknownTenant(f"no tenant {ascii(key)[:80]}")
    return row


def _check_columns(columns: Mapping[str, Any]) -> None:
    try:
        if columns.get("slug") is not None:
            check_slug(columns["slug"])
        if columns.get("database") is not None:
            check_database_name(columns["database"])
    except InvalidName as error:
        raise InvalidRequest(str(error), status=error.reason) from error
    if columns.get("name"):
        check_tenant_name(columns["name"])
