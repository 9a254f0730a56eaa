"""Tenants suspended, resumed, renamed, moved to another plan, invited again."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from smarter_connector import tenants
from smarter_connector.registry import Conflict, InvalidRequest, UnknownTenant
from smarter_connector.registry.errors import Busy, StepFailed
from smarter_connector.tenants import CreateRequest, Platform
from tests.tenants import small

RUT, DATABASE = "77654321-7", "t_77654321_7"


@pytest.fixture
def tenant(little: Platform) -> Iterator[str]:
    """The slug of a tenant that was just made."""
    request = CreateRequest(rut=RUT, name="Mi Empresa SpA", admin_email="dueno@example.cl")
    yield tenants.create(little, request).tenant.slug


def mirrored(platform: Platform) -> tuple[str, ...]:
    """What the tenant's own database says: record, reason, outbox."""
    with platform.admin(DATABASE) as connection:
        return connection.execute(
            "SELECT status, coalesce(status_reason, ''), tenant_status, plan"
            " FROM smarter_tenant, smarter_outbox_state"
        ).fetchone()


def signals(platform: Platform) -> int:
    with platform.admin(DATABASE) as connection:
        return connection.execute("SELECT max(id) FROM orm_signaling_stable").fetchone()[0]


def test_a_suspended_tenant_knows_why_and_odoo_drops_its_memory(little: Platform, tenant):
    before = signals(little)
    row = tenants.suspend(little, tenant, "  Falta el pago de octubre. ")
    assert (row.status, row.status_reason) == ("suspended", "Falta el pago de octubre.")
    assert mirrored(little)[:3] == ("suspended", "Falta el pago de octubre.", "suspended")
    assert signals(little) == before + 1


def test_a_resumed_tenant_is_as_before(little: Platform, tenant):
    tenants.suspend(little, tenant, "prueba")
    assert tenants.resume(little, tenant).status == "active"
    assert mirrored(little)[:3] == ("active", "", "active")
    events = [line.event for line in little.registry.history(little.registry.tenant(tenant).id)]
    assert events[:2] == ["resumed", "suspended"]


def test_nobody_is_suspended_without_a_reason(little: Platform, tenant):
    with pytest.raises(InvalidRequest, match="say why"):
        tenants.suspend(little, tenant, "  ")
    assert little.registry.tenant(tenant).status == "active"


def test_killed_between_registry_and_database_running_it_again_agrees(
    little: Platform, tenant, killed
):
    killed("suspended:registry", lambda: tenants.suspend(little, tenant, "prueba"))
    assert little.registry.tenant(tenant).status == "suspended"
    assert mirrored(little)[0] == "active"
    tenants.suspend(little, tenant, "prueba")
    assert mirrored(little)[0] == "suspended"


def test_a_tenant_that_is_being_made_cannot_be_suspended(little: Platform, killed):
    request = CreateRequest(rut=RUT, name="Mi Empresa SpA", admin_email="a@example.cl")
    killed("create:clone", lambda: tenants.create(little, request))
    with pytest.raises(InvalidRequest, match="is provisioning"):
        tenants.suspend(little, RUT, "prueba")


def test_a_tenant_somebody_works_on_is_busy(little: Platform, tenant):
    with little.registry.lock(tenant), pytest.raises(Busy):
        tenants.suspend(little, tenant, "prueba")


def test_an_unknown_tenant_is_not_found(little: Platform):
    for key in ("12.345.678-5", "nadie", "nadie.example.cl", "t_1_9", "'; --"):
        with pytest.raises(UnknownTenant):
            tenants.show(little, key)


def test_a_database_that_was_exchanged_is_not_written_to(little: Platform, tenant):
    with little.admin(DATABASE) as connection:
        connection.execute("UPDATE ir_config_parameter SET value = 'x' WHERE key = 'database.uuid'")
    with pytest.raises(StepFailed, match="is not that of mi-empresa-spa"):
        tenants.suspend(little, tenant, "prueba")
    assert mirrored(little)[0] == "active"


def test_a_renamed_host_takes_the_links_along_and_leaves_the_database(
    little: Platform, tenant, routes
):
    row = tenants.rename_host(little, tenant, "ERP.empresa.cl", aliases=("www.empresa.cl",))
    assert row.hosts == ("erp.empresa.cl", "www.empresa.cl")
    assert routes() == {(host, DATABASE) for host in row.hosts}
    with little.admin(DATABASE) as connection:
        assert small.parameters(connection)["web.base.url"] == "https://erp.empresa.cl"


def test_the_old_host_may_go_on_answering(little: Platform, tenant):
    row = tenants.rename_host(little, tenant, "erp.empresa.cl", keep_old=True)
    assert row.hosts == ("erp.empresa.cl", "mi-empresa-spa.example.cl")


def test_the_host_of_another_tenant_cannot_be_taken(little: Platform, tenant):
    other = CreateRequest(rut="12.345.678-5", name="Otra", admin_email="a@example.cl")
    tenants.create(little, other)
    with pytest.raises(Conflict):
        tenants.rename_host(little, tenant, "otra.example.cl")
    assert little.registry.tenant(tenant).host == "mi-empresa-spa.example.cl"


@pytest.mark.parametrize("host", ["a_b.cl", "a.cl:80", "a.cl/x", "a..cl", "10.0.0.1", "ñ.cl", ""])
def test_a_crafted_host_is_refused(little: Platform, tenant, host):
    with pytest.raises(InvalidRequest):
        tenants.rename_host(little, tenant, host)
    assert little.registry.tenant(tenant).host == "mi-empresa-spa.example.cl"


def test_another_plan_reaches_registry_and_database(little: Platform, tenant):
    assert tenants.set_plan(little, tenant, "enterprise").plan == "enterprise"
    assert mirrored(little)[3] == "enterprise"
    with pytest.raises(InvalidRequest, match="no plan"):
        tenants.set_plan(little, tenant, "gold")


def test_an_invitation_made_again_is_for_the_same_user_and_noted(little: Platform, tenant):
    link = tenants.invite(little, tenant)
    token = base64.urlsafe_b64decode(link.partition("token=")[2] + "==")
    assert token[41:] == b'[3, [3], null, "reset"]'
    (last, *_) = little.registry.history(little.registry.tenant(tenant).id)
    assert (last.event, dict(last.detail)) == ("invited", {"hours": 168})


def test_an_invitation_ends_with_the_next_login(little: Platform, tenant):
    with little.admin(DATABASE) as connection:
        connection.execute("INSERT INTO res_users_log (create_uid, create_date)"
                           " VALUES (3, '2026-11-22 12:00:00')")  # fmt: skip
    token = base64.urlsafe_b64decode(tenants.invite(little, tenant).partition("token=")[2] + "==")
    assert token[41:] == b'[3, [3], 1795348800, "reset"]'


def test_the_operators_link_is_for_the_operators_account_and_noted(little: Platform, tenant):
    link = tenants.operator_access(little, tenant)
    token = base64.urlsafe_b64decode(link.partition("token=")[2] + "==")
    assert token[41:] == b'[2, [2], null, "reset"]'
    (last, *_) = little.registry.history(little.registry.tenant(tenant).id)
    assert (last.event, dict(last.detail)) == ("operator access", {"hours": 1})


def test_closing_takes_the_operators_password_away_and_nobody_elses(little: Platform, tenant):
    tenants.operator_access(little, tenant)
    with little.admin(DATABASE) as connection:
        connection.execute("UPDATE res_users SET password = 'x'")
        tenants.close_operator_access(little, tenant)
        rows = connection.execute("SELECT id, password FROM res_users ORDER BY id").fetchall()
        assert rows == [(2, None), (3, "x")]
        query = "SELECT signup_type FROM res_partner WHERE id = 2"
        assert connection.execute(query).fetchone() == (None,)


def test_an_archived_owner_is_not_invited(little: Platform, tenant):
    with little.admin(DATABASE) as connection:
        connection.execute("UPDATE res_users SET active = false WHERE id = 3")
    with pytest.raises(InvalidRequest, match="user_owner is archived"):
        tenants.invite(little, tenant)


def test_show_has_sizes_addresses_and_what_was_done(little: Platform, tenant):
    shown = tenants.show(little, DATABASE)
    assert shown.urls == ("https://mi-empresa-spa.example.cl",)
    assert shown.database_bytes > 1_000_000
    assert shown.filestore_bytes == len(b"a stored file")
    assert shown.operations[0].state == "done"
    assert [tenant.slug for tenant in tenants.list_(little)] == [tenant]
    assert tenants.list_(little, status=("suspended",)) == []
