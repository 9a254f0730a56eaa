"""The commands for backups, restores, copies and the end of a tenant."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from smarter_connector.tenants import create
from smarter_connector.tenants.cli import app
from smarter_connector.tenants.platform import Platform
from tests.tenants import keeping, small

RUT = "77.654.321-7"


@pytest.fixture(scope="module")
def run(_small: Platform, tmp_path_factory):
    """With one tenant for all of these tests; the last of them removes it."""
    own = keeping.with_backups(_small, tmp_path_factory.mktemp("cli"))
    create(own, keeping.REQUEST)

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(app, words, obj=own.settings)

    yield invoke
    small.empty(own)


def document(result: Result):
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("backup",), 2),
        (("backup", "nadie"), 4),
        (("backups", "verify", "999"), 2),
        (("restore", RUT, "--yes"), 2),
        (("restore", RUT, "--file", "/nowhere", "--yes"), 2),
        (("restore", RUT, "--file", "/nowhere", "--sha256", "0" * 64, "--yes"), 1),
        (("restore", RUT, "--as-new"), 2),
        (("restore", RUT, "--deleted"), 2),
        (("restore", RUT), 1),
        (("delete", RUT), 1),
        (("purge",), 2),
        (("purge", RUT, "--due"), 2),
        (("purge", RUT, "--force", RUT), 2),
        (("release-deliveries", "nadie"), 4),
        (("clone-to-staging", "nadie"), 4),
    ],
)
def test_the_exit_code_says_what_became_of_it(run, words, code):
    """Without an answer, ``restore``, ``delete`` and ``purge`` do nothing."""
    assert run(*words).exit_code == code
    assert run("show", RUT).exit_code == 0


def test_a_backup_is_taken_verified_listed_and_restored(run):
    (outcome,) = document(run("backup", RUT, "--verify", "--prune", "--json"))
    row = outcome["result"]
    assert row["verified_at"]
    assert [one["id"] for one in document(run("backups", "list", RUT, "--json"))] == [row["id"]]
    assert "mi-empresa" in run("backups", "list").stdout
    assert document(run("backups", "verify", str(row["id"]), "--json"))["files"] == 1
    assert document(run("backups", "keep", str(row["id"]), "--days", "9", "--json"))["kept_until"]
    assert document(run("backups", "prune", "--json")) == []
    done = document(run("restore", RUT, "--backup", str(row["id"]), "--yes", "--json"))
    assert done["epoch"] == 2
    assert document(run("release-deliveries", RUT, "--json"))[0]["ok"]


def test_a_tenant_is_deleted_brought_back_and_gone(run):
    assert document(run("delete", RUT, "--yes", "--json"))["status"] == "deleted"
    assert document(run("undelete", RUT, "--json"))[0]["ok"]
    run("delete", RUT, "--yes")
    assert document(run("restore", RUT, "--deleted", "--json"))["status"] == "active"
    run("delete", RUT, "--yes")
    assert document(run("purge", "--due", "--yes", "--json")) == []
    assert run("purge", RUT, "--yes").exit_code == 2
    (gone,) = document(run("purge", RUT, "--force", RUT, "--json"))
    assert gone["status"] == "purged"
    assert run("show", RUT).exit_code == 4
