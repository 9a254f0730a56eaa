"""The connector's role reads what it serves in the registry, and the audit sees anything more."""

from __future__ import annotations

import psycopg
import pytest

from smarter_connector.registry.audit import audit_registry_role

GRANTS = {
    "GRANT SELECT (name) ON registry.tenant TO {role}": "registry.tenant",
    "GRANT SELECT ON routing.route TO PUBLIC": "routing.route",
    "GRANT UPDATE (status) ON routing.served TO {role}": "routing.served",
    "GRANT EXECUTE ON FUNCTION routing.forget(text, text) TO {role}": "routing.forget",
    "GRANT CREATE ON SCHEMA routing TO {role}": "create objects in schema routing",
    "GRANT TEMPORARY ON DATABASE {database} TO PUBLIC": "TEMPORARY",
    "REVOKE SELECT ON routing.served FROM {role}": "cannot read routing.served",
    "DROP VIEW routing.served": "cannot read routing.served",
}


def test_an_installed_registry_passes_the_audit_of_the_role_itself(registered):
    with registered.login(registered.server.connector) as connection:
        assert audit_registry_role(connection) == []


@pytest.mark.parametrize("statement", GRANTS)
def test_the_audit_finds_what_is_too_much_or_too_little(registered, statement: str):
    role = registered.server.connector.user
    with registered.admin() as admin:
        admin.execute(statement.format(role=role, database=registered.database))
        try:
            assert any(GRANTS[statement] in text for text in audit_registry_role(admin, role))
        finally:
            registered.install()
        assert audit_registry_role(admin, role) == []


def test_an_unknown_role_is_said_to_be_unknown(registered):
    with registered.admin() as admin:
        assert audit_registry_role(admin, "nobody_at_all") == [
            "the role nobody_at_all does not exist"
        ]


def test_a_stranger_may_not_even_connect(registered):
    login = {**registered.server.connector.dsn(registered.database), "user": "pg_monitor"}
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**login)
