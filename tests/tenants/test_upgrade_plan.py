"""What an upgrade does in a tenant, decided from names and hashes alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smarter_connector.registry import InvalidRequest, ReleaseRow
from smarter_connector.tenants.modules import Manifest
from smarter_connector.tenants.upgrade_plan import Installed, Plan, noted, plan

THEN = datetime(2026, 11, 22, tzinfo=UTC)
NAMES = st.sampled_from(["base", "account", "smarter_a", "smarter_b", "smarter_c"])


def release(name: str = "r1", build: str = "o1", **modules: str) -> ReleaseRow:
    """``smarter_a="d1"`` is a module with digest d1, ``"d1@2.0"`` one of that version."""
    parts = {module: text.partition("@") for module, text in modules.items()}
    facts = {m: {"digest": digest, "version": v or "1.0"} for m, (digest, _, v) in parts.items()}
    return ReleaseRow(name, f"/opt/{name}", build, facts, "", THEN, None)


def manifest(*depends: str, auto: bool = False) -> Manifest:
    return Manifest("1.0", depends, depends if auto else None)


def installed(**digests: str) -> Installed:
    return Installed(frozenset(name for name, digest in digests.items() if digest), digests)


OLD = release(smarter_a="a1", smarter_b="b1")
OFFERED = {"smarter_a": manifest("account"), "smarter_b": manifest("smarter_a")}
TENANT = installed(base="o1", account="o1", smarter_a="a1", smarter_b="b1")


def test_only_what_changed_is_upgraded():
    new = release("r2", smarter_a="a1", smarter_b="b2")
    assert plan(TENANT, OLD, new, OFFERED) == Plan(("smarter_b",), ())


def test_nothing_changed_is_nothing_to_do():
    assert plan(TENANT, OLD, release("r2", smarter_a="a1", smarter_b="b1"), OFFERED).is_empty


def test_another_odoo_upgrades_everything_by_its_base():
    new = release("r2", build="o2", smarter_a="a1", smarter_b="b2")
    assert plan(TENANT, OLD, new, OFFERED) == Plan(("base",), ())


def test_a_module_that_people_installed_themselves_counts():
    tenant = Installed(TENANT.modules | {"smarter_c", "crm"}, TENANT.digests)
    new = release("r2", smarter_a="a1", smarter_b="b1", smarter_c="c1")
    assert plan(tenant, OLD, new, OFFERED) == Plan(("smarter_c",), ())


def test_what_a_module_newly_needs_is_installed_with_what_that_needs():
    new = release("r2", smarter_a="a2", smarter_b="b1", smarter_c="c1")
    offered = {**OFFERED, "smarter_a": manifest("account", "smarter_c"),
               "smarter_c": manifest("fleet")}  # fmt: skip
    assert plan(TENANT, OLD, new, offered) == Plan(("smarter_a",), ("fleet", "smarter_c"))


def test_what_installs_itself_beside_others_is_installed():
    new = release("r2", smarter_a="a1", smarter_b="b1", smarter_c="c1", smarter_d="d1")
    offered = {**OFFERED, "smarter_c": manifest("smarter_b", auto=True),
               "smarter_d": manifest("fleet", auto=True)}  # fmt: skip
    assert plan(TENANT, OLD, new, offered) == Plan((), ("smarter_c",))


def test_what_the_set_gained_is_installed_and_what_people_took_out_is_not():
    tenant = installed(base="o1", account="o1", smarter_a="a1", smarter_b="", crm="")
    offered = {**OFFERED, "smarter_b": manifest("smarter_a", auto=True)}
    found = plan(tenant, OLD, OLD, offered, ["smarter_b", "crm", "fleet"])
    assert found == Plan((), ("fleet",))


def test_what_people_took_out_and_put_back_is_as_new_as_its_release():
    tenant = Installed(TENANT.modules | {"crm"}, {**TENANT.digests, "crm": ""})
    assert plan(tenant, OLD, release("r2", smarter_a="a1", smarter_b="b1"), OFFERED).is_empty


def test_a_release_without_an_installed_module_is_refused():
    with pytest.raises(InvalidRequest, match="r2 does not have smarter_b: uninstall it"):
        plan(TENANT, OLD, release("r2", smarter_a="a1"), OFFERED)


@pytest.mark.parametrize("version", ["0.9", "1", "0.9.9.9"])
def test_an_older_version_is_refused(version: str):
    new = release("r2", smarter_a="a1", smarter_b=f"b0@{version}")
    with pytest.raises(InvalidRequest, match="Odoo cannot go back"):
        plan(TENANT, OLD, new, OFFERED)


def test_a_release_that_the_registry_forgot_upgrades_what_is_not_the_same():
    new = release("r2", smarter_a="a1", smarter_b="b2")
    assert plan(TENANT, None, new, OFFERED) == Plan(("smarter_b",), ())


def test_what_was_taken_out_is_noted_without_a_digest():
    new = release("r2", smarter_a="a2")
    assert noted(new, ["base", "smarter_a"], ["base", "crm"]) == {
        "base": "o1", "smarter_a": "a2", "crm": "",
    }  # fmt: skip


@given(st.dictionaries(NAMES, st.sampled_from(["1", "2"]), min_size=1), st.sampled_from("12"))
def test_after_the_digests_were_noted_there_is_nothing_left_to_do(digests, build: str):
    tenant = installed(**digests)
    new = release("r2", build=build, smarter_a="1", smarter_b="2", smarter_c="1")
    first = plan(tenant, None, new, {})
    after = noted(new, tenant.modules, digests)
    assert first.install == ()
    assert plan(Installed(tenant.modules, after), new, new, {}).is_empty
