"""Proof that the connector's role can call the protocol and do nothing else in a tenant database.

It asks PostgreSQL what the role *may* do (grants to PUBLIC and through memberships count), not what
was granted. Inherent to any login and left out: NOTIFY, advisory locks, reading the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg

from smarter_domain.outbox import PROTOCOL_FUNCTIONS

_OURS = "n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"


@dataclass(frozen=True)
class Check:
    """One question; ``query`` takes the role and what else it needs, and answers names."""

    problem: str
    query: str


#: Of a role without any power of its own, whatever the database.
POWERLESS = (
    Check(
        "the role has the attribute {}",
        """SELECT attribute FROM pg_roles, LATERAL (VALUES
               ('SUPERUSER', rolsuper), ('CREATEDB', rolcreatedb), ('CREATEROLE', rolcreaterole),
               ('REPLICATION', rolreplication), ('BYPASSRLS', rolbypassrls)
           ) AS held(attribute, yes) WHERE rolname = %(role)s AND yes""",
    ),
    Check(
        "the role is a member of {}",
        """SELECT roleid::regrole::text FROM pg_auth_members
           WHERE member = (SELECT oid FROM pg_roles WHERE rolname = %(role)s)""",
    ),
    Check(
        "the role owns objects in database {}",
        """SELECT DISTINCT coalesce(datname, 'every') FROM pg_shdepend
           LEFT JOIN pg_database ON pg_database.oid = dbid
           WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o'
             AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = %(role)s)""",
    ),
    Check(
        "the role has the right {} on this database",
        """SELECT held FROM unnest(ARRAY['CREATE', 'TEMPORARY']) AS held
           WHERE has_database_privilege(%(role)s, current_database(), held)""",
    ),
    Check(
        "the role may create objects in schema {}",
        """SELECT nspname FROM pg_namespace WHERE has_schema_privilege(%(role)s, oid, 'CREATE')""",
    ),
)

_PROTOCOL = (
    Check(
        "the role may reach the table, view or sequence {}",
        f"""SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE {_OURS} AND CASE
                WHEN relkind = 'S' THEN 
                    has_sequence_privilege(%(role)s, c.oid, 'USAGE, SELECT, UPDATE')
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
            WHERE {_OURS} AND (n.nspname = 'smarteros' OR prosecdef)
              AND has_function_privilege(%(role)s, p.oid, 'EXECUTE')
              AND NOT (n.nspname = 'smarteros' AND proname = ANY(%(functions)s)
                       AND oidvectortypes(proargtypes) = 'jsonb')""",
    ),
    Check(
        "the role cannot execute smarteros.{}(jsonb)",
        """SELECT name FROM unnest(%(functions)s::text[]) AS name
           WHERE to_regprocedure(format('smarteros.%%I(jsonb)', name)) IS NULL
              OR NOT has_schema_privilege(%(role)s, 'smarteros', 'USAGE')
              OR NOT has_function_privilege(
                  %(role)s, to_regprocedure(format('smarteros.%%I(jsonb)', name)), 'EXECUTE')""",
    ),
)


def audit_role(
    connection: psycopg.Connection,
    role: str | None = None,
    functions: Sequence[str] = PROTOCOL_FUNCTIONS,
) -> list[str]:
    """What the role can do beyond the protocol, and what of the protocol it cannot do.

    ``connection`` is to the tenant database, as an administrator or as the role itself, which
    is the default. Returns sentences for an operator; an empty list means all is well.
    """
    return run_checks(connection, role, (*POWERLESS, *_PROTOCOL), functions=list(functions))


def run_checks(
    connection: psycopg.Connection, role: str | None, checks: Iterable[Check], **values: object
) -> list[str]:
    """The problems that the checks find; ``values`` are for their queries, beside the role."""
    role = role or connection.info.user
    if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
        return [f"the role {role} does not exist"]
    return [
        check.problem.format(name)
        for check in checks
        for (name,) in connection.execute(check.query, {"role": role, **values}).fetchall()
    ]
