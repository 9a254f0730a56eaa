"""Tenants enter the registry once, are found by whatever names them, and leave a history."""

from __future__ import annotations

import threading

import psycopg
import pytest

from smarter_connector.registry import (
    Conflict,
    InvalidRequest,
    Registry,
    RegistryUnavailable,
    UnknownTenant,
)
from smarter_domain.rut import Rut
from tests.connector.registered import A, B, Registered, activate, asked


def test_a_reserved_tenant_has_its_values_and_no_database(registry: Registry):
    row = registry.reserve(
        asked(admin_email="ana@example.cl", hosts=("B.localhost", "a.localhost"))
    )
    assert (row.rut, row.status, row.database, row.uuid) == (
        "77654321-7", "provisioning", None, None,
    )  # fmt: skip
    assert row.hosts == registry.tenant(row.id).hosts == ("b.localhost", "a.localhost")
    assert row.host == "b.localhost"


@pytest.mark.parametrize(
    "key", ["77654321-7", "77.654.321-7", "cl 776543217", "mi-empresa", "MI-Empresa.localhost",
            "t_77654321_7"]
)  # fmt: skip
def test_a_tenant_is_found_by_rut_slug_host_and_database(registry: Registry, key: str):
    row = activate(registry, asked())
    assert registry.tenant(key) == registry.tenant(row.id) == registry.tenant(f"id:{row.id}") == row


@pytest.mark.parametrize(
    "key", [0, -1, "", "1", "id:x", "id:1' --", "'", "x" * 5000, "no.es", None]
)
def test_what_names_no_tenant_is_unknown(registry: Registry, key: object):
    activate(registry, asked())
    with pytest.raises(UnknownTenant):
        registry.tenant(key)


def test_a_rut_in_preparation_is_given_back_so_that_creation_goes_on(registry: Registry):
    first = registry.reserve(asked())
    assert registry.reserve(asked(slug="otra")) == first
    assert len(registry.history(first.id)) == 1


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (asked(slug="otra", hosts=()), "RUT"),
        (asked(B, hosts=()), "slug"),
        (asked(B, "otra", hosts=("libre.localhost", "mi-empresa.localhost")), "host"),
    ],
)
def test_what_another_tenant_has_is_refused_and_nothing_is_left(registry, second, what: str):
    activate(registry, asked())
    with pytest.raises(Conflict, match=what):
        registry.reserve(second)
    assert [row.slug for row in registry.tenants()] == ["mi-empresa"]


def test_two_at_once_reserve_a_rut_exactly_once(registry: Registry):
    barrier, found = threading.Barrier(6), []

    def reserve(number: int) -> None:
        barrier.wait()
        found.append(registry.reserve(asked(slug=f"empresa-{number}")).id)

    threads = [threading.Thread(target=reserve, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6 and len(set(found)) == 1
    assert len(registry.tenants()) == 1


def test_of_many_that_want_the_same_hosts_at_once_one_gets_them_and_the_others_nothing(
    registry: Registry,
):
    barrier, found = threading.Barrier(6), []
    hosts = ["a.localhost", "b.localhost", "c.localhost"]

    def reserve(number: int) -> None:
        rut = Rut.from_number(40_000_000 + number).plain
        mine = tuple(hosts[number % 3 :] + hosts[: number % 3])
        barrier.wait()
        try:
            found.append(registry.reserve(asked(rut, f"empresa-{number}", hosts=mine)).hosts[0])
        except Conflict as error:
            assert "host" in str(error)

    threads = [threading.Thread(target=reserve, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1 and found[0] in hosts
    assert [row.hosts[0] for row in registry.tenants()] == found


def test_a_purged_tenant_frees_rut_slug_and_host_and_does_not_come_back(registry: Registry):
    row = activate(registry, asked())
    registry.update(row.id, "purged", status="purged", database=None, uuid=None)
    again = activate(registry, asked())
    assert again.id != row.id and registry.tenant(A) == again
    with pytest.raises(InvalidRequest, match="does not come back"):
        registry.update(row.id, "undeleted", status="deleted")


def test_a_deleted_tenant_keeps_its_rut(registry: Registry):
    row = activate(registry, asked())
    registry.update(row.id, "deleted", status="deleted", database=f"del_{row.id}")
    with pytest.raises(Conflict):
        registry.reserve(asked(slug="otra", hosts=()))


@pytest.mark.parametrize(
    "columns",
    [
        {"status": "active"},
        {"status": "active", "database": "t_77654321_7"},
        {"status": "active", "database": "t_12345678_5", "uuid": "0" * 36},
        {"status": "active", "database": "new_1", "uuid": "0" * 36},
        {"status": "gone"},
        {"database": "t_1; DROP TABLE x"},
        {"name": "a\nb"},
        {"id": 7},
        {"rut = ''--": 1},
        {},
    ],
)
def test_half_a_tenant_cannot_be_active_nor_a_column_be_invented(registry: Registry, columns):
    row = registry.reserve(asked())
    with pytest.raises(InvalidRequest):
        registry.update(row.id, "created", **columns)
    assert registry.tenant(row.id) == row and len(registry.history(row.id)) == 1


def test_a_change_and_its_history_are_one(registry: Registry):
    row = activate(registry, asked())
    changed = registry.update(row.id, "plan", {"before": "free"}, plan="business")
    line = registry.history(row.id)[0]
    assert changed.plan == "business" and changed.updated_at > row.updated_at
    assert (line.event, line.actor, line.rut, line.detail) == (
        "plan", "tests", "77654321-7", {"before": "free"},
    )  # fmt: skip


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry.history SET actor = 'x'",
        "DELETE FROM registry.history",
        "TRUNCATE registry.history",
        "SET session_replication_role = replica; DELETE FROM registry.history",
    ],
)
def test_not_even_the_administrator_rewrites_the_history(registry, registered, statement: str):
    row = registry.reserve(asked())
    with pytest.raises(psycopg.errors.RestrictViolation), registered.admin() as admin:
        admin.execute(statement)
    assert len(registry.history(row.id)) == 1


def test_hosts_are_replaced_whole_and_told(registry: Registry):
    row = activate(registry, asked())
    registry.set_hosts(row.id, ["tienda.example.cl", "mi-empresa.localhost"])
    assert registry.tenant(row.id).hosts == ("tienda.example.cl", "mi-empresa.localhost")
    assert registry.history(row.id)[0].detail["before"] == ["mi-empresa.localhost"]


@pytest.mark.parametrize(
    "host", ["otra.localhost", "evil.cl:80", "a_b.cl", "10.0.0.1", "x/../y.cl"]
)
def test_a_host_that_is_taken_or_crafted_changes_nothing(registry: Registry, host: str):
    row = activate(registry, asked())
    activate(registry, asked(B, "otra"))
    with pytest.raises((Conflict, InvalidRequest)):
        registry.set_hosts(row.id, ["nuevo.localhost", host])
    assert registry.tenant(row.id).hosts == ("mi-empresa.localhost",)


def test_lists_are_by_status_kind_and_release(registry: Registry):
    first = activate(registry, asked(release="r1"))
    second = registry.reserve(asked(B, "otra", release="r2"))
    clone = registry.reserve(asked(kind="staging", slug="prueba", source_tenant=first.id))
    assert [row.id for row in registry.tenants()] == [first.id, second.id]
    assert [row.id for row in registry.tenants(status=["active"])] == [first.id]
    assert [row.id for row in registry.tenants(release="r2")] == [second.id]
    assert [row.id for row in registry.tenants(kind="staging")] == [clone.id]
    assert len(registry.tenants(kind=None)) == 3


def test_a_registry_that_is_away_is_said_to_be_away(registered: Registered):
    def connect() -> psycopg.Connection:
        return registered.admin("reg_is_not_there")

    with pytest.raises(RegistryUnavailable, match="cannot be reached"):
        Registry(connect).tenants()
