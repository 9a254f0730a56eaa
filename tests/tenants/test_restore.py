"""Restores to the same tenant: all of the backup, or the tenant as it was."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import psycopg
import pyrage
import pytest

from smarter_connector.exceptions import ConfigurationError, ConnectorError
from smarter_connector.provisioning import audit_role
from smarter_connector.registry import Busy, InvalidRequest, TenantRow
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import (
    archive_reader,
    create,
    doctor,
    readers,
    restore_login,
    restore_points,
    restore_steps,
    suspend,
)
from smarter_connector.tenants.archive import BadArchive
from smarter_connector.tenants.backup import backup
from smarter_connector.tenants.databases import Databases
from smarter_connector.tenants.outbox_state import release_deliveries
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.restore import restore
from smarter_connector.tenants.restore_steps import STEPS
from tests.tenants import keeping
from tests.tenants.keeping import DATABASE, Kept

MODULE = import_module("smarter_connector.tenants.restore")
ROUTE = ("mi-empresa-spa.example.cl", DATABASE)
BACK = ["before the backup"]
LATER = [*BACK, "after the backup"]
POINTS = (*(f"restore:{step.name}" for step in STEPS), "restore:aside", "restore:renamed")


@pytest.fixture
def own(kept: Kept) -> Platform:
    return kept.platform


@pytest.fixture
def saved(kept: Kept) -> TenantRow:
    """The tenant with a backup, and something that happened after it."""
    tenant = kept.tenant()
    keeping.sell(kept.platform, "after the backup")
    return tenant


def maintained(platform: Platform) -> list[str | None]:
    return [tenant.maintenance for tenant in platform.registry.tenants()]


def test_the_tenant_is_as_it_was_at_the_backup_and_served(own: Platform, saved, routes):
    done = restore(own, saved.rut)
    assert keeping.sales(own) == BACK
    assert (routes(), maintained(own)) == ({ROUTE}, [None])
    assert own.databases.owner(DATABASE) == "odoo"
    assert done.tenant.uuid == saved.uuid
    assert (own.filestore(DATABASE) / "ab" / "abcd").read_bytes() == b"a stored file"
    with own.admin(DATABASE) as connection:
        assert audit_role(connection, "smarteros_connector") == []
    assert own.databases.names("new_") == ()


def test_what_was_there_before_is_the_restore_point(own: Platform, saved):
    done = restore(own, saved.id)
    assert keeping.sales(own, done.restore_point) == LATER
    assert own.databases.owner(done.restore_point) == own.settings.pg_admin_user
    assert (own.filestore(done.restore_point) / "ab" / "abcd").exists()


def test_deliveries_are_held_under_a_new_epoch_until_they_are_released(own: Platform, saved):
    restore(own, saved.id)
    with own.admin(DATABASE) as connection:
        epoch, held, reason = keeping.outbox(connection)
        assert (epoch, held) == (2, True)
        assert reason.startswith("Restored from the backup of 20")
        release_deliveries(own, saved.id)
        release_deliveries(own, saved.id)
        assert keeping.outbox(connection) == (2, False, None)
    events = [line.event for line in own.registry.history(saved.id)]
    assert events.count("deliveries released") == 1


def test_signing_keys_stay_because_it_is_the_same_database(own: Platform, saved):
    restore(own, saved.id)
    query = "SELECT secret FROM smarter_subscription_key"
    assert keeping.column(own, query) == ["whsec_of-flows"]


def test_a_second_restore_outranks_the_first_whatever_the_backup_says(own: Platform, saved):
    first = own.registry.backups(saved.id)[0]
    assert [restore(own, saved.id, backup=first.id).epoch for _ in range(3)] == [2, 3, 4]
    own.databases.drop(DATABASE)
    assert restore(own, saved.id, backup=first.id).epoch == 5


def test_what_changed_in_the_registry_since_holds(own: Platform, saved):
    suspend(own, saved.id, "unpaid")
    done = restore(own, saved.id)
    assert done.tenant.status == "suspended"
    query = "SELECT status || ' ' || status_reason FROM smarter_tenant"
    assert keeping.column(own, query) == ["suspended unpaid"]


def test_the_warehouse_is_filled_again_by_the_feeds_that_lead_there(
    own: Platform, saved, monkeypatch
):
    cleared: list[str] = []
    monkeypatch.setattr(readers, "clear", lambda platform, rut: cleared.append(rut))
    restore(own, saved.id)
    query = """SELECT target FROM smarter_backfill b
               JOIN smarter_subscription s ON s.id = b.subscription_id WHERE b.state = 'pending'"""
    assert (cleared, keeping.column(own, query)) == ([saved.rut], ["warehouse"])


def test_a_lost_database_comes_back_without_a_restore_point(own: Platform, saved, routes):
    own.databases.drop(DATABASE)
    done = restore(own, saved.id)
    assert (keeping.sales(own), done.restore_point) == (BACK, None)
    assert routes() == {ROUTE}


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_running_it_again_completes(
    own: Platform, saved, routes, killed, point: str
):
    killed(point, lambda: restore(own, saved.id))
    (maintenance,) = maintained(own)
    if maintenance is None:
        assert keeping.sales(own) == (BACK if point == "restore:serve" else LATER)
    done = restore(own, saved.id)
    assert (keeping.sales(own), maintained(own)) == (BACK, [None])
    assert keeping.sales(own, done.restore_point) == LATER
    assert routes() == {ROUTE}
    assert (own.filestore(DATABASE) / "ab" / "abcd").exists()
    assert own.databases.names("new_") == ()
    assert own.registry.open_operation(saved.id) is None


@pytest.mark.parametrize("point", ["restore:adopt", "restore:aside", "restore:swap"])
def test_killed_and_asked_for_another_backup_the_first_is_taken_back(
    own: Platform, saved, killed, point: str
):
    later = backup(own, saved.id)
    first = own.registry.backups(saved.id)[-1]
    killed(point, lambda: restore(own, saved.id, backup=first.id))
    done = restore(own, saved.id, backup=later.id)
    assert keeping.sales(own) == LATER
    assert keeping.sales(own, done.restore_point) == LATER


@pytest.mark.parametrize("step", ["adopt", "grants", "close", "swap", "warehouse"])
def test_a_step_that_fails_leaves_the_tenant_as_it_was(
    own: Platform, saved, routes, monkeypatch, step: str
):
    def fail(*_):
        raise StepFailed("out of sorts")

    place = [one.name for one in STEPS].index(step)
    broken = (*STEPS[:place], restore_steps.Step(step, fail), *STEPS[place + 1 :])
    with monkeypatch.context() as patch:
        patch.setattr(MODULE, "STEPS", broken)
        with pytest.raises(StepFailed, match="out of sorts"):
            restore(own, saved.id)
    assert (keeping.sales(own), maintained(own), routes()) == (LATER, [None], {ROUTE})
    assert own.databases.names("new_") == own.databases.names("pre_") == ()
    assert (own.filestore(DATABASE) / "ab" / "abcd").exists()
    assert own.registry.history(saved.id)[0].event == "restore failed"


def test_what_cannot_be_put_back_at_once_is_put_back_by_the_next_run(
    own: Platform, saved, monkeypatch
):
    def fail(*_):
        raise StepFailed("out of sorts")

    with monkeypatch.context() as patch:
        broken = (*STEPS[:6], restore_steps.Step("warehouse", fail), STEPS[7])
        patch.setattr(MODULE, "STEPS", broken)
        patch.setattr(Databases, "drop", fail)
        with pytest.raises(StepFailed, match="could not be taken back.*run the command again"):
            restore(own, saved.id)
    assert maintained(own) != [None]
    done = restore(own, saved.id)
    assert (keeping.sales(own), maintained(own)) == (BACK, [None])
    assert keeping.sales(own, done.restore_point) == LATER


# -- archives that must not be restored --


def assert_untouched(platform: Platform, tenant) -> None:
    assert (keeping.sales(platform), maintained(platform)) == (LATER, [None])
    assert platform.databases.names("new_") == platform.databases.names("pre_") == ()
    assert not platform.filestore(f"new_{tenant.id}").exists()


def test_another_key_is_refused(own: Platform, saved, tmp_path: Path):
    other = tmp_path / "other"
    other.write_text(str(pyrage.x25519.Identity.generate()))
    changed = keeping.with_backups(own, tmp_path, backup_identity_file=other)
    with pytest.raises(BadArchive, match="another key"):
        restore(changed, saved.id)
    assert_untouched(own, saved)


def test_without_a_key_nothing_is_begun(own: Platform, saved, tmp_path: Path):
    with pytest.raises(ConfigurationError, match="private key"):
        restore(keeping.with_backups(own, tmp_path, backup_identity_file=None), saved.id)
    assert_untouched(own, saved)


@pytest.mark.parametrize("size", [-1, 9000, 0])
def test_an_archive_that_was_cut_off_is_refused(own: Platform, saved, size: int):
    path = Path(own.registry.backups(saved.id)[0].path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(BadArchive, match="SHA-256"):
        restore(own, saved.id)
    assert_untouched(own, saved)


def test_an_archive_cut_off_behind_its_hash_is_refused_by_its_encryption(
    own: Platform, saved, monkeypatch
):
    path = Path(own.registry.backups(saved.id)[0].path)
    path.write_bytes(path.read_bytes()[:-1])
    monkeypatch.setattr(restore_steps, "check_file", lambda *_: None)
    with pytest.raises(BadArchive, match="altered or cut off"):
        restore(own, saved.id)
    assert_untouched(own, saved)


def test_an_archive_of_another_rut_or_database_is_refused(own: Platform, saved):
    other = create(own, keeping.replace_request(rut="12.345.678-5", name="Otra SpA")).tenant
    foreign = backup(own, other.id)
    with pytest.raises(InvalidRequest, match="not one of mi-empresa-spa"):
        restore(own, saved.id, backup=foreign.id)
    with pytest.raises(BadArchive, match="of production 12345678-5, not of 77654321-7"):
        restore(own, saved.id, file=Path(foreign.path), sha256=foreign.sha256)
    own.registry.update(saved.id, "test", uuid="of-another-database")
    with pytest.raises(BadArchive, match="another database of 77654321-7"):
        restore(own, saved.id)
    assert keeping.sales(own) == LATER
    assert own.databases.names("new_") == own.databases.names("pre_") == ()


def test_a_file_is_restored_only_with_the_hash_it_must_have(own: Platform, saved):
    row = own.registry.backups(saved.id)[0]
    own.registry.remove_backup(row.id)
    for wrong in ("", "x", "0" * 63):
        with pytest.raises(InvalidRequest, match="SHA-256"):
            restore(own, saved.id, file=Path(row.path), sha256=wrong)
    with pytest.raises(BadArchive, match="SHA-256"):
        restore(own, saved.id, file=Path(row.path), sha256="0" * 64)
    assert_untouched(own, saved)
    restore(own, saved.id, file=Path(row.path), sha256=row.sha256.upper())
    assert keeping.sales(own) == BACK


def test_without_a_backup_there_is_nothing_to_restore(own: Platform, saved):
    own.registry.remove_backup(own.registry.backups(saved.id)[0].id)
    with pytest.raises(InvalidRequest, match="no backup of mi-empresa-spa"):
        restore(own, saved.id)


def test_a_release_that_no_server_runs_is_named(own: Platform, saved, monkeypatch):
    from smarter_connector.registry import Registry

    monkeypatch.setattr(Registry, "releases", lambda *_, **__: [])
    with pytest.raises(InvalidRequest, match="release '1.0', which is not in use"):
        restore(own, saved.id)
    assert_untouched(own, saved)


def test_a_full_disk_for_files_or_for_postgresql_leaves_nothing(own: Platform, saved, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device", "x")

    def full_server(*_, **__):
        raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    for place, name, how in (
        (archive_reader.Folder, "open", full),
        (Databases, "clone", full_server),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, name, how)
            with pytest.raises(StepFailed, match="step unpack.*(No space|disk is full)"):
                restore(own, saved.id)
        assert_untouched(own, saved)


def test_other_work_that_is_unfinished_goes_first(own: Platform, saved):
    own.registry.begin(saved.id, "upgrade")
    with pytest.raises(Busy, match="upgrade of mi-empresa-spa is not finished"):
        restore(own, saved.id)
    with own.registry.lock(saved.id), pytest.raises(ConnectorError, match="another process"):
        restore(own, saved.id)
    assert_untouched(own, saved)


# -- the login that restores --


def roles(platform: Platform) -> list[str]:
    with platform.admin() as admin:
        query = "SELECT rolname FROM pg_roles WHERE starts_with(rolname, 'restore_')"
        return [name for (name,) in admin.execute(query).fetchall()]


def logins(platform: Platform) -> list[str]:
    return [one.message for one in doctor(platform) if one.check == "logins"]


@pytest.fixture
def left_login(own: Platform, saved, killed) -> Iterator[str]:
    """What a restore leaves that is killed while it restores."""

    def work() -> None:
        with restore_login.restore_login(own, f"new_{saved.id}"):
            os.kill(os.getpid(), signal.SIGKILL)

    killed("restoring", work)
    yield f"restore_new_{saved.id}"
    with own.admin() as admin:
        admin.execute(f"DROP ROLE IF EXISTS restore_new_{saved.id}")


def test_a_login_that_was_left_is_reported_and_dropped_once_it_has_ended(
    own: Platform, left_login: str
):
    assert [text.partition(":")[0] for text in logins(own)] == [left_login]
    restore_points.sweep(own)
    assert roles(own) == [left_login]
    with own.admin() as admin:
        admin.execute(f"ALTER ROLE {left_login} VALID UNTIL '2020-01-01'")
    restore_points.sweep(own)
    assert (roles(own), logins(own)) == ([], [])


def test_a_login_ends_by_itself_within_the_hour(own: Platform, left_login: str):
    with own.admin() as admin:
        query = """SELECT rolvaliduntil - now() BETWEEN interval '50 min' AND interval '1 hour'
                   FROM pg_roles WHERE rolname = %s"""
        assert admin.execute(query, [left_login]).fetchone() == (True,)


def test_a_role_of_another_kind_is_left_alone(own: Platform, saved):
    with own.admin() as admin:
        admin.execute("CREATE ROLE restore_of_somebody_else LOGIN")
    try:
        restore_points.sweep(own)
        assert (roles(own), logins(own)) == (["restore_of_somebody_else"], [])
    finally:
        with own.admin() as admin:
            admin.execute("DROP ROLE restore_of_somebody_else")
