"""Upgrades with Odoo itself: a tenant that was upgraded is like one of a new template."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from devkit import templates
from devkit.odoo_process import Runtime
from devkit.paths import REPO
from smarter_connector import tenants
from smarter_connector.registry import ReleaseRow
from smarter_connector.tenants import CreateRequest, Platform, releases
from smarter_domain.rut import Rut
from tests.tenants import catalogue

pytestmark = pytest.mark.odoo

FIELD = """

class ResPartnerTrial(models.Model):
    _inherit = "res.partner"

    smarter_trial = fields.Char(index=True)

    def init(self):
        super().init()
        self.env.cr.execute(
            "CREATE OR REPLACE VIEW smarter_trial AS SELECT id, smarter_trial FROM res_partner"
        )
"""
FAILING = """
def migrate(cr, version):
    cr.execute("UPDATE res_partner SET name = 'spoilt'")
    raise ValueError("the migration does not like these data")
"""


@dataclass(frozen=True)
class Moved:
    """A tenant after a release that failed and one that did not, and a new database of the latter.

    ``before`` is its contents in a few figures, before and after the failure.
    """

    slug: str
    failed: tenants.Report
    upgraded: tenants.Report
    before: tuple
    between: tuple
    fresh: str


def make_release(
    platform: Platform, folder: Path, name: str, version: str, migration: str = ""
) -> ReleaseRow:
    """The present code with a field, a view of the database, a view of the client and a function
    changed."""
    ignore = shutil.ignore_patterns("__pycache__", "tests")
    shutil.copytree(REPO / "addons", folder / "addons", ignore=ignore)
    domain = folder / "connector" / "smarter_domain"
    shutil.copytree(REPO / "connector" / "smarter_domain", domain, ignore=ignore)
    base = folder / "addons" / "smarter_base"
    replace(base / "__manifest__.py", '"version": "19.0.1.0.0"', f'"version": "{version}"')
    model = base / "models" / "res_partner.py"
    model.write_text(model.read_text() + FIELD)
    replace(base / "views" / "smarter_comuna_views.xml", "<list", '<list multi_edit="0"')
    replace(domain / "outbox" / "protocol.sql", "SELECT jsonb_build_object('protocol', 1,",
            "SELECT /* of the trial */ jsonb_build_object('protocol', 1,")  # fmt: skip
    if migration:
        place = base / "migrations" / version
        place.mkdir(parents=True)
        (place / "pre-trial.py").write_text(migration)
    build = platform.registry.releases()[0].odoo_build
    return releases.add(platform, folder, name=name, odoo_build=build)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, path
    path.write_text(text.replace(old, new, 1))


@pytest.fixture(scope="module")
def moved(session_platform: Platform, runtime: Runtime, tmp_path_factory) -> Iterator[Moved]:
    """The new template is built while the tenant is upgraded."""
    platform, folder = session_platform, tmp_path_factory.mktemp("releases")
    settings = platform.settings.model_copy(update={"drain_seconds": 0.0})
    platform = Platform(settings, actor="tests")
    rut = Rut.from_number(random.randrange(90_000_000, 99_000_000)).plain
    request = CreateRequest(rut=rut, name="Empresa Mudada SpA", admin_email="a@example.cl")
    made = tenants.create(platform, request).tenant
    bad = make_release(platform, folder / "bad", "trial-bad", "19.0.1.1.0", FAILING)
    good = make_release(platform, folder / "good", "trial-good", "19.0.1.1.0")
    fresh = f"scratch_{made.id:x}"
    try:
        with ThreadPoolExecutor(1) as pool:
            building = pool.submit(build, platform, runtime, good, fresh)
            before = figures(platform, made.database)
            failed = tenants.upgrade(platform, [made.slug], bad.name)
            between = figures(platform, made.database)
            upgraded = tenants.upgrade(platform, [made.slug], good.name)
            building.result()
        yield Moved(made.slug, failed, upgraded, before, between, fresh)
    finally:
        platform.databases.drop(fresh)
        for name in (f"new_{made.id}", *platform.databases.names(f"pre_{made.id}_")):
            platform.databases.drop(name)
        platform.databases.drop(made.database)


def build(platform: Platform, runtime: Runtime, release: ReleaseRow, name: str) -> None:
    """What a template of the release is: Odoo's modules with ours installed onto them."""
    platform.databases.clone(templates.stock_name(runtime), name)
    platform.databases.give(name, platform.settings.odoo_role)
    releases.runner(platform, release).install(name, templates.our_addons())


def figures(platform: Platform, database: str) -> tuple:
    """Enough of a database to see that it is the same."""
    query = """SELECT (SELECT string_agg(name, ',' ORDER BY id) FROM res_partner),
        (SELECT string_agg(name || state || latest_version, ',' ORDER BY name)
         FROM ir_module_module WHERE state <> 'uninstalled'),
        (SELECT count(*) FROM ir_model_fields), (SELECT count(*) FROM ir_attachment)"""
    with platform.admin(database) as connection:
        return connection.execute(query).fetchone()


@pytest.fixture
def connection(session_platform: Platform, moved: Moved) -> Iterator[psycopg.Connection]:
    """To the upgraded tenant."""
    database = session_platform.registry.tenant(moved.slug).database
    with session_platform.admin(database) as opened:
        yield opened


def test_a_migration_that_raises_leaves_the_tenant_as_it_was(moved: Moved):
    (outcome,) = moved.failed.outcomes
    assert (outcome.state, moved.failed.partly) == ("failed", False)
    assert "the migration does not like these data" in outcome.error
    assert moved.between == moved.before


def test_an_upgraded_tenant_has_what_the_release_brings(session_platform, moved: Moved, connection):
    (outcome,) = moved.upgraded.outcomes
    assert outcome.state == "upgraded", outcome.error
    row = session_platform.registry.tenant(moved.slug)
    assert (row.release, row.maintenance) == ("trial-good", None)
    assert connection.execute("SELECT smarter_trial FROM smarter_trial").rowcount > 0
    query = "SELECT prosrc FROM pg_proc WHERE oid = 'smarteros.identity(jsonb)'::regprocedure"
    assert "of the trial" in connection.execute(query).fetchone()[0]


def test_upgraded_and_new_have_the_same_schema(session_platform, moved: Moved, connection):
    with session_platform.admin(moved.fresh) as fresh:
        expected = catalogue.schema(fresh)
        found = catalogue.schema(connection)
    assert len(expected) > 5000
    assert any("smarter_trial" in line for line in expected)
    assert found ^ expected == set()


def test_upgraded_and_new_have_the_same_models_and_views(
    session_platform, moved: Moved, connection
):
    with session_platform.admin(moved.fresh) as fresh:
        expected = catalogue.odoo(fresh)
        found = catalogue.odoo(connection)
    assert len(expected) > 5000
    assert found ^ expected == set()
