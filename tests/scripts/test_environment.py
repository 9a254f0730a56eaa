"""Where the scripts keep things, and what makes them build something anew."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from devkit import passwords, paths, venv
from devkit.paths import SetupError


def test_home_is_the_users_own_by_default() -> None:
    assert paths.home_path({}, 1000) == Path("/var/tmp/smarteros-1000")


def test_home_can_be_chosen() -> None:
    assert paths.home_path({"SMARTEROS_HOME": "/srv/s"}, 0) == Path("/srv/s")


@pytest.mark.parametrize(
    ("chosen", "words"),
    [("relative/place", "absolute path"), ("/" + "x" * 70, "too long for PostgreSQL's socket")],
)
def test_an_unusable_home_is_refused(chosen: str, words: str) -> None:
    with pytest.raises(SetupError, match=words):
        paths.home_path({"SMARTEROS_HOME": chosen}, 0)


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="smos") as folder:
        yield Path(folder)


def test_others_may_pass_through_the_home_but_not_look(short: Path) -> None:
    home = paths.open_home({"SMARTEROS_HOME": str(short / "h")})
    assert stat.S_IMODE(home.root.stat().st_mode) == 0o711
    assert stat.S_IMODE(home.logs.stat().st_mode) == 0o700


def test_a_home_that_cannot_be_made_is_refused(short: Path) -> None:
    (short / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be made .*SMARTEROS_HOME"):
        paths.open_home({"SMARTEROS_HOME": str(short / "file" / "home")})


def test_a_home_prepared_by_somebody_else_is_refused(short: Path) -> None:
    (short / "real").mkdir()
    (short / "h").symlink_to(short / "real")
    with pytest.raises(SetupError, match="belongs to somebody else"):
        paths.open_home({"SMARTEROS_HOME": str(short / "h")})


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    for name in (*venv.REQUIREMENTS, "setup.cfg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a==1\n")
    return tmp_path


@pytest.mark.parametrize("name", venv.REQUIREMENTS)
def test_packages_are_installed_anew_when_a_requirement_changes(repo: Path, name: str) -> None:
    before = venv.packages_key(repo)
    (repo / name).write_text("a==2\n")
    assert venv.packages_key(repo) != before


def test_check_outs_share_packages_but_not_their_link(repo: Path, tmp_path: Path) -> None:
    packages = venv.packages_key(repo)
    other = tmp_path / "other"
    other.mkdir()
    (other / "setup.cfg").write_text("a==1\n")
    assert venv.checkout_key(repo, packages) != venv.checkout_key(other, packages)


def test_parts_of_a_digest_do_not_run_together() -> None:
    assert venv.digest(b"ab", b"c") != venv.digest(b"a", b"bc")


def test_a_password_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = passwords.password(tmp_path / "s", "odoo")
    assert passwords.password(tmp_path / "s", "odoo") == first
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "s" / "odoo").stat().st_mode) == 0o600


def test_two_passwords_differ(tmp_path: Path) -> None:
    assert passwords.password(tmp_path, "a") != passwords.password(tmp_path, "b")


def test_a_borrowed_tool_runs_with_the_environments_own_python(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/elsewhere/bin/python3\nprint(1)\n")
    (tmp_path / "bin").mkdir()
    venv._borrow(tool, tmp_path / "bin" / "tool")
    expected = f"#!{tmp_path}/bin/python\nprint(1)\n"
    assert (tmp_path / "bin" / "tool").read_text() == expected
    assert os.access(tmp_path / "bin" / "tool", os.X_OK)


def test_an_environment_unused_for_a_month_is_removed(tmp_path: Path) -> None:
    for name in ("py-old", "py-new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / venv.DONE).touch()
    os.utime(tmp_path / "py-old" / venv.DONE, (0, 0))
    venv._forget_unused(paths.Home(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["py-new"]
