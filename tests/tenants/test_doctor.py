"""The doctor finds what is broken, says what to do, and complains of nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest

from smarter_connector import tenants
from smarter_connector.tenants import CreateRequest, Platform

RUT, DATABASE, SLUG = "77654321-7", "t_77654321_7", "mi-empresa-spa"


@pytest.fixture
def tenant(little: Platform) -> Platform:
    request = CreateRequest(rut=RUT, name="Mi Empresa SpA", admin_email="dueno@example.cl")
    tenants.create(little, request)
    return little


def complaints(platform: Platform) -> dict[str, tuple[str, str]]:
    found = tenants.doctor(platform, [SLUG])
    return {one.check: (one.level, one.message) for one in found if one.level != "ok"}


def test_a_new_tenant_is_well(tenant: Platform):
    findings = tenants.doctor(tenant)
    assert [one for one in findings if one.level != "ok" and one.check != "disk"] == []
    assert len([one for one in findings if one.tenant == SLUG]) > 10


def sql(*statements: str) -> Callable[[Platform], None]:
    def run(platform: Platform) -> None:
        with platform.admin(DATABASE) as connection:
            for statement in statements:
                connection.execute(statement)

    return run


def made_hours_ago(platform: Platform, hours: int) -> None:
    made = platform.now() - timedelta(hours=hours)
    platform.registry.update(platform.registry.tenant(SLUG).id, "test", activated_at=made)


BROKEN = {
    "identity": sql("UPDATE ir_config_parameter SET value = 'x' WHERE key = 'database.uuid'"),
    "agreement with the registry": sql("UPDATE smarter_tenant SET plan = 'enterprise'"),
    "owner": lambda platform: platform.databases.give(DATABASE, "smarteros_admin"),
    "rights": sql("GRANT SELECT ON res_users TO smarteros_connector"),
    "files": lambda platform: shutil.rmtree(platform.filestore(DATABASE)),
    "hosts": sql("UPDATE ir_config_parameter SET value = 'http://x' WHERE key = 'web.base.url'"),
    "scheduled actions": lambda platform: (
        sql("UPDATE ir_cron SET nextcall = '2020-01-01'")(platform),
        made_hours_ago(platform, 2),
    ),
    "outbox": sql(
        "INSERT INTO smarter_event (type, aggregate, rut, epoch) VALUES ('a.b', 'm/1', '', 1)",
        "INSERT INTO smarter_delivery (event_id, subscription_id, lane, webhook_id, due_at)"
        " SELECT id, 1, 'm/1', 'x', '2020-01-01' FROM smarter_event",
    ),
    "dead letters": sql(
        "INSERT INTO smarter_event (type, aggregate, rut, epoch) VALUES ('a.b', 'm/1', '', 1)",
        "INSERT INTO smarter_delivery (event_id, subscription_id, lane, webhook_id, state)"
        " SELECT id, 1, 'm/1', 'x', 'dead' FROM smarter_event",
    ),
    "modules": sql("UPDATE ir_module_module SET state = 'to install' WHERE name = 'crm'"),
}


@pytest.mark.parametrize("check", BROKEN)
def test_what_is_broken_is_found_and_nothing_else(tenant: Platform, check: str):
    BROKEN[check](tenant)
    assert list(complaints(tenant)) == [check]
    assert complaints(tenant)[check][1]


def test_a_new_tenant_is_not_late_because_its_template_is_old(tenant: Platform):
    sql("UPDATE ir_cron SET nextcall = '2020-01-01'")(tenant)
    assert complaints(tenant) == {}
    made_hours_ago(tenant, 3)
    assert "18" in complaints(tenant)["scheduled actions"][1]


def test_a_missing_file_is_named(tenant: Platform):
    (tenant.filestore(DATABASE) / "ab" / "abcd").unlink()
    assert "ab/abcd" in complaints(tenant)["files"][1]


def test_a_database_that_is_gone_is_an_error(tenant: Platform):
    tenant.databases.drop(DATABASE)
    assert complaints(tenant) == {
        "database": ("error", f"the database {DATABASE} is gone: restore it")
    }


def test_every_role_may_connect_is_found_and_mended(tenant: Platform):
    sql(f"GRANT CONNECT ON DATABASE {DATABASE} TO PUBLIC")(tenant)
    assert "every role may connect" in complaints(tenant)["rights"][1]
    assert tenants.grants(tenant, SLUG) == []
    assert complaints(tenant) == {}


def test_old_code_is_a_matter_for_an_upgrade(tenant: Platform):
    row = tenant.registry.tenant(SLUG)
    older = {**row.modules, "smarter_base": "older"}
    tenant.registry.update(row.id, "test", modules=older)
    assert complaints(tenant) == {"modules": ("warning", "to upgrade: smarter_base")}


def test_a_killed_command_is_seen(little: Platform, killed):
    request = CreateRequest(rut=RUT, name="Mi Empresa SpA", admin_email="dueno@example.cl")
    killed("create:reset", lambda: tenants.create(little, request))
    assert complaints(little)["operations"][1] == "creation is not finished: repeat or abandon it"
    tenants.create(little, request)
    assert complaints(little) == {}


def test_databases_nobody_knows_are_named(tenant: Platform):
    left = ("scratch_0a1b2c3d", "t_12345678_5", f"new_{tenant.registry.tenant(SLUG).id}")
    with tenant.admin() as admin:
        for name in left:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    found = [one.message for one in tenants.doctor(tenant) if one.check == "databases"]
    assert {message.partition(":")[0] for message in found} == set(left)
