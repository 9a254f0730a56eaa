"""Copies for tests: nothing leaves them, and nothing outside takes them for the tenant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from smarter_connector.registry import Busy, Conflict, InvalidRequest
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import doctor, grants, staging_reset
from smarter_connector.tenants.delete import delete
from smarter_connector.tenants.odoo_runner import OdooRunner
from smarter_connector.tenants.outbox_state import release_deliveries
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.purge import purge
from smarter_connector.tenants.staging import STEPS, clone_to_staging
from tests.tenants import keeping, small
from tests.tenants.keeping import DATABASE

RUT = "77.654.321-7"
COPY = "s_77654321_7_1"
HOST = "mi-empresa-spa-prueba-1.example.cl"

DANGERS = """
CREATE TABLE ir_mail_server (id serial, smtp_host text, smtp_user text, smtp_pass text,
    active boolean);
CREATE TABLE payment_provider (id serial, state text, mp_access_token text);
CREATE TABLE ir_act_server (id serial, state text, webhook_url text);
CREATE TABLE mail_mail (id serial, body text);
CREATE TABLE certificate_certificate (id serial, active boolean, pkcs12_password text);
CREATE TABLE res_users_apikeys (id serial, name text, key text);
INSERT INTO ir_mail_server (smtp_host, smtp_user, smtp_pass, active)
    VALUES ('smtp.example.cl', 'u', 'p', true), ('invalid', NULL, NULL, true);
INSERT INTO payment_provider (state, mp_access_token) VALUES ('enabled', 'live-token');
INSERT INTO ir_act_server (state, webhook_url) VALUES ('webhook', 'https://hooks.example.cl/1');
INSERT INTO mail_mail (body) VALUES ('waits');
INSERT INTO certificate_certificate (active, pkcs12_password) VALUES (true, 'secret');
INSERT INTO res_users_apikeys (name, key) VALUES ('rpc', 'hash');
INSERT INTO ir_config_parameter (key, value) VALUES ('some.api_key', 'live-key');
UPDATE res_users SET password = '$pbkdf2-sha512$of-the-owner';
"""


@pytest.fixture(scope="module")
def original(_small: Platform, tmp_path_factory):
    own = keeping.with_backups(_small, tmp_path_factory.mktemp("staging"))
    tenant = keeping.tenant(own)
    with own.admin(DATABASE) as connection:
        connection.execute(DANGERS)
    yield tenant
    small.empty(own)


@pytest.fixture
def own(_small: Platform, original, tmp_path: Path, monkeypatch):
    """The platform, with a release that has a folder and an Odoo that neutralizes nothing."""
    (tmp_path / "addons" / "smarter_base").mkdir(parents=True)
    monkeypatch.setattr(OdooRunner, "neutralize", lambda *_: "")
    release = _small.registry.release(small.RELEASE)
    with _small.admin(small.REGISTRY) as admin:
        admin.execute("UPDATE registry.release SET path = %s", [str(tmp_path)])
    own = keeping.with_backups(_small, tmp_path)
    yield own
    with _small.admin(small.REGISTRY) as admin:
        admin.execute("UPDATE registry.release SET path = %s", [release.path])
        copies = "SELECT id FROM registry.tenant WHERE kind = 'staging'"
        for table in ("operation", "host"):
            admin.execute(f"DELETE FROM registry.{table} WHERE tenant IN ({copies})")
        admin.execute("DELETE FROM registry.tenant WHERE kind = 'staging'")
    for name in (*own.databases.names("s_"), *own.databases.names("new_")):
        own.databases.drop(name)


def parameters(platform: Platform, database: str) -> dict[str, str]:
    with platform.admin(database) as connection:
        return small.parameters(connection)


def test_a_copy_has_its_own_host_identity_and_all_the_data(own: Platform, original, routes):
    copy = clone_to_staging(own, RUT)
    assert (copy.kind, copy.status, copy.database) == ("staging", "active", COPY)
    assert (HOST, COPY) in routes()
    assert keeping.sales(own, COPY) == keeping.sales(own)
    before, after = parameters(own, DATABASE), parameters(own, COPY)
    assert after["database.uuid"] == copy.uuid != original.uuid
    assert after["database.secret"] != before["database.secret"]
    assert after["web.base.url"] == f"https://{HOST}"
    assert (own.filestore(COPY) / "ab" / "abcd").samefile(own.filestore(DATABASE) / "ab" / "abcd")
    assert own.databases.owner(COPY) == "odoo"


def test_nothing_that_reaches_outside_is_left_in_it(own: Platform, original):
    clone_to_staging(own, RUT)
    with own.admin(COPY) as connection:
        assert staging_reset.audit(connection) == []
        everything = connection.execute(
            "SELECT (SELECT string_agg(m::text, '') FROM ir_mail_server m)"
            " || (SELECT string_agg(p::text, '') FROM payment_provider p)"
            " || (SELECT string_agg(a::text, '') FROM ir_act_server a)"
            " || (SELECT string_agg(c::text, '') FROM certificate_certificate c)"
            " || (SELECT string_agg(i.value, '') FROM ir_config_parameter i)"
        ).fetchone()[0]
        held = keeping.outbox(connection)
    for secret in ("live-token", "live-key", "hooks.example.cl", "secret)"):
        assert secret not in everything
    assert held[1:] == (True, staging_reset.DISABLED)
    assert parameters(own, COPY)["database.is_neutralized"] == "true"
    password = keeping.column(own, "SELECT password FROM res_users", COPY)
    assert set(password) == {"$pbkdf2-sha512$of-the-owner"}


def test_the_original_is_as_it_was(own: Platform, original):
    clone_to_staging(own, RUT)
    with own.admin(DATABASE) as connection:
        problems = staging_reset.audit(connection)
    assert len(problems) >= 9
    assert own.registry.tenant(original.id).uuid == original.uuid
    assert keeping.column(own, "SELECT count(*) FROM smarter_subscription WHERE active") == [2]


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE ir_mail_server SET active = true", "a mail server is active"),
        ("DELETE FROM ir_mail_server", "without a mail server of its own"),
        ("UPDATE payment_provider SET state = 'test'", "a payment provider is enabled"),
        ("UPDATE smarter_subscription SET active = true", "a subscription is active"),
        ("UPDATE ir_act_server SET webhook_url = 'https://a.cl'", "a webhook has its address"),
        ("INSERT INTO mail_mail (body) VALUES ('x')", "mail waits to be sent"),
        ("UPDATE smarter_outbox_state SET held = false", "the outbox is not held"),
        ("UPDATE ir_cron SET active = true", "a scheduled action is active"),
        ("UPDATE payment_provider SET mp_access_token = 'x'", "mp_access_token holds a secret"),
    ],
)
def test_the_proof_sees_each_danger(own: Platform, statement: str, problem: str, shared_copy):
    with own.admin(shared_copy) as connection, connection.transaction(force_rollback=True):
        connection.execute(statement)
        assert [one for one in staging_reset.audit(connection) if problem in one]


@pytest.fixture(scope="module")
def shared_copy(_small: Platform, original):
    """A harmless copy that no test changes for good."""
    name = "scratch_abcdef"
    _small.databases.allow_connections(DATABASE, False)
    _small.databases.disconnect(DATABASE)
    _small.databases.clone(DATABASE, name)
    _small.databases.allow_connections(DATABASE, True)
    with _small.admin(name) as connection:
        staging_reset.reset(connection, staging_reset.Copy("x", "x", "https://x.example.cl"))
    yield name
    _small.databases.drop(name)


def test_a_copy_that_is_not_harmless_is_not_served_until_it_is(
    own: Platform, original, routes, monkeypatch
):
    before = routes()
    with monkeypatch.context() as patch:
        patch.setattr(staging_reset, "audit", lambda connection: ["a mail server is active"])
        with pytest.raises(StepFailed, match="not harmless: a mail server is active"):
            clone_to_staging(own, RUT)
    assert routes() == before
    assert clone_to_staging(own, RUT).database == COPY
    assert len(own.registry.tenants(kind="staging")) == 1


def test_the_connector_is_not_told_of_it_and_may_not_connect(own: Platform, original):
    clone_to_staging(own, RUT)
    with own.admin(small.REGISTRY) as admin:
        served = admin.execute("SELECT database FROM routing.served").fetchall()
    assert served == [(DATABASE,)]
    query = "SELECT has_database_privilege(%s, %s, 'CONNECT')"
    with own.admin() as admin:
        assert admin.execute(query, ["smarteros_connector", COPY]).fetchone() == (False,)
        assert admin.execute(query, ["odoo", COPY]).fetchone() == (True,)


def test_the_doctor_finds_it_well_and_grants_give_the_connector_nothing(own: Platform, original):
    copy = clone_to_staging(own, RUT)
    wrong = {one.check for one in doctor(own, [copy.id]) if one.level == "error"}
    assert wrong == set()
    with pytest.raises(InvalidRequest, match="copy for tests"):
        grants(own, copy.id)
    with own.admin() as admin:
        admin.execute(f"GRANT CONNECT ON DATABASE {COPY} TO smarteros_connector")
    wrong = {one.check for one in doctor(own, [copy.id]) if one.level == "error"}
    assert wrong == {"rights"}


def test_its_deliveries_are_never_released(own: Platform, original):
    copy = clone_to_staging(own, RUT)
    with pytest.raises(InvalidRequest, match="copy for tests: nothing leaves it"):
        release_deliveries(own, copy.id)


@pytest.mark.parametrize("point", [*(f"staging:{step.name}" for step in STEPS), "staging:renamed"])
def test_killed_anywhere_it_is_not_served_and_running_it_again_completes(
    own: Platform, original, routes, killed, point: str
):
    before = routes()
    killed(point, lambda: clone_to_staging(own, RUT))
    if point != "staging:publish":
        assert routes() == before
    copy = clone_to_staging(own, RUT)
    assert (copy.database, copy.status) == (COPY, "active")
    assert own.databases.names("new_") == ()
    assert own.registry.open_operation(copy.id) is None


def test_several_copies_lie_side_by_side_and_a_taken_host_is_refused(own: Platform, original):
    clone_to_staging(own, RUT)
    with pytest.raises(Conflict):
        clone_to_staging(own, RUT, host=HOST)
    second = clone_to_staging(own, RUT, host="ensayo.example.cl")
    assert (second.database, second.hosts) == ("s_77654321_7_2", ("ensayo.example.cl",))


def test_a_copy_that_is_worked_on_is_not_purged_with_its_tenant(own: Platform, original):
    copy = clone_to_staging(own, original.id)
    own.registry.update(original.id, "test", status="deleted", deleted_at=own.now())
    try:
        with own.registry.lock(copy.id), pytest.raises(Busy, match="another process works"):
            purge(own, original.id, force_rut=RUT)
    finally:
        own.registry.update(original.id, "test", status="active", deleted_at=None)
    assert own.databases.exists(copy.database)
    assert own.registry.tenant(copy.id).status == "active"


def test_a_copy_is_not_copied_and_may_be_removed_at_once(own: Platform, original):
    copy = clone_to_staging(own, RUT)
    with pytest.raises(InvalidRequest, match="no tenant that is served"):
        clone_to_staging(own, copy.id)
    delete(own, copy.id)
    assert purge(own, copy.id).status == "purged"
    assert not own.databases.exists(COPY)
    assert own.registry.tenant(original.id) == replace(
        original, updated_at=own.registry.tenant(original.id).updated_at
    )
