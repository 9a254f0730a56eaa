"""What servers may see of the registry: the tenants to serve, and no more."""

from __future__ import annotations

import psycopg
import pytest

from smarter_connector.registry import RegistryError
from tests.connector.registered import B, activate, asked


def test_odoo_reads_routes_and_the_connector_what_it_serves(registry, registered):
    row = activate(registry, asked(hosts=("a.localhost", "b.localhost")))
    routes = registered.rows(
        "SELECT host, database, is_primary FROM routing.route ORDER BY host",
        login=registered.server.odoo,
    )
    assert routes == [("a.localhost", row.database, True), ("b.localhost", row.database, False)]
    served = registered.rows(
        "SELECT database, uuid, rut, status FROM routing.served",
        login=registered.server.connector,
    )
    assert served == [(row.database, row.uuid, row.rut, "active")]


def test_a_tenant_that_is_not_ready_or_gone_is_in_no_view(registry, registered):
    registry.reserve(asked())
    gone = activate(registry, asked(B, "otra"))
    registry.update(gone.id, "deleted", status="deleted", database=f"del_{gone.id}")
    assert registered.rows("SELECT 1 FROM routing.route") == []
    assert registered.rows("SELECT 1 FROM routing.served") == []


def test_a_staging_clone_has_a_host_and_is_never_listed_for_the_connector(registry, registered):
    clone = registry.reserve(asked(kind="staging", slug="prueba"))
    values = {"database": "s_77654321_7_1", "uuid": "staging-uuid"}
    registry.update(clone.id, "created", status="active", **values)
    assert registered.rows("SELECT database FROM routing.route") == [("s_77654321_7_1",)]
    assert registered.rows("SELECT database FROM routing.served") == []


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM registry.tenant",
        "SELECT * FROM registry.history",
        "UPDATE routing.served SET status = 'active'",
        "SELECT * FROM routing.counter",
        "SELECT nextval('registry.tenant_id_seq')",
        "CREATE TABLE public.mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "SELECT registry.touch()",
    ],
)
@pytest.mark.parametrize("role", ["odoo", "connector"])
def test_a_server_s_role_can_do_nothing_else(registered, role: str, statement: str):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        registered.rows(statement, login=getattr(registered.server, role))


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM routing.route", "SELECT routing.hit('a', 'b', 60)", "SELECT routing.purge()"],
)
def test_the_connector_sees_no_hosts_and_counts_nothing(registered, statement: str):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        registered.rows(statement, login=registered.server.connector)


def test_hits_are_counted_by_bucket_and_key_and_forgotten(registered):
    def ask(query: str):
        return registered.rows(query, login=registered.server.odoo)[0][0]

    assert [ask("SELECT routing.hit('login', 'a', 86400)") for _ in range(2)] == [1, 2]
    assert ask("SELECT routing.hit('login', 'a', 86400, 5)") == 7
    assert ask("SELECT routing.count('login', 'a', 86400)") == 7
    assert ask("SELECT routing.count('login', 'b', 86400)") == 0
    ask("SELECT routing.forget('login', 'a')")
    assert ask("SELECT routing.count('login', 'a', 86400)") == 0


def test_old_windows_are_purged_and_the_present_one_stays(registered):
    login = registered.server.odoo
    registered.rows("SELECT routing.hit('a', 'k', 86400)", login=login)
    old = "now() - interval '1 hour'"
    with registered.admin() as admin:
        admin.execute(f"INSERT INTO routing.counter VALUES ('a', 'old', {old}, 1, {old})")
    registered.rows("SELECT routing.purge()", login=login)
    assert registered.rows("SELECT key FROM routing.counter") == [("k",)]


@pytest.mark.parametrize(
    "call", ["'a', 'b', 0", "'a', 'b', 86401", "'', 'b', 60", "'a', 'b', 60, -1",
             "'a', repeat('b', 200), 60", "'a', 'b', NULL"]
)  # fmt: skip
def test_a_counter_takes_no_odd_values(registered, call: str):
    with pytest.raises((psycopg.DataError, psycopg.IntegrityError)):
        registered.rows(f"SELECT routing.hit({call})", login=registered.server.odoo)


def test_changes_are_announced_at_their_commit(registry, registered):
    row = registry.reserve(asked())
    with registered.login(registered.server.connector) as listener:
        listener.execute("LISTEN smarteros_registry")
        values = {"database": "t_77654321_7", "uuid": "a" * 36}
        registry.update(row.id, "created", status="active", **values)
        registry.set_hosts(row.id, ["otro.localhost"])
        heard = [note.payload for note in listener.notifies(timeout=5, stop_after=3)]
    assert heard[0] == "t_77654321_7" and set(heard) == {"", "t_77654321_7"}


def test_installing_again_keeps_what_is_there(registry, registered):
    row = activate(registry, asked())
    registered.install()
    assert registry.tenant(row.id) == row


def test_an_older_program_leaves_a_newer_registry_alone(registered):
    with registered.admin() as admin:
        admin.execute("UPDATE registry.meta SET value = '999'")
        try:
            with pytest.raises(RegistryError, match="newer release"):
                registered.install()
        finally:
            admin.execute("UPDATE registry.meta SET value = '1'")
