"""The proxy's file, as the registry's rows make it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from smarter_connector.exceptions import ConfigurationError
from smarter_connector.registry import ReleaseRow, TenantRow
from smarter_connector.tenants import routes
from smarter_domain.tenancy import InvalidName

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def release(name: str, pool: str) -> ReleaseRow:
    return ReleaseRow(name, "/srv", "", {}, pool, NOW, None)


def tenant(release: str, *hosts: str, status: str = "active") -> TenantRow:
    return TenantRow(
        id=1, kind="production", rut="77654321-7", name="A", slug="a", plan="free", status=status,
        status_reason="", maintenance=None, database="t_77654321_7", uuid="u", release=release,
        module_set="", modules={}, external_ids={}, admin_email="", created_at=NOW, updated_at=NOW,
        activated_at=None, deleted_at=None, purge_after=None, source_tenant=None, hosts=hosts,
    )  # fmt: skip


RELEASES = [release("1", "odoo-1:8069/8072"), release("2", "odoo-2:8069"), release("3", "")]


def test_hosts_go_to_the_pool_of_their_tenants_release():
    tenants = [tenant("2", "b.example.cl"), tenant("1", "c.example.cl", "a.example.cl")]
    assert routes.pools(tenants, RELEASES) == [
        routes.Pool("1", "odoo-1:8069", "odoo-1:8072", ("a.example.cl", "c.example.cl")),
        routes.Pool("2", "odoo-2:8069", "odoo-2:8069", ("b.example.cl",)),
    ]


def test_a_site_names_its_hosts_and_the_servers_behind_them():
    text = routes.render(routes.pools([tenant("1", "a.example.cl", "b.example.cl")], RELEASES))
    assert text.splitlines()[2:] == [
        "# Release 1",
        "https://a.example.cl,",
        "https://b.example.cl {",
        "\tvars web odoo-1:8069",
        "\tvars bus odoo-1:8072",
        "\timport smarteros_tenant",
        "}",
    ]


@pytest.mark.parametrize("name", ["3", "unknown", ""])
def test_hosts_without_a_pool_are_answered_503_and_keep_their_certificate(name):
    text = routes.render(routes.pools([tenant(name, "a.example.cl")], RELEASES))
    assert "https://a.example.cl {\n\trespond 503\n}" in text and "import" not in text


@pytest.mark.parametrize("status", ["provisioning", "deleted", "purged"])
def test_tenants_that_are_not_served_are_not_led_anywhere(status):
    assert routes.pools([tenant("1", "a.example.cl", status=status)], RELEASES) == []


@pytest.mark.parametrize(
    "pool", ["odoo", "odoo:", "odoo:80 evil", "odoo:80\nimport x", "http://odoo:80", "{env.X}:80"]
)
def test_a_pool_that_could_be_more_than_an_address_is_refused(pool):
    with pytest.raises(ConfigurationError, match="host:port"):
        routes.pools([], [release("1", pool)])


def test_a_host_that_could_be_more_than_a_host_is_refused():
    with pytest.raises(InvalidName):
        routes.pools([tenant("1", "a.example.cl {\nrespond")], RELEASES)


def test_a_release_cannot_break_out_of_its_comment():
    text = routes.render([routes.Pool("1\nevil", "o:1", "o:1", ("a.example.cl",))])
    assert "# Release 1?evil" in text


def test_over_http_unknown_hosts_are_refused_by_the_proxy():
    text = routes.render([], scheme="http", port=8080)
    assert "http://:8080 {\n\trespond 404\n}" in text


def test_a_file_is_replaced_at_once_and_only_when_it_changed(tmp_path):
    place = tmp_path / "tenants.caddy"
    assert [routes.write("a", place), routes.write("a", place), routes.write("b", place)] == [
        True, False, True,
    ]  # fmt: skip
    assert place.read_text() == "b" and list(tmp_path.iterdir()) == [place]
