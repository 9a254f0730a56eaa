"""Names of databases and hosts: one function maps them, and nothing crafted gets through."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smarter_domain import tenancy
from smarter_domain.rut import InvalidRut, Rut
from smarter_domain.tenancy import InvalidName

RUTS = st.integers(1, 99_999_999).map(Rut.from_number)
TRICKS = [
    "x'; DROP TABLE t; --", 'x"y', "$(reboot)", "`id`", "a|b", "../../etc/passwd", "a/b", "a\\b",
    "a b", "a\n", "\na", "a\x00b",
    "\uff41", "á", "\u212a", "%2e%2e", "-rf", "a;b", "{a}", "a\r\nHost: b",
]  # fmt: skip


@given(RUTS)
def test_a_database_name_leads_back_to_its_rut(rut: Rut):
    name = tenancy.database_name(rut)
    assert tenancy.parse_database_name(name) == rut
    assert tenancy.check_database_name(name) == name
    assert tenancy.database_name(rut.dotted) == name


@given(st.text(max_size=80))
def test_what_passes_as_a_name_is_safe_everywhere(text: str):
    checks = ((tenancy.check_database_name, r"[a-z0-9_]+"), (tenancy.check_slug, r"[a-z0-9-]+"))
    for check, safe in (*checks, (tenancy.check_host, r"[a-z0-9.-]+")):
        try:
            assert re.fullmatch(safe, check(text), re.ASCII)
        except InvalidName as error:
            assert error.reason and "\n" not in str(error) and str(error).isascii()


@given(st.text(max_size=80))
def test_a_slug_made_of_any_name_is_a_slug_or_refused(name: str):
    try:
        slug = tenancy.slug_from_name(name)
    except InvalidName:
        return
    assert tenancy.check_slug(slug) == slug
    assert tenancy.check_host(tenancy.host_name(slug, "example.cl")) == f"{slug}.example.cl"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Mi Empresa SpA", "mi-empresa-spa"),
        ("Ñuñoa & Cía. Ltda.", "nunoa-y-cia-ltda"),
        ("  --  3M -- ", "3m"),
        ("www", "empresa-www"),
        ("360", "empresa-360"),
        ("77.654.321-7", "77-654-321-7"),
        ("a" * 39 + " b", "a" * 39),
    ],
)
def test_a_slug_is_the_name_as_a_host_can_say_it(name: str, slug: str):
    assert tenancy.slug_from_name(name) == slug


@pytest.mark.parametrize("trick", ["", "株式会社", "...", None])
def test_a_name_of_which_nothing_is_left_makes_no_slug(trick):
    with pytest.raises(InvalidName):
        tenancy.slug_from_name(trick)


@pytest.mark.parametrize("trick", [*TRICKS, "", None, 7, "a" * 64, "1a", "_a", "A"])
def test_a_crafted_database_name_is_refused(trick):
    with pytest.raises(InvalidName):
        tenancy.check_database_name(trick)


@pytest.mark.parametrize(
    "trick", ["t_77654321_8", "t_77654321_K", "t_07654321_7", "T_77654321_7", "t_77654321_7\n",
              "t_77654321_7_1", "s_77654321_7", "t_0_0", "t_٧٧_7", None]
)  # fmt: skip
def test_only_the_exact_name_of_a_database_is_a_rut(trick):
    with pytest.raises(InvalidName):
        tenancy.parse_database_name(trick)


@pytest.mark.parametrize(
    "trick", [*TRICKS, "", "-a", "a-", "a--b", "a_b", "a.b", "A", "x" * 41, "www", "12345678-5",
              "123456785", "cl12345678-5", "42", None]
)  # fmt: skip
def test_a_crafted_or_ambiguous_slug_is_refused(trick):
    with pytest.raises(InvalidName):
        tenancy.check_slug(trick)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("Tienda.Example.CL", "tienda.example.cl"),
        ("localhost", "localhost"),
        ("demo.localhost", "demo.localhost"),
        ("xn--uoa-8ma.cl", "xn--uoa-8ma.cl"),
        ("3m.cl", "3m.cl"),
    ],
)
def test_a_host_is_kept_in_lower_case(text: str, host: str):
    assert tenancy.check_host(text) == host


@pytest.mark.parametrize(
    "trick",
    [
        *(f"{trick}.cl" for trick in TRICKS), "", "cl", "a..cl", ".a.cl", "a.cl.", "a.cl:80",
        "a_b.cl", "-a.cl", "a-.cl", f"{'a' * 64}.cl", "a." * 126 + "cl", "ab--c.cl", "127.0.0.1",
        "10.1", "1.2.3.4", "a.0x7f", "0x7f.1", "[::1]", "::1", "a@b.cl", "http://a.cl", "a.cl/x",
        "a.cl?x", "a.cl#x", "*.cl", "12.345.678-5", "a.cl,b.cl", None,
    ],
)  # fmt: skip
def test_a_crafted_host_is_refused(trick):
    with pytest.raises(InvalidName):
        tenancy.check_host(trick)


def test_loopback_addresses_are_hosts_where_that_is_asked_for():
    assert tenancy.check_host("127.0.0.1", allow_loopback=True) == "127.0.0.1"
    for address in ("10.0.0.1", "127.1", "0.0.0.0", "127.0.0.1.", "0127.0.0.1"):
        with pytest.raises(InvalidName):
            tenancy.check_host(address, allow_loopback=True)


def test_every_database_of_a_tenant_has_its_own_name():
    names = [
        tenancy.staging_name("77.654.321-7", 2), tenancy.new_name(12),
        tenancy.restore_point_name(12, 34), tenancy.deleted_name(12),
        tenancy.template_name("business", "0123456789abcdef"), tenancy.scratch_name("0a1b2c3d"),
    ]  # fmt: skip
    assert names == [
        "s_77654321_7_2", "new_12", "pre_12_34", "del_12", "tpl_business_0123456789ab",
        "scratch_0a1b2c3d",
    ]  # fmt: skip
    assert [tenancy.check_database_name(name) for name in names] == names


@pytest.mark.parametrize(
    "make",
    [
        lambda: tenancy.new_name(0),
        lambda: tenancy.new_name("1; --"),
        lambda: tenancy.deleted_name(True),
        lambda: tenancy.staging_name("77.654.321-7", -1),
        lambda: tenancy.template_name("a-b", "0123456789ab"),
        lambda: tenancy.template_name("a", "x" * 12),
        lambda: tenancy.template_name("a", "abc"),
        lambda: tenancy.scratch_name("../x"),
    ],
)
def test_a_name_of_odd_parts_is_refused(make):
    with pytest.raises(InvalidName):
        make()


def test_a_wrong_rut_names_no_database():
    with pytest.raises(InvalidRut):
        tenancy.database_name("77.654.321-8")
