"""A tenant in maintenance, suspended or moved; readiness; crons; a registry that is away."""

from __future__ import annotations

import xmlrpc.client

import pytest

from tests.server.stage import FIRST_RELEASE, NEXT_RELEASE, PASSWORD, Stage, Tenant, until
from tests.server.web import PROXY, Answer, Site
from tests.server.websocket import WebSocket

pytestmark = pytest.mark.odoo

MONITOR = "127.0.0.9"


@pytest.fixture(autouse=True)
def restored(stage: Stage, odoo: int, here: Tenant):
    """Each test ends when the server serves the tenant again."""
    yield
    stage.update(here, status="active", status_reason="", maintenance=None, release=FIRST_RELEASE)
    with stage.runtime.server.admin.connect(stage.registry_database) as admin:
        admin.execute("TRUNCATE routing.counter")
    until(lambda: Site(odoo, here.host).ask("/smarter/ready").status == 200)


def answered(site: Site, path: str, status: int, **more) -> Answer:
    """The first answer with that status; the server hears of a change within a second."""
    found: list[Answer] = []

    def asked() -> bool:
        found.append(site.ask(path, **more))
        return found[-1].status == status

    until(asked)
    return found[-1]


def test_a_tenant_in_maintenance_is_answered_503_in_spanish_for_a_while(site, here, stage):
    stage.update(here, maintenance="upgrade")
    answer = answered(site, "/web/login", 503)
    assert answer.headers["Retry-After"] == "30" and answer.headers["X-Robots-Tag"] == "noindex"
    assert 'content="noindex"' in answer.text and "Estamos mejorando su sistema" in answer.text
    assert "http://" not in answer.text and "https://" not in answer.text
    assert site.ask("/web/static/img/favicon.ico").status == 503


def test_programs_are_told_of_maintenance_in_their_own_form(site, here, stage):
    stage.update(here, maintenance="upgrade")
    answered(site, "/json/2/res.users/search", 503, method="POST", body=b"{}")
    call = site.post("/web/dataset/call_kw", {"params": {}}).json()
    assert call["error"]["data"]["name"] == "odoo.exceptions.UserError"
    assert site.post("/json/2/res.users/search", {}).json()["name"] == "maintenance"
    assert site.ask("/smarter/ready").json()["name"] == "maintenance"


def test_maintenance_of_one_tenant_leaves_the_other_at_work(site, neighbour, here, stage):
    stage.update(here, maintenance="upgrade")
    answered(site, "/web/login", 503)
    assert neighbour.ask("/web/login").status == 200


def test_nothing_reaches_the_database_of_a_tenant_in_maintenance(site, here, stage):
    """What was under way when it began ends; afterwards nobody is connected any more."""
    assert site.ask("/web/login").status == 200
    stage.update(here, maintenance="upgrade")
    answered(site, "/web/login", 503)
    with stage.runtime.server.admin.connect() as admin:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        admin.execute(query, [here.database])
        for path in ("/web/login", "/jsonrpc", "/websocket", "/smarter/ready"):
            assert site.ask(path).status == 503
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        until(lambda: admin.execute(query, [here.database]).fetchone() == (0,))


def test_a_tenant_of_another_release_is_not_served_by_this_one(site, here, stage):
    stage.update(here, release=NEXT_RELEASE)
    answer = answered(site, "/web/login", 421)
    assert answer.headers["Retry-After"] == "5" and "Estamos trasladando" in answer.text


def test_people_of_a_suspended_tenant_can_still_log_in(site, here, stage):
    stage.update(here, status="suspended", status_reason="impago")
    assert site.login(PASSWORD).status == 303


def test_a_tenant_that_leaves_the_registry_becomes_unknown(site, here, stage):
    stage.update(here, status="deleted")
    assert "No encontramos" in answered(site, "/web/login", 404).text


def test_a_host_that_is_added_and_taken_away_follows_within_a_second(odoo, here, stage):
    alias = f"alias-{here.host}"
    site = Site(odoo, alias)
    assert site.ask("/web/login").status == 404
    stage.registry.set_hosts(here.id, [here.host, alias])
    try:
        assert answered(site, "/web/login", 200).status == 200
    finally:
        stage.registry.set_hosts(here.id, [here.host])
    answered(site, "/web/login", 404)


def ready(site: Site, **more) -> Answer:
    return site.ask("/smarter/ready", **more)


def test_readiness_is_a_bare_status_for_the_public(site):
    answer = ready(site)
    assert (answer.status, answer.json()) == (200, {"status": "pass"})
    assert answer.headers["Cache-Control"] == "no-store" and not answer.cookie()


@pytest.mark.parametrize(
    "asked",
    [
        {"source": MONITOR},
        {"headers": {"Authorization": "Bearer vigilante"}},
        {"headers": {"X-Forwarded-For": MONITOR}, "source": PROXY},
    ],
)
def test_monitors_read_the_checks_behind_it(site, asked):
    facts = ready(site, **asked).json()
    assert facts["checks"]["registry"] == {"status": "pass", "loaded": True, "modules_changing": 0}
    assert facts["checks"]["caf"] == facts["checks"]["certificate"] == {
        "status": "pass", "absent": True,
    }  # fmt: skip
    assert set(facts["checks"]["outbox"]) == {"status", "held", "dead", "waiting", "oldest"}
    assert facts["checks"]["cron"] == {"status": "pass", "lag": 0}


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer vigilant"},
        {"Authorization": "vigilante"},
        {"Authorization": "Bearer ñ"},
        {"X-Forwarded-For": MONITOR},
    ],
)
def test_nobody_else_reads_them(site, headers):
    assert set(ready(site, headers=headers).json()) == {"status"}


def test_readiness_tells_of_late_deliveries_and_dead_letters(site, here, stage):
    with stage.runtime.server.odoo.connect(here.database) as connection:
        connection.execute("""
            INSERT INTO smarter_event (type, aggregate, rut, epoch) VALUES ('x', 'a/1', '1-9', 1);
            INSERT INTO smarter_delivery
                (event_id, subscription_id, lane, state, webhook_id, replay, create_date)
            SELECT id, 0, 'a/1', made.state, 'w', replay,
                   now() AT TIME ZONE 'utc' - interval '1 hour'
            FROM smarter_event, (VALUES ('dead', 0), ('pending', 1)) AS made (state, replay)
            WHERE type = 'x'
        """)
        try:
            answer = ready(site, source=MONITOR)
        finally:
            connection.execute("DELETE FROM smarter_event WHERE type = 'x'")
    outbox = answer.json()["checks"]["outbox"]
    assert (answer.status, outbox["status"]) == (200, "warn")
    assert (outbox["dead"], outbox["waiting"]) == (1, 1) and 3600 <= outbox["oldest"] < 3900


def test_readiness_fails_while_modules_are_changing(site, here, stage):
    with stage.runtime.server.odoo.connect(here.database) as connection:
        change = "UPDATE ir_module_module SET state = %s WHERE name = 'crm'"
        connection.execute(change, ["to upgrade"])
        try:
            answer = ready(site)
        finally:
            connection.execute(change, ["installed"])
    assert (answer.status, answer.json()) == (503, {"status": "fail"})


def test_readiness_fails_when_the_database_cannot_be_loaded(site, here, stage):
    with stage.runtime.server.admin.connect() as admin:
        name = here.database
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        admin.execute(query, [name])
        try:
            answer = ready(site, source=MONITOR)
        finally:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert answer.status == 503
    assert answer.json()["checks"]["registry"] == {"status": "fail", "loaded": False}


def test_crons_run_for_active_tenants_alone(site, here, there, stage):
    due = """
        UPDATE ir_cron SET active = true, nextcall = now() - interval '1 hour' WHERE id = (
            SELECT res_id FROM ir_model_data WHERE name = 'autovacuum_job' AND module = 'base')
    """
    waiting = "SELECT count(*) FROM ir_cron WHERE active AND nextcall < now()"

    def lags(tenant: Tenant) -> bool:
        with stage.runtime.server.odoo.connect(tenant.database) as connection:
            return connection.execute(waiting).fetchone()[0] > 0

    for tenant in stage.tenants:
        with stage.runtime.server.odoo.connect(tenant.database) as connection:
            connection.execute(due)
    stage.update(here, status="suspended", status_reason="impago")
    until(lambda: "paused" in ready(site, source=MONITOR).json()["checks"]["cron"])
    with stage.runtime.server.odoo.connect() as connection:

        def ran() -> bool:
            # In this order: when the second one has run, the first was passed over.
            for tenant in (here, there):
                connection.execute("SELECT pg_notify('cron_trigger', %s)", [tenant.database])
            return not lags(there)

        until(ran)
    assert lags(here)


def test_tenants_stay_reachable_and_guesses_counted_while_the_registry_is_away(odoo, here, stage):
    site = Site(odoo, here.host, "203.0.113.80")
    assert site.ask("/web/login").status == 200
    with stage.registry_away():
        assert site.ask("/web/login").status == 200
        assert Site(odoo, "unknown.localhost").ask("/web/login").status == 404
        with pytest.raises(xmlrpc.client.Fault, match="Demasiados intentos"):
            for _ in range(12):
                call = (here.database, "pedro", "wrong")
                assert not site.xmlrpc("2/common", "login", *call)


def test_a_server_that_never_saw_the_registry_serves_nobody(here, stage):
    with stage.registry_away(), stage.odoo(FIRST_RELEASE, "blind") as port:
        answer = Site(port, here.host).ask("/web/login")
        assert answer.status == 503 and "no está disponible" in answer.text
        assert Site(port, here.host).ask("/web/health").status == 200


def test_a_guard_that_cannot_be_built_shuts_the_server(here, stage):
    with stage.odoo(FIRST_RELEASE, "broken", "not a network", awaited=False) as port:
        site = Site(port, here.host)

        def status(path: str) -> int:
            try:
                return site.ask(path).status
            except ConnectionError:
                return 0

        until(lambda: status("/web/login") == 503)
        assert [status(path) for path in ("/web/health", "/jsonrpc", "/odoo")] == [503] * 3


def test_a_websocket_that_stayed_open_reaches_no_database_during_maintenance(
    odoo, site, here, stage
):
    with WebSocket(odoo, here.host) as websocket:
        websocket.send({"event_name": "subscribe", "data": {"channels": [], "last": 0}})
        stage.update(here, maintenance="upgrade")
        answered(site, "/web/login", 503)
        websocket.send({"event_name": "subscribe", "data": {"channels": [], "last": 0}})
        assert websocket.closed()
