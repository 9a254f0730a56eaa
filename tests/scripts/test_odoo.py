"""Which Odoo is taken, in which environment it runs, and what makes a template stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from devkit import databases, odoo_process, odoo_source, templates
from devkit.odoo_process import Runtime
from devkit.paths import Home, SetupError
from devkit.server import Login, Server

RELEASE = "version_info = (19, 0, 0, FINAL, 0, '')\n"


def make_tree(root: Path, release: str = RELEASE) -> Path:
    (root / "odoo" / "addons" / "base").mkdir(parents=True)
    (root / "odoo" / "release.py").write_text(release)
    return root


@pytest.mark.parametrize("inner", ["", str(odoo_source.DEBIAN_MODULES)])
def test_a_tree_is_recognised_in_its_shapes(tmp_path: Path, inner: str) -> None:
    make_tree(tmp_path / inner)
    odoo = odoo_source.inspect(tmp_path)
    assert odoo.modules == tmp_path / inner
    assert odoo.addons == (tmp_path / inner / "odoo" / "addons",)


def test_the_addons_of_a_git_check_out_are_found(tmp_path: Path) -> None:
    make_tree(tmp_path)
    (tmp_path / "addons" / "web").mkdir(parents=True)
    assert tmp_path / "addons" in odoo_source.inspect(tmp_path).addons


def test_a_folder_without_odoo_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="holds no Odoo"):
        odoo_source.inspect(tmp_path)


def test_another_series_is_refused(tmp_path: Path) -> None:
    make_tree(tmp_path, RELEASE.replace("19", "18"))
    with pytest.raises(SetupError, match="is not Odoo 19.0"):
        odoo_source.inspect(tmp_path)


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="ODOO_DEB=/nowhere.deb: no such file"):
        odoo_source.unpacked_place(Home(tmp_path), {"ODOO_DEB": "/nowhere.deb"})


def test_a_pinned_build_has_a_place_of_its_own(tmp_path: Path) -> None:
    home = Home(tmp_path)
    pin = {"ODOO_SHA256": "ab" * 32}
    assert odoo_source.unpacked_place(home, pin) == tmp_path / "odoo-abababababab"
    home.odoo.mkdir()
    (home.odoo / "get-odoo.lock").write_text(f"{'ab' * 32}  odoo-19_19.0_all.deb\n")
    assert odoo_source.unpacked_place(home, pin) == home.odoo


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    login = Login("/sock", "5432", "odoo", "pässword")
    odoo = odoo_source.Odoo(Path("/o"), (Path("/"),), "19.0", "build")
    return Runtime(Home(tmp_path), odoo, Server("test", login, login, login, Path("/pg/bin")))


@pytest.mark.parametrize("name", ["PGPORT", "PGSERVICE", "ODOO_RC", "SMARTER_TENANTS", "LC_ALL"])
def test_nothing_foreign_reaches_odoo(runtime: Runtime, name: str) -> None:
    found = odoo_process.environment(runtime, {name: "foreign", "HOME": "/h"})
    assert found.get(name) != "foreign"
    assert found["HOME"] == "/h"


def test_odoo_gets_one_language_and_time_zone(runtime: Runtime) -> None:
    found = odoo_process.environment(runtime, {"LANG": "es_CL.UTF-8", "TZ": "America/Santiago"})
    assert (found["LANG"], found["TZ"]) == ("C.UTF-8", "UTC")


def test_the_configuration_is_its_owners_alone(runtime: Runtime) -> None:
    place = odoo_process.write_config(runtime)
    assert place.stat().st_mode & 0o077 == 0
    assert "list_db = False" in place.read_text()


def test_passwords_stay_out_of_what_is_printed(runtime: Runtime) -> None:
    assert "pässword" not in repr(runtime)


LOG = "INFO starting\nTraceback (most recent call last):\nValueError: no such field\nodd end\n"


def test_the_exception_is_the_reason_of_a_failure() -> None:
    assert odoo_process.failure(LOG, 1) == "ValueError: no such field"


def test_a_missing_module_is_a_failure_although_odoo_ends_well() -> None:
    assert "invalid module names" in odoo_process.failure("x invalid module names, ignored: y\n", 0)


def test_a_good_end_is_no_failure() -> None:
    assert odoo_process.failure("INFO ValueError was handled\n", 0) == ""


def test_silence_is_told_as_such() -> None:
    assert odoo_process.failure("", 1) == "it said nothing"


@pytest.mark.parametrize("name", ["", "T", "1t", "t;drop", 't"', "t-1", "t" * 64, "tñ"])
def test_only_plain_database_names_become_sql(name: str) -> None:
    with pytest.raises(ValueError, match="is not valid"):
        databases.identifier(name)


@pytest.fixture
def addons(tmp_path: Path) -> Path:
    for name in ("a/__manifest__.py", "a/models/m.py", "a/tests/test_m.py", "b/readme.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    return tmp_path


@pytest.mark.parametrize("name", ["a/models/m.py", "a/models/new.xml", "a/__manifest__.py"])
def test_code_makes_a_template_stale(addons: Path, name: str) -> None:
    before = templates.tree_digest([addons])
    (addons / name).write_text("{'changed': 1}")
    assert templates.tree_digest([addons]) != before


@pytest.mark.parametrize("name", ["a/tests/test_m.py", "a/tests/test_new.py", "a/models/m.pyc"])
def test_a_test_makes_no_template_stale(addons: Path, name: str) -> None:
    before = templates.tree_digest([addons])
    (addons / name).write_text("changed")
    assert templates.tree_digest([addons]) == before


def test_a_renamed_file_makes_a_template_stale(addons: Path) -> None:
    before = templates.tree_digest([addons])
    (addons / "a/models/m.py").rename(addons / "a/models/n.py")
    assert templates.tree_digest([addons]) != before


def test_only_installable_addons_count(addons: Path) -> None:
    assert templates.our_addons(addons) == ["a"]
    (addons / "a/__manifest__.py").write_text("{'installable': False}")
    assert templates.our_addons(addons) == []
