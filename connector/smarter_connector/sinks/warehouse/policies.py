"""Who may do what in the warehouse: grants and row-level security, laid anew at each installation.

* The owner owns all and cannot log in. Row-level security binds it too.
* The writer may write facts through explicit policies; it cannot change who reads what.
* A reader (a member of the readers' group) reads the living rows of the RUTs that ``wh.role_map``
  names for its login. The policy asks ``current_user``, never a setting, which a reader could set.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from smarter_connector.sinks.warehouse.names import Names
from smarter_connector.sinks.warehouse.tables import LINE_TABLES, TABLES

# An InitPlan: asked once per statement, and usable as an index condition.
_OWN = "rut = ANY (ARRAY(SELECT m.rut FROM wh.role_map m WHERE m.rolname = current_user))"
_LIVING = f"NOT deleted AND {_OWN}"
_ALL = "true"

_WRITE = "SELECT, INSERT, UPDATE, DELETE"

#: table -> [(policy, role, command, condition)]. No policy for a role means: no row.
_POLICIES: dict[str, list[tuple[str, str, str, str]]] = {
    **{name: [("reading", "readers", "SELECT", _LIVING)] for name in TABLES},
    **{name: [("reading", "readers", "SELECT", _OWN)] for name in (*LINE_TABLES, "watermarks")},
    "marks": [],
    "dates": [("reading", "readers", "SELECT", _ALL), ("owning", "owner", "ALL", _ALL)],
    "role_map": [
        ("reading", "readers", "SELECT", "rolname = current_user"),
        ("owning", "owner", "ALL", _ALL),
    ],
    "tenants": [
        ("reading", "readers", "SELECT", _OWN),
        ("owning", "owner", "ALL", _ALL),
        ("writing", "writer", "ALL", _ALL),
    ],
}
_WRITTEN = (*TABLES, *LINE_TABLES, "watermarks", "marks")

#: Large objects belong to nobody's rows and every login could make them.
_LARGE_OBJECTS = (
    "lo_create(oid)", "lo_creat(integer)", "lo_from_bytea(oid, bytea)", "lo_open(oid, integer)",
    "lo_put(oid, bigint, bytea)", "lo_unlink(oid)",
)  # fmt: skip


def written_tables() -> tuple[str, ...]:
    """The tables that hold tenants' rows."""
    return _WRITTEN


def close_database(admin: psycopg.Connection, names: Names) -> None:
    """Nobody enters the database or creates anything in it but those named here."""
    roles = _roles(names)
    for statement in (
        "REVOKE ALL ON DATABASE {database} FROM PUBLIC, {writer}, {readers}",
        "GRANT CONNECT ON DATABASE {database} TO {writer}, {readers}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
    ):
        admin.execute(sql.SQL(statement).format(**roles))
    for function in _LARGE_OBJECTS:
        statement = f"REVOKE EXECUTE ON FUNCTION pg_catalog.{function} FROM PUBLIC"
        admin.execute(sql.SQL(statement))


def secure(owner: psycopg.Connection, names: Names) -> None:
    """Take back every right on the schemas, then grant. Runs as the owner, in one transaction."""
    roles = _roles(names)
    for schema in ("wh", "kpi"):
        for kind in ("SCHEMA", "ALL TABLES IN SCHEMA", "ALL FUNCTIONS IN SCHEMA"):
            statement = f"REVOKE ALL ON {kind} {schema} FROM PUBLIC, {{writer}}, {{readers}}"
            owner.execute(sql.SQL(statement).format(**roles))
    for table in (*_WRITTEN, "dates", "role_map", "tenants"):
        _secure_table(owner, table, roles)
    for statement in (
        "GRANT USAGE ON SCHEMA wh TO {writer}, {readers}",
        "GRANT USAGE ON SCHEMA kpi TO {readers}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA kpi TO {readers}",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA kpi TO {readers}",
        "GRANT EXECUTE ON FUNCTION wh.register_rut(text, text) TO {writer}",
        "GRANT SELECT, UPDATE (name, slug, plan, status, epoch, number, event_id, event_time,"
        " updated_at) ON wh.tenants TO {writer}",
    ):
        owner.execute(sql.SQL(statement).format(**roles))


def _secure_table(owner: psycopg.Connection, table: str, roles: dict[str, sql.Identifier]) -> None:
    name = sql.Identifier("wh", table)
    for clause in ("ENABLE", "FORCE"):
        owner.execute(sql.SQL(f"ALTER TABLE {{}} {clause} ROW LEVEL SECURITY").format(name))
    found = "SELECT polname FROM pg_policy WHERE polrelid = %s::regclass"
    for (policy,) in owner.execute(found, [f"wh.{table}"]).fetchall():
        owner.execute(sql.SQL("DROP POLICY {} ON {}").format(sql.Identifier(policy), name))
    policies = _policies(table)
    for policy, role, command, condition in policies:
        statement = f"CREATE POLICY {{}} ON {{}} FOR {command} TO {{}} USING ({condition})"
        owner.execute(sql.SQL(statement).format(sql.Identifier(policy), name, roles[role]))
    if table in _WRITTEN:
        owner.execute(sql.SQL(f"GRANT {_WRITE} ON {{}} TO {{}}").format(name, roles["writer"]))
    if any(role == "readers" for _, role, _, _ in policies):
        owner.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(name, roles["readers"]))


def _policies(table: str) -> list[tuple[str, str, str, str]]:
    writing = [("writing", "writer", "ALL", _ALL)] if table in _WRITTEN else []
    return _POLICIES[table] + writing


def _roles(names: Names) -> dict[str, sql.Identifier]:
    return {
        "database": sql.Identifier(names.database),
        "owner": sql.Identifier(names.owner),
        "writer": sql.Identifier(names.writer),
        "readers": sql.Identifier(names.readers),
    }
