"""Deleting: not served at once, brought back for a while, gone for good after it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from smarter_connector.registry import Busy, Conflict, InvalidRequest, TenantRow, UnknownTenant
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import CreateRequest, create, readers, suspend
from smarter_connector.tenants.backup import backup
from smarter_connector.tenants.delete import DELETE_STEPS, UNDELETE_STEPS, delete, undelete
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.purge import STEPS, due, purge
from tests.tenants import keeping
from tests.tenants.keeping import DATABASE, REQUEST, Kept

RUT = "77.654.321-7"
ROUTE = ("mi-empresa-spa.example.cl", DATABASE)


@dataclass(frozen=True)
class Later:
    """A clock that is so many days ahead."""

    days: float
    inner: object

    def time(self) -> float:
        return self.inner.time() + self.days * 86400

    def monotonic(self) -> float:
        return self.inner.monotonic()


@pytest.fixture
def own(kept: Kept) -> Platform:
    return kept.platform


@pytest.fixture
def tenant(kept: Kept) -> TenantRow:
    """With one backup."""
    return kept.tenant()


def after(platform: Platform, days: float) -> Platform:
    return Platform(platform.settings, actor="tests", clock=Later(days, platform.clock))


def served_names(platform: Platform) -> tuple[str, ...]:
    return tuple(
        name for name in platform.databases.names() if platform.databases.owner(name) == "odoo"
    )


def test_a_deleted_tenant_is_out_of_reach_and_kept(own: Platform, tenant, routes):
    done = delete(own, tenant.rut, reason="end of contract")
    assert (done.status, done.database) == ("deleted", f"del_{tenant.id}")
    assert done.purge_after - done.deleted_at == timedelta(days=30)
    assert (routes(), served_names(own)) == (set(), ())
    assert not own.databases.allows_connections(done.database)
    assert (own.filestore(done.database) / "ab" / "abcd").exists()


def test_its_rut_slug_and_host_stay_its_own(own: Platform, tenant):
    delete(own, tenant.id)
    for request in (
        REQUEST,
        CreateRequest(rut="12.345.678-5", name="Mi Empresa SpA", admin_email="a@example.cl"),
    ):
        with pytest.raises(Conflict):
            create(own, request)


@pytest.mark.parametrize("status", ["active", "suspended"])
def test_it_comes_back_as_it_was(own: Platform, tenant, routes, status: str):
    if status == "suspended":
        suspend(own, tenant.id, "unpaid")
    delete(own, tenant.id)
    done = undelete(own, RUT)
    assert (done.status, done.database, done.purge_after) == (status, DATABASE, None)
    assert (routes(), served_names(own)) == ({ROUTE}, (DATABASE,))
    assert keeping.sales(own) == ["before the backup"]
    assert keeping.column(own, "SELECT status FROM smarter_tenant") == [status]


@pytest.mark.parametrize(
    "point", [*(f"delete:{step.name}" for step in DELETE_STEPS), "delete:renamed"]
)
def test_a_deletion_killed_anywhere_serves_nothing_and_is_completed(
    own: Platform, tenant, routes, killed, point: str
):
    killed(point, lambda: delete(own, tenant.id))
    assert routes() == set()
    assert delete(own, tenant.id).database == f"del_{tenant.id}"
    assert served_names(own) == ()
    assert undelete(own, tenant.id).status == "active"
    assert routes() == {ROUTE}


@pytest.mark.parametrize(
    "point", [*(f"undelete:{step.name}" for step in UNDELETE_STEPS), "undelete:renamed"]
)
def test_bringing_back_killed_anywhere_is_completed(
    own: Platform, tenant, routes, killed, point: str
):
    delete(own, tenant.id)
    killed(point, lambda: undelete(own, tenant.id))
    if point != "undelete:serve":
        assert routes() == set()
    assert undelete(own, tenant.id).database == DATABASE
    assert (routes(), served_names(own)) == ({ROUTE}, (DATABASE,))
    assert keeping.sales(own) == ["before the backup"]


def test_only_what_is_served_is_deleted_and_only_what_is_deleted_comes_back(own, tenant):
    with pytest.raises(InvalidRequest, match="is active"):
        undelete(own, tenant.id)
    delete(own, tenant.id)
    with pytest.raises(InvalidRequest, match="is deleted"):
        delete(own, tenant.id)


def test_unfinished_work_goes_first(own: Platform, tenant):
    own.registry.begin(tenant.id, "upgrade")
    with pytest.raises(Busy, match="upgrade of mi-empresa-spa is not finished"):
        delete(own, tenant.id)


def test_a_stranger_with_its_name_is_not_taken_for_it(own: Platform, tenant):
    delete(own, tenant.id)
    with own.admin() as admin:
        admin.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    with pytest.raises(StepFailed, match="does not know"):
        undelete(own, tenant.id)
    assert own.databases.exists(f"del_{tenant.id}")
    own.databases.drop(DATABASE)


# -- the end --


def test_nothing_is_purged_before_its_day_without_its_rut_typed(own: Platform, tenant):
    with pytest.raises(InvalidRequest, match="is active: delete it first"):
        purge(own, tenant.id, force_rut=RUT)
    delete(own, tenant.id)
    with pytest.raises(InvalidRequest, match="is kept until"):
        purge(own, tenant.id)
    with pytest.raises(InvalidRequest, match="is kept until"):
        purge(after(own, 29.9), tenant.id)
    for wrong in ("12.345.678-5", "77.654.321-8", "yes"):
        with pytest.raises(InvalidRequest, match="is not the RUT"):
            purge(own, tenant.id, force_rut=wrong)
    assert own.databases.exists(f"del_{tenant.id}")
    assert due(own) == []


def test_after_its_days_everything_is_gone_but_the_history(own: Platform, tenant, monkeypatch):
    left: list[str] = []
    monkeypatch.setattr(readers, "leave", lambda platform, rut: left.append(rut))
    path = Path(backup(own, tenant.id).path)
    own.settings.logs.mkdir(parents=True, exist_ok=True)
    log = own.settings.logs / f"odoo-shell-{DATABASE}.log"
    own.databases.clone(own.registry.templates()[0].database, f"pre_{tenant.id}_1")
    delete(own, tenant.id)
    log.with_name(f"odoo-shell-del_{tenant.id}.log").write_text("of the tenant")
    later = after(own, 30.1)
    assert [one.id for one in due(later)] == [tenant.id]
    done = purge(later, tenant.id)
    assert (done.status, done.database, done.uuid, done.hosts) == ("purged", None, None, ())
    names = own.databases.names()
    assert not [name for name in names if name.startswith(("t_", "del_", "pre_", "new_"))]
    assert not own.filestore(f"del_{tenant.id}").exists()
    assert (left, path.exists()) == ([tenant.rut], False)
    assert not list(own.settings.logs.glob(f"*del_{tenant.id}*"))
    event = own.registry.history(tenant.id)[0]
    assert (event.event, event.rut) == ("purged", tenant.rut)
    with pytest.raises(UnknownTenant):
        own.registry.tenant(RUT)


def test_the_rut_is_free_again_and_the_new_tenant_has_nothing_of_the_old(own: Platform, tenant):
    delete(own, tenant.id)
    purge(own, tenant.id, force_rut=RUT)
    made = create(own, REQUEST).tenant
    assert made.id != tenant.id
    assert made.uuid != tenant.uuid
    assert keeping.column(own, "SELECT to_regclass('sale')") == [None]


def test_backups_stay_when_that_is_asked_for(own: Platform, tenant):
    path = Path(backup(own, tenant.id).path)
    delete(own, tenant.id)
    purge(own, tenant.id, force_rut=RUT, keep_backups=True)
    assert path.exists()
    assert len(own.registry.backups(tenant.id)) == 2


@pytest.mark.parametrize("point", [f"purge:{step.name}" for step in STEPS])
def test_a_purge_killed_anywhere_is_completed(own: Platform, tenant, killed, point: str):
    delete(own, tenant.id)
    killed(point, lambda: purge(own, tenant.id, force_rut=RUT))
    assert purge(own, tenant.id).status == "purged"
    assert not own.databases.exists(f"del_{tenant.id}")
    assert own.registry.backups(tenant.id) == []
    assert own.registry.open_operation(tenant.id) is None
    events = [line.event for line in own.registry.history(tenant.id)]
    assert events.count("purged") == 1
