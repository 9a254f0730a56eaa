"""Two pools of servers, each running a release, behind a proxy that the registry configures."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from devkit.paths import REPO
from devkit.ports import free_port
from smarter_connector.tenants import routes
from smarter_connector.tenants.cli import app
from tests import caddy
from tests.server.stage import FIRST_RELEASE, NEXT_RELEASE, PASSWORD, Stage, until
from tests.server.web import Site
from tests.server.websocket import UPGRADE

pytestmark = pytest.mark.odoo

TEXT = (REPO / "deploy" / "proxy" / "Caddyfile.pools").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Proxy:
    """A running Caddy with the shipped file; ``follow`` gives it the registry's present state."""

    port: int
    home: Path
    stage: Stage

    def write(self) -> bool:
        found = routes.of_registry(self.stage.registry)
        text = routes.render(found, scheme="http", port=self.port)
        return routes.write(text, self.home / "routes" / "tenants.caddy")

    def follow(self) -> None:
        assert self.write()
        done = subprocess.run(
            [*caddy.command("reload", self.home), "--address", f"unix/{self.home}/admin.sock"],
            env=caddy.environment(self.home), capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def pools(stage: Stage) -> Iterator[dict[str, int]]:
    """The ports of two servers: the first tenant runs on one, the second on the other.

    The second one is as in production: processes, and websockets at a port of their own.
    """
    caddy.require()
    bus = str(free_port())
    processes = {"workers": "1", "gevent-port": bus, "max-cron-threads": "0"}
    with (
        stage.odoo(FIRST_RELEASE, "first", "127.0.0.1/32") as first,
        stage.odoo(NEXT_RELEASE, "next", "127.0.0.1/32", **processes) as second,
    ):
        ports = {FIRST_RELEASE: first, NEXT_RELEASE: second}
        places = {FIRST_RELEASE: f"{first}", NEXT_RELEASE: f"{second}/{bus}"}
        for release, place in places.items():
            stage.registry.add_release(release, "/srv/release", pool=f"127.0.0.1:{place}")
        stage.update(stage.tenants[1], release=NEXT_RELEASE)
        yield ports
        stage.update(stage.tenants[1], release=FIRST_RELEASE)


@pytest.fixture(scope="module")
def proxy(stage: Stage, pools: dict[str, int], tmp_path_factory) -> Iterator[Proxy]:
    home = tmp_path_factory.mktemp("c")
    (home / "routes").mkdir()
    found = Proxy(free_port(), home, stage)
    text = TEXT.replace("unix//run/caddy/admin.sock", f"unix/{home}/admin.sock\n\tauto_https off")
    text = text.replace(":8081", f":{free_port()}")
    (home / "Caddyfile").write_text(text)
    found.write()
    with caddy.running(home):
        yield found


def test_each_tenant_is_served_by_the_pool_of_its_release(stage, pools, proxy):
    for tenant in stage.tenants:
        site = Site(proxy.port, tenant.host)
        until(lambda site=site: site.ask("/web/login").status == 200)
        assert site.login(PASSWORD).status == 303
    for tenant, other in zip(stage.tenants, (NEXT_RELEASE, FIRST_RELEASE), strict=True):
        assert Site(pools[other], tenant.host).ask("/web/login").status == 421


@pytest.mark.parametrize("number", [0, 1])
def test_websockets_open_at_each_tenants_own_host_only(stage, proxy, number):
    tenant = stage.tenants[number]
    site = Site(proxy.port, tenant.host)
    asked = {**UPGRADE, "Origin": f"http://{tenant.host}"}
    until(lambda: site.ask("/websocket?version=x", headers=asked).status == 101)
    asked["Host"] = f"x.{tenant.host}"
    assert site.ask("/websocket?version=x", headers=asked).status == 404


def test_a_tenant_moves_by_its_release_in_the_registry_and_its_people_stay_logged_in(
    stage, pools, proxy
):
    tenant = stage.tenants[1]
    site = Site(proxy.port, tenant.host)
    until(lambda: site.ask("/web/login").status == 200)
    cookie = {"Cookie": site.login(PASSWORD).cookie()}
    stage.update(tenant, release=FIRST_RELEASE)
    until(lambda: site.ask("/web/login").status == 421)
    assert "Estamos trasladando" in site.ask("/web/login").text
    proxy.follow()
    until(lambda: site.ask("/web/login").status == 200)
    assert Site(pools[NEXT_RELEASE], tenant.host).ask("/web/login").status == 421
    info = site.post("/web/session/get_session_info", {}, cookie).json()
    assert info["result"]["db"] == tenant.database
    stage.update(tenant, release=NEXT_RELEASE)
    proxy.follow()
    until(lambda: site.ask("/web/login").status == 200)


def test_a_new_host_and_one_that_is_taken_away_reach_the_proxy(stage, proxy):
    tenant = stage.tenants[0]
    alias = f"otra-{tenant.host}"
    assert Site(proxy.port, alias).ask("/web/login").status == 404
    stage.registry.set_hosts(tenant.id, [tenant.host, alias])
    proxy.follow()
    until(lambda: Site(proxy.port, alias).ask("/web/login").status == 200)
    stage.registry.set_hosts(tenant.id, [tenant.host])
    proxy.follow()
    assert Site(proxy.port, alias).ask("/web/login").status == 404


def test_the_proxys_word_decides_and_no_clients_header(stage, proxy):
    here, there = stage.tenants
    headers = {"X-Forwarded-Host": there.host, "X-Forwarded-For": "6.6.6.6"}
    answer = Site(proxy.port, here.host).ask("/smarter/ready", headers=headers)
    assert answer.status == 200
    headers = {"X-Odoo-Database": there.database}
    assert Site(proxy.port, here.host).ask("/web/login", headers=headers).status == 404


def test_the_command_tells_programs_of_the_pools(stage, pools, proxy, tmp_path, monkeypatch):
    admin = stage.runtime.server.admin
    password = tmp_path / "password"
    password.write_text(admin.password)
    settings = {
        "PG_HOST": admin.host, "PG_PORT": admin.port, "PG_ADMIN_USER": admin.user,
        "PG_ADMIN_PASSWORD_FILE": str(password), "REGISTRY_DATABASE": stage.registry_database,
        "DATA_DIR": str(tmp_path), "BASE_SCHEME": "http", "PUBLIC_PORT": str(proxy.port),
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(f"SMARTEROS_{name}", value)
    file = tmp_path / "tenants.caddy"
    told = json.loads(CliRunner().invoke(app, ["routes", str(file), "--json"]).stdout)
    assert told["changed"] and [pool["release"] for pool in told["pools"]] == sorted(pools)
    assert file.read_text() == (proxy.home / "routes" / "tenants.caddy").read_text()
