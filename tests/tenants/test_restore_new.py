"""A tenant made from an archive, where its RUT has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from smarter_connector.provisioning import audit_role
from smarter_connector.registry import Conflict
from smarter_connector.tenants.archive import BadArchive
from smarter_connector.tenants.backup import backup
from smarter_connector.tenants.delete import delete
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.purge import purge
from smarter_connector.tenants.restore_new import STEPS, restore_new
from smarter_connector.tenants.restore_steps import Source
from smarter_domain.rut import InvalidRut
from tests.tenants import keeping, small
from tests.tenants.keeping import DATABASE

RUT = "77.654.321-7"


@pytest.fixture
def own(little: Platform, tmp_path: Path) -> Platform:
    return keeping.with_backups(little, tmp_path)


@pytest.fixture
def lost(own: Platform):
    """``(archive, tenant)`` of a tenant that was purged since."""
    tenant = keeping.tenant(own)
    row = backup(own, tenant.id)
    delete(own, tenant.id)
    purge(own, tenant.id, force_rut=RUT, keep_backups=True)
    return Source(Path(row.path), row.sha256), tenant


def test_it_is_another_database_with_the_same_people_and_books(own: Platform, lost, routes):
    source, before = lost
    done = restore_new(own, RUT, source)
    assert keeping.sales(own) == ["before the backup"]
    assert (done.tenant.name, done.tenant.hosts) == (before.name, before.hosts)
    assert done.tenant.uuid not in (None, before.uuid)
    assert routes() == {("mi-empresa-spa.example.cl", DATABASE)}
    with own.admin(DATABASE) as connection:
        assert small.parameters(connection)["database.uuid"] == done.tenant.uuid
        assert keeping.outbox(connection)[:2] == (2, True)
        assert audit_role(connection, "smarteros_connector") == []
    (key,) = keeping.column(own, "SELECT secret FROM smarter_subscription_key")
    assert key.startswith("whsec_") and key != "whsec_of-flows"


@pytest.mark.parametrize(
    "point", [*(f"restore_new:{step.name}" for step in STEPS), "restore_new:renamed"]
)
def test_killed_anywhere_nothing_half_is_served_and_running_it_again_completes(
    own: Platform, lost, routes, killed, point: str
):
    killed(point, lambda: restore_new(own, RUT, lost[0]))
    if point != "restore_new:publish":
        assert routes() == set()
    done = restore_new(own, RUT, lost[0])
    assert routes() == {("mi-empresa-spa.example.cl", DATABASE)}
    assert keeping.sales(own) == ["before the backup"]
    assert own.registry.open_operation(done.tenant.id) is None
    assert own.databases.names("new_") == ()


def test_an_archive_of_another_rut_is_refused(own: Platform, lost):
    with pytest.raises(BadArchive, match="of 77654321-7, not of 12345678-5"):
        restore_new(own, "12.345.678-5", lost[0])
    with pytest.raises(InvalidRut):
        restore_new(own, "77.654.321-8", lost[0])
    assert own.registry.tenants() == []


def test_a_rut_that_has_a_tenant_is_refused(own: Platform):
    tenant = keeping.tenant(own)
    row = backup(own, tenant.id)
    with pytest.raises(Conflict, match="RUT belongs to another tenant"):
        restore_new(own, RUT, Source(Path(row.path), row.sha256))
    assert own.registry.tenant(RUT) == own.registry.tenant(tenant.id)
    assert keeping.sales(own) == ["before the backup"]


def test_another_file_than_the_one_vouched_for_is_refused(own: Platform, lost):
    with pytest.raises(BadArchive, match="SHA-256"):
        restore_new(own, RUT, Source(lost[0].path, "0" * 64))
    assert own.registry.tenants() == []
