"""Releases: entered by their code, counted, taken out of use; never changed under a tenant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.registry import Conflict, InvalidRequest
from smarter_connector.tenants import Platform, releases
from tests.tenants import upgrading
from tests.tenants.upgrading import Bed


@pytest.fixture
def bed(little: Platform, tmp_path) -> Iterator[Bed]:
    made = upgrading.bed(little, tmp_path)
    yield made
    upgrading.forget(made, lambda row: row.name == "1.0")


def test_a_release_knows_each_module_by_version_and_hash(bed: Bed):
    row = bed.release("2.0")
    assert set(row.modules) == {"smarter_base", "smarter_events"}
    assert row.modules["smarter_base"]["version"] == "19.0.2.0.0"
    assert row.modules["smarter_base"]["digest"] != row.modules["smarter_events"]["digest"]


def test_the_same_code_has_the_same_hash_wherever_it_lies(bed: Bed):
    assert bed.release("2.0").modules == bed.release("2.0-again").modules


def test_a_change_of_what_all_share_changes_all(bed: Bed):
    before = bed.release("2.0").modules
    domain = bed.folder / "2.0" / "connector" / "smarter_domain"
    domain.mkdir(parents=True)
    (domain / "rut.py").write_text("CHANGED = True\n")
    after = releases.add(bed.platform, bed.folder / "2.0", name="2.0", odoo_build="b").modules
    assert all(before[name] != after[name] for name in before)


def test_without_a_name_it_is_called_by_its_hash(bed: Bed):
    bed.release("2.0")
    row = releases.add(bed.platform, bed.folder / "2.0", odoo_build="build-1", pool="odoo-2:8069")
    assert (len(row.name), row.pool) == (12, "odoo-2:8069")


@pytest.mark.parametrize(
    "change",
    [{"name": "../x"}, {"name": "-u"}, {"name": "a b"}, {"pool": "odoo"}, {"pool": "odoo:1;x"},
     {"pool": "http://odoo:8069"}],
)  # fmt: skip
def test_crafted_names_and_pools_are_refused(bed: Bed, change):
    bed.release("2.0")
    with pytest.raises(InvalidRequest):
        releases.add(bed.platform, bed.folder / "2.0", odoo_build="b", **change)


def test_a_folder_without_addons_is_refused(bed: Bed):
    for path in (bed.folder, bed.folder / "nowhere"):
        with pytest.raises(InvalidRequest, match="no addons"):
            releases.add(bed.platform, path, name="x", odoo_build="b")


def test_other_code_under_the_name_of_a_release_in_use_is_refused(bed: Bed):
    bed.release("2.0")
    (bed.folder / "2.0" / "addons" / "smarter_base" / "new.py").write_text("NEW = 1\n")
    releases.add(bed.platform, bed.folder / "2.0", name="2.0", odoo_build="build-1")
    tenant = bed.tenant()
    bed.upgrade("2.0", tenant.slug)
    (bed.folder / "2.0" / "addons" / "smarter_base" / "new.py").write_text("NEW = 2\n")
    with pytest.raises(Conflict, match="1 tenants run"):
        releases.add(bed.platform, bed.folder / "2.0", name="2.0", odoo_build="build-1")


def test_a_release_is_retired_when_nobody_runs_it_and_then_takes_nobody(bed: Bed):
    bed.release("2.0")
    tenant = bed.tenant()
    with pytest.raises(Conflict, match="1 tenants run release 1.0"):
        releases.retire(bed.platform, "1.0")
    releases.retire(bed.platform, "2.0")
    assert [one.release.name for one in releases.list_(bed.platform)] == ["1.0"]
    with pytest.raises(InvalidRequest, match="retired"):
        bed.upgrade("2.0", tenant.slug)
    assert releases.retire(bed.platform, "2.0").retired_at


def test_odoo_gets_the_addons_of_the_release_and_no_others(bed: Bed, tmp_path):
    old, new = bed.release("2.0"), bed.release("3.0", version="19.0.3.0.0")
    (tmp_path / "odoo").mkdir()
    config = tmp_path / "odoo.conf"
    config.write_text(f"[options]\naddons_path = {old.path}/addons,{tmp_path}/odoo\n")
    (bed.folder / "3.0" / "connector").mkdir()
    changes = {"odoo_config": config, "odoo_env": {"PYTHONPATH": "before"}}
    platform = replace(bed.platform, settings=bed.platform.settings.model_copy(update=changes))
    odoo = releases.runner(platform, new)
    assert [str(path) for path in odoo.addons_path] == [f"{new.path}/addons", f"{tmp_path}/odoo"]
    assert odoo.env == {"PYTHONPATH": f"{new.path}/connector:before"}


def test_a_release_whose_folder_is_gone_cannot_run(bed: Bed):
    row = replace(bed.release("2.0"), path=str(bed.folder / "gone"))
    with pytest.raises(ConfigurationError, match="is gone"):
        releases.runner(bed.platform, row)
