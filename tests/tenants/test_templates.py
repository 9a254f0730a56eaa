"""Templates: built once for each state of the code, closed to everybody, stale when it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from smarter_connector.registry import InvalidRequest
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import Platform, create, templates
from smarter_connector.tenants.modules import module_digests, recipe_digest
from tests.tenants import keeping, small


@pytest.fixture
def built(little: Platform) -> Iterator[Platform]:
    """Whatever the test builds is dropped."""
    before = {row.database for row in little.registry.templates()}
    yield little
    for row in little.registry.templates():
        if row.database not in before:
            little.databases.drop(row.database)
            little.registry.remove_template(row.database)


def test_a_built_template_is_closed_and_belongs_to_the_administrator(built: Platform, small_server):
    row = templates.build(built, templates.recipe(built, module_set="shop", modules=("crm",)))
    assert row.state == "ready"
    assert row.database.startswith("tpl_shop_")
    assert built.databases.owner(row.database) == "smarteros_admin"
    with pytest.raises(psycopg.OperationalError, match="not currently accepting connections"):
        small_server.server.odoo.connect(row.database)
    assert templates.usable(built, "shop").database == row.database


def test_releases_with_the_same_code_share_a_template_and_keep_their_names(built: Platform):
    first = built.registry.release(small.RELEASE)
    again = built.registry.add_release(
        "1.0-again", first.path, odoo_build=first.odoo_build, modules=first.modules
    )
    try:
        wanted = templates.recipe(built, again.name)
        assert templates.build(built, wanted) == built.registry.templates()[0]
        request = replace(keeping.REQUEST, release=again.name)
        made = create(built, request).tenant
        assert (made.release, built.registry.templates()[0].release) == (again.name, first.name)
        other = replace(keeping.REQUEST, rut="12.345.678-5", slug="otra", release=first.name)
        assert create(built, other).tenant.release == first.name
    finally:
        with built.admin(small.REGISTRY) as admin:
            admin.execute("DELETE FROM registry.release WHERE name = %s", [again.name])


def test_it_is_built_once(built: Platform):
    wanted = templates.recipe(built, module_set="shop", modules=("crm",))
    first = templates.build(built, wanted)
    assert templates.build(built, wanted) == first


def test_a_failed_build_leaves_no_template_and_no_database(built: Platform):
    wanted = templates.recipe(built, module_set="shop", modules=("broken",))
    with pytest.raises(StepFailed, match="broken cannot be installed"):
        templates.build(built, wanted)
    assert built.databases.names("scratch_") == ()
    with pytest.raises(templates.TemplateUnusable, match="is not finished"):
        templates.usable(built, "shop")


def test_a_template_that_is_gone_is_told(built: Platform):
    row = templates.build(built, templates.recipe(built, module_set="shop", modules=("crm",)))
    built.databases.drop(row.database)
    with pytest.raises(templates.TemplateUnusable, match="is gone from the server"):
        templates.usable(built, "shop")


def test_stale_templates_are_dropped_and_the_present_one_stays(built: Platform):
    row = templates.build(built, templates.recipe(built, module_set="shop", modules=("crm",)))
    built.registry.update_template(row.database, digest="0" * 64)
    assert templates.prune(built) == [row.database]
    assert not built.databases.exists(row.database)
    assert templates.usable(built)


def test_a_set_whose_modules_nobody_named_is_refused(little: Platform):
    with pytest.raises(InvalidRequest, match="are not known"):
        templates.recipe(little, module_set="unknown")


def test_a_database_that_is_not_there_cannot_be_registered(little: Platform):
    with pytest.raises(InvalidRequest, match="there is no database"):
        templates.register(little, "tpl_small_000000000000")


def test_the_key_changes_with_each_part_of_the_recipe():
    release = {"smarter_base": {"version": "1", "digest": "a"}}
    other = {"smarter_base": {"version": "1", "digest": "b"}}
    keys = {
        recipe_digest("19", release, ("crm",), "es_CL"),
        recipe_digest("19.1", release, ("crm",), "es_CL"),
        recipe_digest("19", other, ("crm",), "es_CL"),
        recipe_digest("19", release, ("crm", "sale"), "es_CL"),
        recipe_digest("19", release, ("crm",), "es_ES"),
    }
    assert len(keys) == 5
    assert recipe_digest("1", {}, ("a", "b"), "x") == recipe_digest("1", {}, ("b", "a"), "x")


def test_a_modules_digest_follows_its_code_and_the_shared_code_but_no_test(tmp_path):
    addon, shared = tmp_path / "addons" / "one", tmp_path / "shared"
    (addon / "tests").mkdir(parents=True)
    shared.mkdir()
    (addon / "__manifest__.py").write_text("{'version': '19.0.1.0.0'}")
    seen = []
    for path in (addon / "model.py", shared / "rule.py", addon / "tests" / "test_x.py"):
        path.write_text("x = 1")
        seen.append(module_digests([tmp_path / "addons"], [shared])["one"]["digest"])
    assert seen[0] != seen[1] == seen[2]
