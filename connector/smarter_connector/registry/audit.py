"""Proof that the connector's role reads the tenants to serve in the registry, and nothing else."""

from __future__ import annotations

import psycopg

from smarter_connector.provisioning.audit import POWERLESS, Check, run_checks

_OURS = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"

_REGISTRY = (
    Check(
        "the role may reach the table, view or sequence {}",
        f"""SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE {_OURS} AND CASE
                WHEN relkind = 'S' THEN
                    has_sequence_privilege(%(role)s, c.oid, 'USAGE, SELECT, UPDATE')
                WHEN c.oid = to_regclass('routing.served') THEN
                    has_table_privilege(%(role)s, c.oid, 'DELETE, TRUNCATE, TRIGGER')
                    OR has_any_column_privilege(%(role)s, c.oid, 'INSERT, UPDATE, REFERENCES')
                WHEN relkind IN ('r', 'v', 'm', 'f', 'p') THEN
                    has_table_privilege(%(role)s, c.oid, 'DELETE, TRUNCATE, TRIGGER')
                    OR has_any_column_privilege(
                        %(role)s, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
                ELSE false END""",
    ),
    Check(
        "the role may execute {}",
        f"""SELECT p.oid::regprocedure::text
            FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace
            WHERE {_OURS} AND has_function_privilege(%(role)s, p.oid, 'EXECUTE')""",
    ),
    Check(
        "the role cannot read {}",
        """SELECT 'routing.served' WHERE to_regclass('routing.served') IS NULL
              OR NOT has_schema_privilege(%(role)s, 'routing', 'USAGE')
              OR NOT has_table_privilege(%(role)s, to_regclass('routing.served'), 'SELECT')""",
    ),
)


def audit_registry_role(connection: psycopg.Connection, role: str | None = None) -> list[str]:
    """What the role can do in the registry beyond ``routing.served``, and whether it reads that.

    ``connection`` is to the registry, as an administrator or as the role itself, which is the
    default. Returns sentences for an operator; an empty list means all is well.
    """
    return run_checks(connection, role, (*POWERLESS, *_REGISTRY))
