"""What somebody asks for is checked before it is entered, and text that is crafted stays text."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from smarter_connector.registry import InvalidRequest, NewTenant, Registry, UnknownTenant
from tests.connector.registered import asked

LINES = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=200
).filter(str.strip)
CRAFTED = [
    "x'); DROP TABLE registry.tenant; --", "$(touch /tmp/x)", "`id`", "../../etc/passwd",
    "%s %(a)s", "{0}", "\\'; --", "Robert\"); --", "<script>alert(1)</script>", "-rf",
    "🦙 Ñandú & Cía.",
]  # fmt: skip


@pytest.fixture(scope="module")
def one(installed_registry):
    """A registry and a tenant in it that the tests of this file rename."""
    registry = Registry(installed_registry.admin, actor="tests")
    return registry, registry.reserve(asked("11.111.111-1", "crafted", hosts=()))


@pytest.mark.parametrize("text", CRAFTED)
def test_crafted_text_is_kept_as_the_text_it_is(registry: Registry, text: str):
    row = registry.reserve(asked(name=text))
    registry.update(row.id, "suspended", {"note": text}, status_reason=text)
    registry.note(row.id, text)
    assert registry.tenant(row.id).name == registry.tenant(row.id).status_reason == text
    assert [line.event for line in registry.history(row.id)] == [text, "suspended", "reserved"]
    with pytest.raises(UnknownTenant):
        registry.tenant(text)


@given(LINES)
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_line_of_text_can_be_a_name_and_comes_back_unchanged(one, name: str):
    registry, row = one
    assert registry.update(row.id, "renamed", {"name": name}, name=name).name == name
    assert registry.history(row.id, limit=1)[0].detail == {"name": name}


@pytest.mark.parametrize(
    "wrong",
    [
        {"rut": "77.654.321-8"},
        {"rut": "77.654.321-7'; --"},
        {"rut": ""},
        {"rut": None},
        {"slug": "www"},
        {"slug": "a_b"},
        {"slug": "../x"},
        {"plan": "gold"},
        {"plan": "free'; --"},
        {"name": ""},
        {"name": "  "},
        {"name": "a\nb"},
        {"name": "a\x00b"},
        {"name": "\x1b[2J"},
        {"name": "x" * 201},
        {"admin_email": "no"},
        {"admin_email": "a@b\r\nBcc: c@d.cl"},
        {"admin_email": "a b@c.cl"},
        {"hosts": ("a.cl:80",)},
        {"hosts": ("a.cl", "evil.cl/x")},
        {"hosts": ("a.cl\r\nX-Odoo-Database: b",)},
    ],
)
def test_a_wrong_request_names_what_is_wrong_and_is_not_made(wrong: dict):
    values = {"rut": "77.654.321-7", "name": "Mi Empresa", "slug": "mi-empresa", "plan": "free"}
    with pytest.raises(InvalidRequest) as caught:
        NewTenant(**values | wrong)
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value)


def test_a_staging_clone_shares_the_rut_and_nothing_else(registry: Registry):
    first = registry.reserve(asked())
    clone = registry.reserve(asked(kind="staging", slug="prueba", source_tenant=first.id))
    assert (clone.rut, clone.source_tenant) == (first.rut, first.id)
    assert registry.tenant(first.rut) == registry.tenant(f"id:{first.id}") == first
    with pytest.raises(InvalidRequest):
        values = {"database": "t_77654321_7", "uuid": "a" * 36}
        registry.update(clone.id, "created", status="active", **values)


@pytest.mark.parametrize("source", [0, 10**12])
def test_a_clone_of_a_tenant_that_is_not_there_is_refused(registry: Registry, source: int):
    with pytest.raises(InvalidRequest):
        registry.reserve(asked(kind="staging", source_tenant=source))
    assert registry.tenants(kind=None) == []
