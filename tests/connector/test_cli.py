"""The command line: what it prints, and its exit codes."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from rich.console import Console
from typer.testing import CliRunner

from smarter_connector.cli import app
from smarter_connector.cli.common import console
from smarter_connector.cli.outbox import Line, table_of
from smarter_connector.registry.served import Served
from tests.connector.outbox import enqueue, states, store_of, subscribe, tenant_of
from tests.connector.registered import activate, asked


@pytest.fixture
def tenant(reused_outbox, monkeypatch):
    """One tenant with a subscription that has a dead and a pending delivery, in the environment."""
    store_of(reused_outbox)
    login = reused_outbox.server.connector
    monkeypatch.setenv("SMARTER_TENANTS", json.dumps([tenant_of(reused_outbox).model_dump()]))
    monkeypatch.setattr(console, "width", 200)
    monkeypatch.setenv("SMARTER_PG_HOST", login.host)
    monkeypatch.setenv("SMARTER_PG_PORT", login.port)
    monkeypatch.setenv("SMARTER_PG_USER", login.user)
    monkeypatch.setenv("PGPASSWORD", login.password)
    with reused_outbox.owner() as owner:
        key = subscribe(owner, "http://127.0.0.1:9/hook", target="n8n")
        enqueue(owner, key, "sale.order/1")
        enqueue(owner, key, "sale.order/2")
        owner.execute("UPDATE smarter_delivery SET state = 'dead' WHERE lane = 'sale.order/1'")
    return reused_outbox


def invoke(*arguments: str, code: int = 0):
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == code, result.output
    return result


def test_status_counts_what_waits_and_what_is_dead(tenant):
    (line,) = json.loads(invoke("status", "--json").stdout)
    assert (line["tenant"], line["state"], line["subscription"]) == (tenant.name, "ready", "1 n8n")
    assert (line["pending"], line["dead"]) == (1, 1)
    assert tenant.name in invoke("status").stdout


def test_status_fits_80_columns_and_cuts_nothing():
    lines = [
        Line("tenant_" + "x" * 40, "ready", "12 Pedidos de la tienda a n8n", "n8n", True, 120_000),
        Line("otra", "ready", "7 Chat", "chatwoot", False, 1, 2, 3, 700_000.0, "q" * 100),
        Line("lejos", "away", problem="[no] markup"),
    ]
    out = Console(width=80, file=StringIO())
    out.print(table_of(lines))
    text = out.file.getvalue()
    assert max(map(len, text.splitlines())) <= 80 and "…" not in text
    assert text.count("x") == 40 and text.count("q") == 100 and "[no] markup" in text
    for word in ("120000", "8 d", "chatwoot", "tienda"):
        assert word in text


def test_status_of_a_refused_database_is_not_well(tenant, monkeypatch):
    listed = {**tenant_of(tenant).model_dump(), "uuid": "of-production"}
    monkeypatch.setenv("SMARTER_TENANTS", json.dumps([listed]))
    (line,) = json.loads(invoke("status", "--json", code=1).stdout)
    assert line["state"] == "refused" and "of-production" in line["problem"]


def test_replay_of_a_subscription_tries_the_dead_again(tenant):
    done = json.loads(invoke("replay", tenant.name, "--subscription", "1", "--json").stdout)
    assert done == {"retried": 1, "replayed": 0, "not_built": 0}
    with tenant.owner() as owner:
        assert states(owner) == {"pending": 2}


def test_replay_by_time_range_leaves_other_events_alone(tenant):
    arguments = ("replay", tenant.name, "--subscription", "1", "--json")
    assert json.loads(invoke(*arguments, "--until", "2001-01-01").stdout)["retried"] == 0
    assert json.loads(invoke(*arguments, "--since", "2001-01-01").stdout)["retried"] == 1


def test_replay_takes_the_tenant_by_rut_and_deliveries_by_id(tenant):
    assert "1 dead" in invoke("replay", "77654321-7", "--delivery", "1").stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "give either"),
        (["--delivery", "1", "--subscription", "1"], "give either"),
        (["--subscription", "1", "--state", "odd"], "dead or delivered"),
    ],
)
def test_replay_without_a_clear_choice_is_wrong_use(tenant, arguments, complaint):
    assert complaint in invoke("replay", tenant.name, *arguments, code=2).stderr
    with tenant.owner() as owner:
        assert states(owner) == {"pending": 1, "dead": 1}


def test_send_test_enqueues_an_event(tenant):
    found = json.loads(invoke("send-test", tenant.name, "--subscription", "1", "--json").stdout)
    with tenant.owner() as owner:
        query = "SELECT uid::text FROM smarter_event WHERE type = 'test.ping'"
        assert owner.execute(query).fetchone()[0] == found["event_id"]


def test_backfill_leaves_a_request_for_odoo(tenant):
    found = json.loads(invoke("backfill", tenant.name, "--subscription", "1", "--json").stdout)
    assert found["state"] == "pending"


def test_an_unknown_tenant_is_a_configuration_fault(tenant):
    assert "is not listed" in invoke("replay", "t_x", "--delivery", "1", code=3).stderr


def test_an_unknown_subscription_is_a_configuration_fault(tenant):
    assert "99" in invoke("send-test", tenant.name, "--subscription", "99", code=3).stderr


def test_an_unreachable_outbox_has_its_own_exit_code(tenant, monkeypatch):
    monkeypatch.setenv("SMARTER_PG_HOST", "127.0.0.1")
    monkeypatch.setenv("SMARTER_PG_PORT", "9")
    told = invoke("replay", tenant.name, "--delivery", "1", code=4).stderr
    assert "port 9 failed" in told and "Traceback" not in told


@pytest.mark.parametrize("command", ["send-test", "replay"])
def test_connectors_are_woken_at_once(tenant, command):
    login = tenant.server.connector
    with login.connect("postgres") as listener:
        listener.execute("LISTEN smarteros_outbox")
        listener.commit()
        invoke(command, tenant.name, "--subscription", "1")
        heard = [one.payload for one in listener.notifies(timeout=10, stop_after=1)]
    assert heard == [tenant.name]


def test_status_goes_on_after_a_tenant_that_cannot_be_asked(tenant, monkeypatch):
    listed = tenant_of(tenant).model_dump()
    monkeypatch.setenv("SMARTER_TENANTS", json.dumps([{**listed, "store": "memory"}]))
    (line,) = json.loads(invoke("status", "--json", code=1).stdout)
    assert line["state"] == "refused" and "for tests" in line["problem"]


def test_a_rut_of_several_databases_names_none_of_them(tenant, monkeypatch):
    listed = tenant_of(tenant).model_dump()
    both = json.dumps([listed, {**listed, "database": "t_copy"}])
    monkeypatch.setenv("SMARTER_TENANTS", both)
    assert "several databases" in invoke("replay", "77654321-7", "--delivery", "1", code=3).stderr


def test_check_names_what_is_wrong_and_passes_what_is_well(tenant):
    findings = json.loads(invoke("check", "--json", code=1).stdout)
    problems = {item["question"]: item["problem"] for item in findings}
    assert problems["clocks agree"] == ""
    assert problems["the role can do nothing but the protocol"] == ""
    assert "private network" in problems["the subscription can be served"]


def test_check_finds_a_subscription_without_a_key(tenant):
    with tenant.owner() as owner:
        owner.execute("DELETE FROM smarter_subscription_key")
    assert "no live signing key" in invoke("check", "--json", code=1).stdout


def test_check_finds_a_role_that_may_do_more(tenant):
    with tenant.owner() as owner:
        owner.execute(f"GRANT SELECT ON smarter_event TO {tenant.server.connector.user}")
        try:
            assert "smarter_event" in invoke("check", "--json", code=1).stdout
        finally:
            owner.execute(f"REVOKE ALL ON smarter_event FROM {tenant.server.connector.user}")


def test_run_without_tenants_says_what_to_set(monkeypatch):
    assert "SMARTER_TENANTS" in invoke("run", code=3).stderr


@pytest.fixture
def by_registry(registered, monkeypatch):
    """The environment of a connector whose tenants stand in a registry."""
    login = registered.server.connector
    monkeypatch.setattr(console, "width", 200)
    monkeypatch.setenv("SMARTER_PG_HOST", login.host)
    monkeypatch.setenv("SMARTER_PG_PORT", login.port)
    monkeypatch.setenv("SMARTER_PG_USER", login.user)
    monkeypatch.setenv("PGPASSWORD", login.password)
    monkeypatch.setenv("SMARTER_REGISTRY_DATABASE", registered.database)
    return registered


def test_status_and_check_know_the_tenants_of_the_registry(by_registry, registry):
    row = activate(registry, asked())
    registry.update(row.id, "upgrade", maintenance="upgrade to r2")
    (line,) = json.loads(invoke("status", "--json").stdout)
    assert (line["tenant"], line["state"]) == ("t_77654321_7", "held")
    assert line["problem"] == "in maintenance: upgrade to r2"
    findings = json.loads(invoke("check", "--json").stdout)
    assert [finding["place"] for finding in findings] == ["registry", "t_77654321_7"]
    assert [finding["problem"] for finding in findings] == ["", ""]


def test_check_tells_of_a_role_that_may_do_more_in_the_registry(by_registry):
    grant = "ON registry.tenant {} " + by_registry.server.connector.user
    with by_registry.admin() as admin:
        admin.execute("GRANT SELECT " + grant.format("TO"))
        try:
            (finding,) = json.loads(invoke("check", "--json", code=1).stdout)
        finally:
            admin.execute("REVOKE SELECT " + grant.format("FROM"))
    assert "registry.tenant" in finding["problem"]


def test_a_registry_that_is_away_is_told_apart_from_a_wrong_configuration(by_registry, monkeypatch):
    monkeypatch.setenv("SMARTER_REGISTRY_DATABASE", "no_such_registry")
    assert "registry cannot be read" in invoke("status", code=4).stderr
    (finding,) = json.loads(invoke("check", "--json", code=1).stdout)
    assert "no_such_registry" in finding["problem"]


def test_status_says_why_webhooks_wait(tenant, by_registry, monkeypatch):
    monkeypatch.setattr(
        "smarter_connector.cli.outbox.everyone",
        lambda settings: [Served(tenant_of(tenant), "free")],
    )
    with tenant.owner() as owner:
        owner.execute(
            "INSERT INTO smarter_webhook_hour"
            " VALUES (date_trunc('hour', now() AT TIME ZONE 'utc'), 400)"
        )
    (line,) = json.loads(invoke("status", "--json").stdout)
    assert line["state"] == "ready" and "400 webhooks an hour are used up" in line["problem"]
