"""Backups: whole, encrypted and proved, or not there at all."""

from __future__ import annotations

import resource
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import psycopg
import pyrage
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.registry import BackupRow, Busy, InvalidRequest
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import age, archive_reader, resume, suspend
from smarter_connector.tenants.archive import BadArchive
from smarter_connector.tenants.backup import STEPS, backup
from smarter_connector.tenants.backup_retention import Policy, keep, kept, prune
from smarter_connector.tenants.backup_verify import verify
from smarter_connector.tenants.platform import Platform
from tests.tenants import keeping, small
from tests.tenants.keeping import DATABASE
from tests.tenants.test_archive import Kept

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def tenant(_small: Platform):
    """One for all these tests: what they do to it, they undo."""
    yield keeping.tenant(_small)
    small.empty(_small)


@pytest.fixture
def own(_small: Platform, tenant, tmp_path: Path):
    yield keeping.with_backups(_small, tmp_path)
    for row in _small.registry.backups():
        _small.registry.remove_backup(row.id)


def archives(platform: Platform) -> list[Path]:
    return sorted(path for path in platform.settings.backups_dir.rglob("*") if path.is_file())


def scratches(platform: Platform) -> tuple[str, ...]:
    return platform.databases.names("scratch_")


def test_a_backup_is_one_encrypted_file_that_its_owner_alone_can_read(own: Platform, tenant):
    row = backup(own, tenant.rut)
    (path,) = archives(own)
    assert (str(path), path.stat().st_mode & 0o777) == (row.path, 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    data = path.read_bytes()
    assert data.startswith(b"age-encryption.org/v1\n")
    assert b"before the backup" not in data and b"a stored file" not in data
    assert (row.bytes, row.release, row.epoch) == (len(data), "1.0", 1)
    assert own.registry.history(tenant.id)[0].event == "backed up"


def test_the_archive_says_whose_it_is_and_what_it_holds(own: Platform, tenant):
    row = backup(own, tenant.id)
    keys = age.identities(own.settings.backup_identity_file)
    kept_ = Kept()
    with open(row.path, "rb") as file, age.decrypting(file, keys) as stream:
        manifest = archive_reader.read(stream, kept_)
    head = kept_.heads[0]
    assert (head.rut, head.uuid, head.hosts) == (tenant.rut, tenant.uuid, tenant.hosts)
    assert head.modules == tenant.modules
    assert kept_.dumped.startswith(b"PGDMP")
    assert "filestore/ab/abcd" in manifest.members
    assert manifest.rows["sale"] == len(keeping.sales(own))


def test_a_verified_backup_was_restored_counted_and_dropped_again(own: Platform, tenant):
    row = backup(own, tenant.id)
    keeping.sell(own, "after the backup")
    found = verify(own, row.id)
    assert found.backup.verified_at is not None
    assert (found.files, found.missing) == (1, 0)
    assert found.rows > 10
    assert scratches(own) == ()
    assert keeping.sales(own)[-1] == "after the backup"


def test_what_is_sold_while_the_backup_runs_is_not_half_in_it(own: Platform, tenant, monkeypatch):
    module = import_module("smarter_connector.tenants.backup")  # not the function of that name
    original = module.dumping

    @contextmanager
    def selling(platform, database, state):
        keeping.sell(own, "in the middle")
        with original(platform, database, state) as dump:
            yield dump

    monkeypatch.setattr(module, "dumping", selling)
    row = backup(own, tenant.id)
    verify(own, row.id)  # compares the rows with those of the snapshot


def test_files_are_not_collected_as_garbage_while_they_are_copied(
    own: Platform, tenant, monkeypatch
):
    module = import_module("smarter_connector.tenants.backup")  # not the function of that name
    original, refused = module.dumping, []

    @contextmanager
    def collecting(platform, database, state):
        with own.admin(DATABASE) as odoo, odoo.transaction():
            odoo.execute("SET LOCAL lock_timeout = '100ms'")
            try:
                odoo.execute("LOCK ir_attachment IN SHARE MODE")
            except psycopg.errors.LockNotAvailable as error:
                refused.append(error)
                raise psycopg.Rollback from None
        with original(platform, database, state) as dump:
            yield dump

    monkeypatch.setattr(module, "dumping", collecting)
    backup(own, tenant.id)
    assert len(refused) == 1


def test_a_suspended_tenant_is_backed_up_too(own: Platform, tenant):
    suspend(own, tenant.id, "unpaid")
    assert backup(own, tenant.id).bytes > 0
    resume(own, tenant.id)


@pytest.mark.parametrize("point", [*(f"backup:{step.name}" for step in STEPS), "backup:dumped"])
def test_killed_anywhere_the_next_backup_is_whole_and_the_only_one(
    own: Platform, tenant, killed, point: str
):
    killed(point, lambda: backup(own, tenant.id))
    row = backup(own, tenant.id)
    entered = own.registry.backups(tenant.id)
    assert row in entered
    assert archives(own) == sorted(Path(one.path) for one in entered)
    assert own.registry.open_operation(tenant.id) is None


@pytest.mark.parametrize("limit", [0, 1000, 70_000])
def test_a_full_disk_leaves_no_file_and_is_told(own: Platform, tenant, limit: int):
    """The system refuses to let any file grow beyond the limit, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(StepFailed, match="backup, step write: File too large"):
            backup(own, tenant.id)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert archives(own) == []
    assert own.registry.backups(tenant.id) == []
    assert backup(own, tenant.id).bytes > 70_000


def test_a_dump_that_fails_is_told_in_pg_dumps_words(own: Platform, tenant, tmp_path: Path):
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho PGDMP\necho 'pg_dump: error: out of sorts' >&2\nexit 1\n")
    program.chmod(0o755)
    other = keeping.with_backups(own, tmp_path, pg_bin_dir=tmp_path)
    with pytest.raises(StepFailed, match="pg_dump failed: pg_dump: error: out of sorts"):
        backup(other, tenant.id)
    assert archives(other) == []


def test_without_pg_dump_the_program_is_named(own: Platform, tenant, tmp_path: Path):
    other = keeping.with_backups(own, tmp_path, pg_bin_dir=tmp_path)
    with pytest.raises(StepFailed, match="pg_dump cannot be started"):
        backup(other, tenant.id)


def test_without_a_key_or_a_folder_nothing_is_begun(own: Platform, tenant, tmp_path: Path):
    for change in ({"backup_recipient": ""}, {"backups_dir": None}):
        with pytest.raises(ConfigurationError, match="not set"):
            backup(keeping.with_backups(own, tmp_path, **change), tenant.id)
    assert own.registry.open_operation(tenant.id) is None


def test_a_database_that_is_not_the_tenants_is_not_kept_under_its_name(own: Platform, tenant):
    write = "UPDATE ir_config_parameter SET value = %s WHERE key = 'database.uuid'"
    with own.admin(DATABASE) as connection:
        connection.execute(write, ["another"])
        with pytest.raises(StepFailed, match="is not that of"):
            backup(own, tenant.id)
        connection.execute(write, [tenant.uuid])
    assert archives(own) == []


def test_a_tenant_somebody_works_on_is_busy(own: Platform, tenant):
    with own.registry.lock(tenant.id), pytest.raises(Busy):
        backup(own, tenant.id)


# -- verification --


def damaged(row: BackupRow, how) -> None:
    path = Path(row.path)
    path.write_bytes(how(path.read_bytes()))


@pytest.mark.parametrize(
    "how",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-50] + bytes([data[-50] ^ 1]) + data[-49:],
        lambda data: b"",
    ],
)
def test_a_damaged_archive_is_found_out_by_its_hash(own: Platform, tenant, how):
    row = backup(own, tenant.id)
    damaged(row, how)
    with pytest.raises(BadArchive, match="its SHA-256 is another"):
        verify(own, row.id)
    assert own.registry.backups(tenant.id)[0].verified_at is None


def test_an_archive_that_is_gone_is_told(own: Platform, tenant):
    row = backup(own, tenant.id)
    Path(row.path).unlink()
    with pytest.raises(BadArchive, match="is gone"):
        verify(own, row.id)


def test_with_another_key_nothing_is_verified(own: Platform, tenant, tmp_path: Path):
    row = backup(own, tenant.id)
    other = tmp_path / "other"
    other.write_text(str(pyrage.x25519.Identity.generate()))
    with pytest.raises(BadArchive, match="another key"):
        verify(keeping.with_backups(own, tmp_path, backup_identity_file=other), row.id)
    assert scratches(own) == ()


def test_a_count_that_differs_fails_the_verification(own: Platform, tenant, monkeypatch):
    from smarter_connector.tenants import backup_unpack

    row = backup(own, tenant.id)
    original = backup_unpack.row_counts
    monkeypatch.setattr(
        backup_unpack, "row_counts", lambda one: original(one) | {"sale": 0, "new": 1}
    )
    with pytest.raises(BadArchive, match="table new had None rows"):
        verify(own, row.id)
    assert scratches(own) == ()


def test_a_backup_nobody_knows_is_unknown(own: Platform):
    with pytest.raises(InvalidRequest, match="no backup 999"):
        verify(own, 999)


def test_what_is_in_a_dump_does_not_run_as_the_administrator(own: Platform, tenant):
    """A table of Odoo's role may carry its code; restoring must not lend it more rights."""
    with own.admin(DATABASE) as connection, connection.transaction():
        connection.execute("SET LOCAL ROLE odoo")
        connection.execute(
            "CREATE FUNCTION public.who(integer) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN"
            " IF (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN"
            " RAISE EXCEPTION 'restored by a superuser'; END IF; RETURN true; END $$"
        )
        connection.execute("CREATE TABLE trap (id integer)")
        connection.execute("INSERT INTO trap VALUES (1)")
        connection.execute("ALTER TABLE trap ADD CHECK (public.who(id)) NOT VALID")
    assert verify(own, backup(own, tenant.id).id).files == 1
    with own.admin() as admin:
        left = admin.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'restore_%'")
        assert left.fetchall() == []


# -- retention --


def row(number: int, age_days: float, **more) -> BackupRow:
    values = {"verified_at": None, "kept_until": None, **more}
    taken = NOW - timedelta(days=age_days)
    return BackupRow(number, 1, f"/b/{number}", taken, 1, "0" * 64, "1.0", 1, **values)


def test_the_newest_of_each_day_week_and_month_stays():
    rows = [row(number, number / 2) for number in range(200)]
    assert kept(rows, Policy(3, 0, 0), NOW) == {0, 2, 4}
    weekly = kept(rows, Policy(0, 3, 0), NOW)
    assert [NOW - timedelta(days=number / 2) for number in sorted(weekly)] == [
        NOW, NOW - timedelta(days=7), NOW - timedelta(days=14)
    ]  # fmt: skip
    assert len(kept(rows, Policy(0, 0, 3), NOW)) == 3


def test_the_last_verified_one_and_one_that_was_asked_for_stay():
    rows = [
        row(1, 0), row(2, 50, verified_at=NOW), row(3, 60, verified_at=NOW),
        row(4, 70, kept_until=NOW + timedelta(days=1)), row(5, 80, kept_until=NOW),
    ]  # fmt: skip
    assert kept(rows, Policy(0, 0, 0), NOW) == {1, 2, 4}


@given(
    st.lists(st.tuples(st.floats(0, 900), st.booleans()), max_size=60),
    st.integers(0, 10), st.integers(0, 10), st.integers(0, 10),
)  # fmt: skip
def test_any_policy_keeps_the_newest_and_the_last_good_one_and_no_more_than_it_says(
    facts, daily, weekly, monthly
):
    rows = [
        row(number, days, verified_at=NOW if good else None)
        for number, (days, good) in enumerate(facts)
    ]
    found = kept(rows, Policy(daily, weekly, monthly), NOW)
    assert len(found) <= daily + weekly + monthly + 2
    if rows:
        assert max(rows, key=lambda one: (one.taken_at, one.id)).id in found
    verified = [one for one in rows if one.verified_at]
    if verified:
        assert max(verified, key=lambda one: (one.taken_at, one.id)).id in found


def test_pruning_removes_files_and_entries_and_tells_the_history(own: Platform, tenant, tmp_path):
    strict = {"backup_keep_daily": 0, "backup_keep_weekly": 0, "backup_keep_monthly": 0}
    own = keeping.with_backups(own, tmp_path, **strict)
    first, second, third = (backup(own, tenant.id) for _ in range(3))
    verify(own, first.id)
    assert [gone.id for gone in prune(own)] == [second.id]
    assert archives(own) == sorted(map(Path, (first.path, third.path)))
    assert own.registry.history(tenant.id)[0].event == "backup removed"
    keep(own, first, 10)
    fourth = backup(own, tenant.id)
    verify(own, fourth.id)
    assert [gone.id for gone in prune(own)] == [third.id]
    keep(own, first, 0)
    Path(first.path).unlink()
    assert [gone.id for gone in prune(own)] == [first.id]
