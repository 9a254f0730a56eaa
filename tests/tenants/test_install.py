"""Modules installed for one tenant: those of its release, in maintenance, all or none."""

from __future__ import annotations

import pytest

from smarter_connector import tenants
from smarter_connector.registry import InvalidRequest
from smarter_connector.registry.errors import Busy, StepFailed
from smarter_connector.tenants import CreateRequest, Platform

RUT, DATABASE = "77654321-7", "t_77654321_7"


@pytest.fixture
def tenant(little: Platform) -> str:
    request = CreateRequest(rut=RUT, name="Mi Empresa SpA", admin_email="dueno@example.cl")
    return tenants.create(little, request).tenant.slug


def test_what_was_installed_is_noted_with_its_digest(little: Platform, tenant):
    row = tenants.install(little, tenant, ["smarter_extra", "crm"])
    assert row.modules["smarter_extra"] == "d-extra"
    assert row.modules["crm"] == "build-1"
    assert row.maintenance is None


@pytest.mark.parametrize(
    "modules", [["stranger"], ["account_reports"], ["nowhere"], ["crm", "stranger"], [],
                ["crm,stranger"], ["--stop"], ["crm; reboot"]]
)  # fmt: skip
def test_a_module_outside_the_release_is_refused(little: Platform, tenant, modules):
    with pytest.raises(InvalidRequest):
        tenants.install(little, tenant, modules)
    row = little.registry.tenant(tenant)
    assert row.maintenance is None
    assert "crm" not in row.modules


def test_while_odoo_installs_the_tenant_is_in_maintenance(little: Platform, tenant, killed):
    killed("install:odoo", lambda: tenants.install(little, tenant, ["crm"]))
    row = little.registry.tenant(tenant)
    assert row.maintenance == "installing crm"
    row = tenants.install(little, tenant, ["crm"])
    assert (row.maintenance, "crm" in row.modules) == (None, True)


@pytest.mark.parametrize("point", ["install:maintenance", "install:record"])
def test_killed_anywhere_running_it_again_completes(little: Platform, tenant, killed, point):
    killed(point, lambda: tenants.install(little, tenant, ["crm"]))
    row = tenants.install(little, tenant, ["crm"])
    assert (row.maintenance, "crm" in row.modules) == (None, True)
    assert little.registry.open_operation(row.id) is None


def test_nothing_is_installed_while_another_operation_is_half_done(little: Platform, tenant):
    row = little.registry.tenant(tenant)
    little.registry.begin(row.id, "upgrade")
    with pytest.raises(Busy, match="upgrade"):
        tenants.install(little, tenant, ["crm"])


def test_anothers_maintenance_page_is_not_taken_away(little: Platform, tenant):
    row = little.registry.tenant(tenant)
    little.registry.update(row.id, "test", maintenance="upgrade to release 2.0")
    with pytest.raises(Busy, match="in maintenance"):
        tenants.install(little, tenant, ["crm"])
    assert little.registry.tenant(tenant).maintenance == "upgrade to release 2.0"


def test_a_failed_installation_is_told_in_odoos_words_and_the_tenant_served(
    little: Platform, tenant
):
    release = little.registry.release("1.0")
    broken = {**release.modules, "broken": {"version": "1", "digest": "b"}}
    little.registry.update_release("1.0", modules=broken)
    try:
        with pytest.raises(StepFailed, match="UserError: broken cannot be installed"):
            tenants.install(little, tenant, ["broken"])
    finally:
        little.registry.update_release("1.0", modules=release.modules)
    row = little.registry.tenant(tenant)
    assert row.maintenance is None
    assert little.registry.operations(row.id)[0].state == "failed"


@pytest.mark.odoo
def test_odoo_really_installs(platform: Platform, new_rut):
    request = CreateRequest(rut=new_rut(), name="Con Equipos SpA", admin_email="a@example.cl")
    made = tenants.create(platform, request)
    row = tenants.install(platform, made.tenant.slug, ["maintenance"])
    assert "maintenance" in row.modules
    findings = tenants.doctor(platform, [made.tenant.slug])
    assert [finding for finding in findings if finding.level == "error"] == []
