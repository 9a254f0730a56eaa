"""Upgrades with a fake for Odoo: a tenant runs the new release whole, or the old one as before."""

from __future__ import annotations

import errno
import re
from dataclasses import replace

import psycopg
import pytest

from smarter_connector.clock import FakeClock
from smarter_connector.exceptions import StoreUnavailable
from smarter_connector.provisioning import audit_role
from smarter_connector.registry import InvalidRequest
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import (
    doctor,
    filestore,
    restore_points,
    upgrade_checks,
    upgrade_one,
)
from smarter_connector.tenants.databases import Databases
from smarter_connector.tenants.upgrade_steps import STEPS
from smarter_domain.tenancy import scratch_name
from tests.tenants import keeping, killing
from tests.tenants.upgrading import COLUMN, FIRST, FIRST_DATABASE, Bed

POINTS = (
    "upgrade:maintenance", "upgrade:close", "upgrade:copied", "upgrade:odoo", "upgrade:check",
    "upgrade:aside", "upgrade:renamed", "upgrade:owner", "upgrade:publish",
)  # fmt: skip
PARTNERS = "SELECT count(*) FROM res_partner"


@pytest.fixture
def tenant(bed: Bed) -> str:
    """One tenant of release 1.0, and release 2.0 to go to."""
    bed.release("2.0")
    return bed.tenant().slug


def test_every_step_and_every_point_within_is_killed():
    assert {f"upgrade:{step.name}" for step in STEPS} <= set(POINTS)


def test_an_upgraded_tenant_has_the_new_schema_and_all_that_was_its_own(bed: Bed, tenant):
    before = bed.row()
    partners = bed.ask(PARTNERS)
    (outcome,) = bed.upgrade("2.0", tenant).outcomes
    assert (outcome.state, outcome.modules) == ("upgraded", ("smarter_base", "smarter_events"))
    after = bed.row()
    assert (after.release, after.maintenance, after.uuid) == ("2.0", None, before.uuid)
    assert after.modules["smarter_base"] != before.modules["smarter_base"]
    assert bed.has_column()
    assert bed.ask(PARTNERS) == partners
    assert bed.platform.filestore(FIRST_DATABASE).joinpath("ab", "abcd").is_file()


def test_the_tenant_is_odoos_again_and_the_restore_point_nobodys(bed: Bed, tenant):
    (outcome,) = bed.upgrade("2.0", tenant).outcomes
    databases, point = bed.platform.databases, outcome.restore_point
    assert bed.points() == [point]
    assert (databases.owner(FIRST_DATABASE), databases.owner(point)) == ("odoo", "smarteros_admin")
    with bed.platform.admin(FIRST_DATABASE) as connection:
        assert audit_role(connection, "smarteros_connector") == []
        query = "SELECT has_database_privilege('public', current_database(), 'CONNECT')"
        assert connection.execute(query).fetchone() == (False,)
    with pytest.raises(StoreUnavailable):
        bed.platform.admin(point)
    databases.allow_connections(point, True)
    assert not bed.has_column(point)
    assert databases.filestore(point).is_dir()


def test_a_second_upgrade_to_the_same_release_changes_nothing(bed: Bed, tenant):
    bed.upgrade("2.0", tenant)
    history = bed.platform.registry.history(bed.row().id)
    (outcome,) = bed.upgrade("2.0", tenant).outcomes
    assert outcome.state == "unchanged"
    assert bed.platform.registry.history(bed.row().id) == history


def test_the_same_code_under_another_name_needs_no_odoo_and_no_interruption(bed: Bed, tenant):
    bed.upgrade("2.0", tenant)
    with bed.platform.admin(FIRST_DATABASE) as working:
        bed.release("2.0-again")
        (outcome,) = bed.upgrade("2.0-again", tenant).outcomes
        assert working.execute("SELECT 1").fetchone() == (1,)
    assert (outcome.state, bed.row().release) == ("switched", "2.0-again")


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_it_is_not_served_in_between_and_running_it_again_completes(
    bed: Bed, tenant, killed, point: str
):
    killed(point, lambda: bed.upgrade("2.0", tenant))
    row = bed.row()
    if point == "upgrade:publish":
        assert (row.release, row.maintenance) == ("2.0", None)
    else:
        assert (row.release, row.maintenance) == ("1.0", "upgrade to release 2.0")
    bed.upgrade("2.0", tenant)
    row = bed.row()
    assert (row.release, row.maintenance) == ("2.0", None)
    assert bed.has_column()
    assert bed.platform.filestore(FIRST_DATABASE).joinpath("ab", "abcd").is_file()
    assert bed.left_over() == []
    assert len(bed.points()) == 1
    assert bed.platform.registry.open_operation(row.id) is None
    assert bed.platform.databases.owner(FIRST_DATABASE) == "odoo"


@pytest.mark.parametrize(
    "point", ["upgrade:close", "upgrade:aside", "upgrade:owner", "upgrade:publish"]
)
def test_killed_anywhere_another_release_may_be_asked_for(bed: Bed, tenant, killed, point: str):
    bed.release("3.0", "ALTER TABLE res_partner ADD COLUMN third text", version="19.0.3.0.0")
    killed(point, lambda: bed.upgrade("2.0", tenant))
    (outcome,) = bed.upgrade("3.0", tenant).outcomes
    row = bed.row()
    assert (outcome.state, row.release, row.maintenance) == ("upgraded", "3.0", None)
    # What was taken back has left nothing; what was published is the ground of the next.
    assert bed.has_column() == (point == "upgrade:publish")
    assert bed.left_over() == []
    assert bed.ask("SELECT count(third) FROM res_partner") == 0


def test_a_suspension_during_a_killed_upgrade_reaches_the_upgraded_tenant(bed: Bed, tenant, killed):
    killed("upgrade:odoo", lambda: bed.upgrade("2.0", tenant))
    row = bed.row()
    bed.platform.registry.update(row.id, "suspended", status="suspended", status_reason="sin pago")
    bed.upgrade("2.0", tenant)
    assert bed.ask("SELECT status || ': ' || status_reason FROM smarter_tenant") == (
        "suspended: sin pago"
    )


def test_from_the_close_to_the_end_nobody_can_connect(bed: Bed, tenant, killed):
    killed("upgrade:close", lambda: bed.upgrade("2.0", tenant))
    with pytest.raises(StoreUnavailable, match="not currently accepting connections"):
        bed.platform.admin(FIRST_DATABASE)


def test_odoos_servers_do_not_own_the_copy_while_it_is_made(bed: Bed, tenant, killed):
    killed("upgrade:odoo", lambda: bed.upgrade("2.0", tenant))
    (copy,) = bed.left_over()
    assert bed.platform.databases.owner(copy) == "smarteros_admin"


HARM = (
    ("DELETE FROM res_partner", "res_partner lost rows: 3 before, 0 now"),
    ("DROP TABLE smarter_subscription CASCADE", "smarter_subscription lost rows"),
    ("UPDATE ir_config_parameter SET value = 'x' WHERE key = 'database.uuid'", "its uuid"),
    ("UPDATE smarter_tenant SET rut = '11111111-1'", "it is of 11111111-1"),
    ("UPDATE smarter_outbox_state SET tenant_rut = ''", "answers as another tenant"),
    ("UPDATE ir_module_module SET state = 'to upgrade' WHERE name = 'base'", "unfinished: base"),
    ("UPDATE ir_module_module SET latest_version = '1'", "smarter_base is 1, not 19.0.2.0.0"),
    ("UPDATE ir_module_module SET state = 'uninstalled'", "without installing smarter_base"),
    ("DROP FUNCTION smarteros.settle(jsonb)", "function smarteros.settle"),
    ("GRANT SELECT ON res_users TO smarteros_connector WITH GRANT OPTION;"
     "GRANT UPDATE (login) ON res_users TO PUBLIC", "may reach the table"),
)  # fmt: skip


def test_the_checks_refuse_whatever_an_upgrade_may_have_spoilt(bed: Bed, tenant):
    bed.upgrade("2.0", tenant)
    row, release = bed.row(), bed.platform.registry.release("2.0")
    bed.ask("INSERT INTO smarter_subscription (name, target) VALUES ('n8n', 'n8n') RETURNING id")
    with bed.platform.admin(FIRST_DATABASE) as connection:
        before = upgrade_checks.row_counts(connection)
    for harm, message in HARM:
        copy = scratch_name("5c8ec4ed")
        bed.platform.databases.clone(FIRST_DATABASE, copy)
        with bed.platform.admin(copy) as connection:
            connection.execute(harm)
        with pytest.raises((StepFailed, psycopg.Error), match=re.escape(message)):
            upgrade_checks.check(bed.platform, copy, row, release, ["smarter_base"], before)


@pytest.mark.parametrize("harm", ["DELETE FROM res_partner", "THIS IS NO SQL"])
def test_an_upgrade_that_does_harm_is_taken_back(bed: Bed, harm: str):
    bed.tenant()
    before, partners = bed.row(), bed.ask(PARTNERS)
    bed.release("2.0", f"{COLUMN}; {harm}")
    (outcome,) = bed.upgrade("2.0", FIRST).outcomes
    assert outcome.state == "failed"
    after = bed.row()
    assert replace(after, updated_at=before.updated_at) == before
    assert bed.ask(PARTNERS) == partners
    assert not bed.has_column()
    assert (bed.left_over(), bed.points()) == ([], [])
    assert bed.platform.databases.owner(FIRST_DATABASE) == "odoo"


def test_what_failed_is_told_in_the_history_and_may_be_tried_again(bed: Bed):
    bed.tenant()
    bed.release("2.0", fails=True)
    (outcome,) = bed.upgrade("2.0", FIRST).outcomes
    assert "UserError: the migration failed" in outcome.error
    (line, *_) = bed.platform.registry.history(bed.row().id)
    assert (line.event, line.detail["to"]) == ("upgrade failed", "2.0")
    bed.release("2.1")
    assert bed.upgrade("2.1", FIRST).outcomes[0].state == "upgraded"


def test_a_failure_that_cannot_be_taken_back_keeps_the_page_up_until_the_next_run(
    bed: Bed, monkeypatch
):
    bed.tenant()
    bed.release("2.0", fails=True)

    def away(*_):
        raise psycopg.OperationalError("the server is away")

    with monkeypatch.context() as patch:
        patch.setattr(upgrade_one, "undo", away)
        (outcome,) = bed.upgrade("2.0", FIRST).outcomes
    assert "could not be taken back (the server is away): run the command again" in outcome.error
    assert bed.row().maintenance == "upgrade to release 2.0"
    bed.release("2.1")
    assert bed.upgrade("2.1", FIRST).outcomes[0].state == "upgraded"
    assert bed.row().maintenance is None


def test_a_note_that_is_lost_after_the_switch_takes_nothing_back(bed: Bed, tenant, monkeypatch):
    def lost(*_, **__):
        raise StoreUnavailable("the registry is away")

    with monkeypatch.context() as patch:
        patch.setattr(type(bed.platform.registry), "finish", lost)
        (outcome,) = bed.upgrade("2.0", tenant).outcomes
    assert outcome.state == "upgraded"
    assert (bed.row().release, bed.has_column()) == ("2.0", True)
    bed.upgrade("2.0", tenant)
    assert bed.platform.registry.open_operation(bed.row().id) is None


def test_who_works_on_the_tenant_is_not_disturbed(bed: Bed, tenant):
    with bed.platform.registry.lock(tenant):
        (outcome,) = bed.upgrade("2.0", tenant).outcomes
    assert outcome.state == "failed"
    assert "another process works" in outcome.error
    assert bed.row().release == "1.0"


def test_a_tenant_with_unfinished_work_or_in_maintenance_is_left_alone(bed: Bed, tenant):
    registry = bed.platform.registry
    operation = registry.begin(bed.row().id, "install")
    (outcome,) = bed.upgrade("2.0", tenant).outcomes
    assert "the last install of" in outcome.error
    registry.finish(operation)
    registry.update(bed.row().id, "maintenance", maintenance="by hand")
    (outcome,) = bed.upgrade("2.0", tenant).outcomes
    assert "is in maintenance: by hand" in outcome.error
    assert bed.row().maintenance == "by hand"


def test_a_backup_is_made_first_and_its_failure_stops_the_upgrade(bed: Bed, tenant):
    made = []
    bed.release("2.0-full", COLUMN + "; SELECT 1")

    def broken(platform, row):
        raise StoreUnavailable("no room for the backup")

    (outcome,) = bed.upgrade("2.0", tenant, backup=broken).outcomes
    assert (outcome.state, outcome.error) == ("failed", "no room for the backup")
    assert (bed.row().release, bed.row().maintenance) == ("1.0", None)
    bed.upgrade("2.0", tenant, backup=lambda platform, row: made.append(row.slug))
    assert made == [tenant]


def test_restore_points_go_when_their_time_is_over_unless_they_are_kept(bed: Bed, tenant):
    bed.upgrade("2.0", tenant)
    bed.release("3.0", "SELECT 3", version="19.0.3.0.0")
    bed.upgrade("3.0", tenant, keep=True)
    (old, kept) = sorted(restore_points.list_(bed.platform), key=lambda point: point.operation)
    clock = FakeClock(old.made_at.timestamp() + 24 * 3600 - 60)
    later = replace(bed.platform, clock=clock)
    assert restore_points.sweep(later) == []
    clock.advance(3600)
    told = [one.message for one in doctor(later) if one.check == "restore points"]
    assert [text.partition(":")[0] for text in told] == [old.database]
    assert restore_points.sweep(later) == [old.database]
    restore_points.drop(later, kept.database)
    assert bed.points() == []


def test_only_restore_points_can_be_dropped_as_such(bed: Bed, tenant, killed):
    killed("upgrade:aside", lambda: bed.upgrade("2.0", tenant))
    (point,) = bed.points()
    for name in (point, FIRST_DATABASE, "postgres", "pre_1_1; x"):
        with pytest.raises(InvalidRequest):
            restore_points.drop(bed.platform, name)
    assert bed.points() == [point]


def test_ordering_the_release_it_came_from_gives_a_killed_upgrade_up(bed: Bed, tenant, killed):
    before = bed.row()
    killed("upgrade:owner", lambda: bed.upgrade("2.0", tenant))
    (outcome,) = bed.upgrade("1.0", tenant).outcomes
    after = bed.row()
    assert outcome.state == "unchanged"
    assert replace(after, updated_at=before.updated_at) == before
    assert not bed.has_column()
    assert (bed.left_over(), bed.points()) == ([], [])


def test_a_full_disk_is_told_and_the_tenant_served_as_before(bed: Bed, tenant, monkeypatch):
    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    before = bed.row()
    with monkeypatch.context() as patch:
        patch.setattr(filestore, "replace", full)
        (outcome,) = bed.upgrade("2.0", tenant).outcomes
    assert "upgrade, step odoo: No space left on device" in outcome.error
    assert replace(bed.row(), updated_at=before.updated_at) == before
    assert bed.left_over() == []
    assert bed.upgrade("2.0", tenant).outcomes[0].state == "upgraded"


def test_a_restart_of_postgresql_in_the_middle_is_told_and_the_next_try_completes(
    bed: Bed, tenant, small_server, monkeypatch
):
    original = Databases.copy_filestore

    def restarted(self, source, target):
        original(self, source, target)
        small_server.stop()

    with monkeypatch.context() as patch:
        patch.setattr(Databases, "copy_filestore", restarted)
        try:
            (outcome,) = bed.upgrade("2.0", tenant).outcomes
        finally:
            small_server.start()
    assert outcome.state == "failed"
    assert "run the command again" in outcome.error
    assert bed.row().maintenance == "upgrade to release 2.0"
    assert bed.upgrade("2.0", tenant).outcomes[0].state == "upgraded"
    assert (bed.has_column(), bed.row().maintenance, bed.left_over()) == (True, None, [])


def test_where_backups_are_set_up_one_of_the_old_release_is_taken(bed: Bed, tenant, tmp_path):
    bed = Bed(keeping.with_backups(bed.platform, tmp_path), bed.folder)
    assert bed.upgrade("2.0", tenant).outcomes[0].state == "upgraded"
    (row,) = bed.platform.registry.backups(bed.row().id)
    assert row.release == "1.0"
    bed.upgrade("2.0", tenant)
    assert bed.platform.registry.backups(bed.row().id) == [row]


@pytest.mark.parametrize("fails", [False, True])
def test_whoever_lost_the_lock_neither_publishes_nor_takes_back(
    bed: Bed, tenant, monkeypatch, fails: bool
):
    original = Databases.copy_filestore

    def cut(self, source, target):
        original(self, source, target)
        killing.end_locks(bed.platform)
        if fails:
            raise StepFailed("out of sorts")

    with monkeypatch.context() as patch:
        patch.setattr(Databases, "copy_filestore", cut)
        (outcome,) = bed.upgrade("2.0", tenant).outcomes
    assert re.search("lock on .* was lost.*run the command again", outcome.error)
    assert (bed.row().release, bed.row().maintenance) == ("1.0", "upgrade to release 2.0")
    assert (bed.points(), len(bed.left_over())) == ([], 1)
    assert bed.upgrade("2.0", tenant).outcomes[0].state == "upgraded"
    assert (bed.row().maintenance, bed.left_over()) == (None, [])
