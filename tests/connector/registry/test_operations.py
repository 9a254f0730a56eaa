"""An operation leaves where it was, and one process at a time works on a tenant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from smarter_connector.registry import Busy, InvalidRequest, Registry, UnknownTenant
from tests.connector.registered import A, B, asked

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_an_operation_goes_on_where_it_stopped(registry: Registry):
    row = registry.reserve(asked())
    begun = registry.begin(row.id, "create", {"plan": "free"})
    registry.step(begun, "clone", {"database": "new_1"})
    found = registry.open_operation(row.id, "create")
    assert (found.id, found.step) == (begun.id, "clone")
    assert found.data == {"plan": "free", "database": "new_1"}


def test_an_operation_that_ended_is_not_open_and_takes_no_step(registry: Registry):
    row = registry.reserve(asked())
    begun = registry.begin(row.id, "create")
    assert registry.finish(begun, "the disk is full").state == "failed"
    assert registry.open_operation(row.id) is None
    with pytest.raises(InvalidRequest):
        registry.step(begun, "clone")
    assert [op.error for op in registry.operations(row.id)] == ["the disk is full"]


def test_a_second_operation_of_a_kind_waits_for_the_first(registry: Registry):
    row = registry.reserve(asked())
    registry.begin(row.id, "upgrade")
    with pytest.raises(Busy, match="not finished"):
        registry.begin(row.id, "upgrade")
    assert registry.begin(row.id, "backup").kind == "backup"


def test_a_locked_tenant_is_busy_under_every_name_and_no_other_is(registry: Registry):
    row = registry.reserve(asked())
    other = registry.reserve(asked(B, "otra"))
    with registry.lock(A):
        for key in (row.id, "mi-empresa", "mi-empresa.localhost"):
            with pytest.raises(Busy), registry.lock(key):
                pytest.fail("held twice")
        with registry.lock(other.id):
            pass
    with registry.lock(row.id):
        pass


def test_a_lock_of_what_is_not_reserved_yet_is_held_too(registry: Registry):
    with registry.lock(A), pytest.raises(Busy), registry.lock("77654321-7"):
        pytest.fail("held twice")


def test_a_note_of_an_unknown_tenant_is_refused(registry: Registry):
    with pytest.raises(UnknownTenant):
        registry.note(99, "backup")


@pytest.mark.parametrize("detail", [{"x": "y" * 1024 * 1024}, {"x": {1, 2}.__iter__}, {"x": "\0"}])
def test_a_detail_is_small_json_or_what_can_be_told_as_text(registry: Registry, detail: dict):
    row = registry.reserve(asked())
    try:
        registry.note(row.id, "odd", detail)
    except InvalidRequest:
        assert len(registry.history(row.id)) == 1
    else:
        assert isinstance(registry.history(row.id)[0].detail["x"], str)


def test_a_release_is_entered_once_and_changed(registry: Registry):
    registry.add_release("r1", "/srv/r1", modules={"smarter_base": {"digest": "ab"}})
    registry.add_release("r1", "/srv/r1b", pool="127.0.0.1:8070")
    assert registry.release("r1").pool == "127.0.0.1:8070"
    registry.update_release("r1", retired_at=NOW)
    assert registry.releases() == [] and len(registry.releases(retired=True)) == 1
    with pytest.raises(InvalidRequest):
        registry.release("r2")


def test_a_template_is_found_by_what_it_is_made_of(registry: Registry):
    registry.add_template("tpl_a", module_set="a", modules=["x"], digest="d1", release="r1")
    registry.add_template("tpl_b", module_set="b", modules=[], digest="d1", release="r1")
    made = registry.update_template("tpl_a", state="ready", used_at=NOW)
    assert registry.templates(module_set="a", digest="d1", state=["ready"]) == [made]
    assert made.modules == ("x",) and registry.template("tpl_c") is None
    registry.remove_template("tpl_a")
    assert [row.database for row in registry.templates()] == ["tpl_b"]


def test_a_backup_is_kept_with_its_tenant(registry: Registry):
    row = registry.reserve(asked())
    values = {"taken_at": NOW, "bytes": 12, "sha256": "0" * 64}
    made = registry.add_backup(row.id, "/b/1", **values)
    assert registry.backups(row.id) == registry.backups() == [made]
    assert registry.update_backup(made.id, verified_at=NOW).verified_at == NOW
    with pytest.raises(InvalidRequest):
        registry.update_backup(made.id, tenant=2)
    registry.remove_backup(made.id)
    assert registry.backups(row.id) == []
