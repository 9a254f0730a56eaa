"""Several tenants: a canary, as many at once as memory allows, and a stop at the first failure."""

from __future__ import annotations

import json
import threading
from dataclasses import replace

import pytest
from typer.testing import CliRunner, Result

from smarter_connector.registry import InvalidRequest
from smarter_connector.tenants import upgrade
from smarter_connector.tenants.cli import app
from smarter_connector.tenants.upgrade import workers_for
from smarter_connector.tenants.upgrade_one import configured_backup
from smarter_connector.tenants.upgrade_report import Outcome, Unwatched
from tests.tenants.upgrading import Bed

RUTS = (77_654_321, 77_654_322, 77_654_323)
#: Fails in the tenant whose RUT ends so.
PICKY = """DO $$ BEGIN IF (SELECT rut LIKE '77654323-%' FROM smarter_tenant) THEN
    RAISE EXCEPTION 'not this one'; END IF; END $$"""


@pytest.fixture
def slugs(bed: Bed) -> list[str]:
    return [bed.tenant(number).slug for number in RUTS]


@pytest.fixture
def run(bed: Bed):
    def invoke(*words: str) -> Result:
        return CliRunner().invoke(app, words, obj=bed.platform.settings)

    return invoke


class Seen(Unwatched):
    """How many tenants were at work at once."""

    def __init__(self) -> None:
        self.lock, self.now, self.most, self.ends = threading.Lock(), set(), 0, []

    def told(self, tenant, text: str) -> None:
        with self.lock:
            self.now.add(tenant.id)
            self.most = max(self.most, len(self.now))

    def ended(self, outcome: Outcome) -> None:
        with self.lock:
            self.now.discard(outcome.tenant)
            self.ends.append(outcome.slug)


def test_all_are_upgraded_the_canary_first_and_alone(bed: Bed, slugs):
    bed.release("2.0")
    seen = Seen()
    report = bed.upgrade("2.0", canary=slugs[1], jobs=2, progress=seen)
    assert [one.state for one in report.outcomes] == ["upgraded"] * 3
    assert (seen.ends[0], seen.most, report.jobs) == (slugs[1], 2, 2)
    assert {row.release for row in bed.platform.registry.tenants()} == {"2.0"}


def test_when_the_canary_dies_nobody_else_goes(bed: Bed, slugs, run):
    bed.release("2.0", PICKY)
    result = run("upgrade", "--all", "--release", "2.0", "--canary", slugs[2], "--json")
    report = json.loads(result.stdout)
    states = {one["slug"]: one["state"] for one in report["outcomes"]}
    assert states == {slugs[2]: "failed", slugs[0]: "skipped", slugs[1]: "skipped"}
    assert result.exit_code == 1
    assert {row.release for row in bed.platform.registry.tenants()} == {"1.0"}


def test_the_first_failure_stops_the_rest_which_go_at_the_next_run(bed: Bed, slugs, run):
    bed.release("2.0", PICKY)
    words = ("--canary", slugs[1], "--jobs", "1")
    result = run("upgrade", slugs[1], slugs[2], slugs[0], "--release", "2.0", *words)
    assert result.exit_code == 7
    assert "not this one" in result.stderr
    rows = {row.slug: (row.release, row.maintenance) for row in bed.platform.registry.tenants()}
    assert rows == {slugs[0]: ("1.0", None), slugs[1]: ("2.0", None), slugs[2]: ("1.0", None)}
    bed.release("2.1")
    result = run("upgrade", "--all", "--release", "2.1")
    assert result.exit_code == 0, result.output
    assert "3 of 3 run release 2.1" in result.stdout


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("upgrade",), 2),
        (("upgrade", "--all", "x"), 2),
        (("upgrade", "nadie", "--release", "2.0"), 4),
        (("upgrade", "--all", "--release", "nowhere"), 2),
        (("upgrade", "--all", "--release", "gone"), 1),  # its folder is
        (("upgrade", "--all", "--release", "2.0", "--jobs", "0"), 2),
        (("upgrade", "--all", "--release", "2.0", "--canary", "nadie"), 4),
        (("upgrade", "--all", "--release", "2.0"), 0),  # there are none
        (("release", "retire", "nowhere"), 2),
        (("release", "list", "--json"), 0),
        (("restore-points", "--drop", "postgres"), 2),
        (("restore-points", "--sweep", "--json"), 0),
    ],
)
def test_the_exit_code_says_what_became_of_it(bed: Bed, run, words, code):
    bed.release("2.0")
    bed.platform.registry.add_release("gone", str(bed.folder / "gone"))
    assert run(*words).exit_code == code


def test_a_release_is_added_by_a_command(bed: Bed, run):
    bed.release("2.0")
    words = (str(bed.folder / "2.0"), "--name", "3.0", "--odoo-build", "b", "--pool", "odoo-b:8069")
    result = run("release", "add", *words, "--json")
    assert json.loads(result.stdout)["pool"] == "odoo-b:8069"
    assert "3.0" in run("release", "list").stdout


def test_a_canary_outside_the_order_is_refused(bed: Bed):
    bed.release("2.0")
    slugs = [bed.tenant(number).slug for number in RUTS[:2]]
    with pytest.raises(InvalidRequest, match="not among"):
        bed.upgrade("2.0", slugs[0], canary=slugs[1])


@pytest.mark.parametrize(
    ("tenants", "asked", "jobs", "memory", "expected"),
    [(20, None, 4, 2048, 4), (20, 8, 4, 2048, 5), (3, 8, 4, 4096, 3), (20, 8, 4, 256, 1),
     (0, None, 4, 2048, 1)],
)  # fmt: skip
def test_memory_and_order_bound_how_many_run_at_once(
    bed: Bed, tenants: int, asked: int | None, jobs: int, memory: int, expected: int
):
    settings = bed.platform.settings.model_copy(update={"jobs": jobs, "memory_budget_mb": memory})
    assert workers_for(replace(bed.platform, settings=settings), tenants, asked) == expected


def test_a_suspended_tenant_is_upgraded_and_a_deleted_one_is_not(bed: Bed):
    bed.release("2.0")
    slugs = [bed.tenant(number).slug for number in RUTS[:2]]
    registry = bed.platform.registry
    registry.update(registry.tenant(slugs[0]).id, "suspended", status="suspended")
    registry.update(registry.tenant(slugs[1]).id, "deleted", status="deleted")
    report = upgrade(bed.platform, None, "2.0")
    assert [(one.slug, one.state) for one in report.outcomes] == [(slugs[0], "upgraded")]
    with pytest.raises(InvalidRequest, match="deleted"):
        upgrade(bed.platform, [slugs[1]], "2.0")


def test_without_settings_for_backups_the_restore_point_is_all_there_is(bed: Bed):
    assert configured_backup(bed.platform) is None
