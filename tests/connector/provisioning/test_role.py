"""The connector's role may call the protocol of a tenant database and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from devkit.server import Server
from smarter_connector.provisioning import CONNECTOR_ROLE, audit_role, ensure_role, provision
from smarter_domain.outbox import PROTOCOL_FUNCTIONS, install_statements
from tests.postgres import OutboxDatabase


@pytest.fixture
def admin(outbox: OutboxDatabase) -> Iterator[psycopg.Connection]:
    with outbox.server.admin.connect(outbox.name) as connection:
        yield connection


def test_provisioned_role_passes_its_own_audit(outbox: OutboxDatabase) -> None:
    with outbox.connector() as connection:
        assert audit_role(connection) == []


def test_provisioning_twice_changes_nothing(outbox: OutboxDatabase, admin) -> None:
    query = "SELECT oid::regprocedure::text, proacl::text FROM pg_proc ORDER BY 1"
    before = admin.execute(query).fetchall()
    assert provision(admin) is True
    assert admin.execute(query).fetchall() == before


def test_an_upgrade_that_replaces_a_function_keeps_who_may_call_it(outbox, admin) -> None:
    """As it stood in a database of the time when claim gave jsonb."""
    old = "CREATE FUNCTION smarteros.claim(p jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT p'"
    with outbox.owner() as owner:
        owner.execute("DROP FUNCTION smarteros.claim(jsonb)")
        owner.execute(old)
    provision(admin)
    with outbox.owner() as owner:
        for statement in install_statements():
            owner.execute(statement)
    assert audit_role(admin, CONNECTOR_ROLE) == []
    with outbox.connector() as connection:
        (answer,) = connection.execute("SELECT smarteros.claim('{}')").fetchone()
    assert answer["deliveries"] == []


def test_an_upgrade_gives_nobody_a_function_who_did_not_have_it(outbox, admin) -> None:
    admin.execute("REVOKE EXECUTE ON FUNCTION smarteros.claim(jsonb) FROM " + CONNECTOR_ROLE)
    with outbox.owner() as owner:
        for statement in install_statements():
            owner.execute(statement)
    assert audit_role(admin, CONNECTOR_ROLE) == ["the role cannot execute smarteros.claim(jsonb)"]


def test_connector_calls_the_protocol(outbox: OutboxDatabase) -> None:
    with outbox.connector() as connection:
        (answer,) = connection.execute("SELECT smarteros.identity('{}')").fetchone()
    assert answer["uuid"] == outbox.uuid


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM smarter_event",
        "INSERT INTO smarter_event DEFAULT VALUES",
        "SELECT * FROM smarter_subscription_key",
        "SELECT smarteros.enqueue('[]')",
        "CREATE TABLE mine (id int)",
        "CREATE TEMP TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE FUNCTION smarteros.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SELECT * FROM ir_config_parameter",
        "SET ROLE odoo",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/hostname')",
    ],
)
def test_connector_is_refused(outbox: OutboxDatabase, statement: str) -> None:
    with outbox.connector() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement)


def test_a_stranger_cannot_connect(outbox: OutboxDatabase, pg_cluster: Server) -> None:
    with pg_cluster.admin.connect() as admin:
        ensure_role(admin, "stranger", "secret")
    try:
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(
                **{**outbox.dsn(pg_cluster.admin), "user": "stranger", "password": "secret"}
            )
    finally:
        with pg_cluster.admin.connect() as admin:
            admin.execute("DROP ROLE stranger")


def test_a_wrong_password_is_refused(outbox: OutboxDatabase, pg_cluster: Server) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**{**outbox.dsn(pg_cluster.connector), "password": "wrong"})


GRANTS = {
    "GRANT SELECT ON smarter_event TO {role}": "table, view or sequence smarter_event",
    "GRANT SELECT (key) ON ir_config_parameter TO PUBLIC": "sequence ir_config_parameter",
    "GRANT TEMP ON DATABASE {database} TO PUBLIC": "right TEMPORARY on this database",
    "GRANT CREATE ON SCHEMA public TO PUBLIC": "create objects in schema public",
    "GRANT EXECUTE ON FUNCTION smarteros.enqueue(jsonb) TO {role}": "smarteros.enqueue(jsonb)",
    "REVOKE EXECUTE ON FUNCTION smarteros.claim(jsonb) FROM {role}": "cannot execute",
    "CREATE FUNCTION door() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1'": "door()",
}


@pytest.mark.parametrize("statement", GRANTS)
def test_audit_finds_what_was_granted_beside_the_protocol(
    outbox: OutboxDatabase, admin, statement: str
) -> None:
    role = outbox.server.connector.user
    admin.execute(statement.format(role=role, database=outbox.name))
    (problem,) = audit_role(admin, role)
    assert GRANTS[statement] in problem


def test_provisioning_takes_stray_grants_back(outbox: OutboxDatabase, admin) -> None:
    role = outbox.server.connector.user
    admin.execute(f"GRANT SELECT ON smarter_event TO {role}")
    admin.execute(f"GRANT EXECUTE ON FUNCTION smarteros.enqueue(jsonb) TO {role}")
    provision(admin)
    assert audit_role(admin, role) == []


def test_audit_finds_attributes_and_memberships(outbox: OutboxDatabase, admin) -> None:
    ensure_role(admin, "mighty", "secret", creates_databases=True)
    try:
        admin.execute("GRANT pg_read_all_data TO mighty")
        problems = audit_role(admin, "mighty", functions=())
        assert "the role has the attribute CREATEDB" in problems
        assert "the role is a member of pg_read_all_data" in problems
    finally:
        admin.execute("DROP ROLE mighty")


def test_audit_of_an_unknown_role_says_so(admin) -> None:
    assert audit_role(admin, "nobody_at_all") == ["the role nobody_at_all does not exist"]


def test_a_database_without_outbox_is_closed_all_the_same(outbox: OutboxDatabase, admin) -> None:
    admin.execute("DROP SCHEMA smarteros CASCADE")
    assert provision(admin) is False
    role = outbox.server.connector.user
    missing = [f"the role cannot execute smarteros.{name}(jsonb)" for name in PROTOCOL_FUNCTIONS]
    assert audit_role(admin, role) == missing
