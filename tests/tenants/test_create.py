"""Creating tenants: all of it or nothing that is served, whatever goes wrong on the way."""

from __future__ import annotations

import base64
import errno
import hashlib
import threading
from dataclasses import replace

import psycopg
import pytest

from smarter_connector.exceptions import ConnectorError, Retryable
from smarter_connector.provisioning import audit_role
from smarter_connector.registry import Busy, Conflict, InvalidRequest, LockLost, UnknownTenant
from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants import CreateRequest, Platform, abandon, create, filestore
from smarter_connector.tenants.create import STEPS
from smarter_connector.tenants.databases import Databases
from smarter_connector.tenants.templates import TemplateUnusable
from smarter_domain.rut import InvalidRut
from smarter_domain.tenancy import InvalidName
from tests.tenants import killing, small

RUT = "77.654.321-7"
REQUEST = CreateRequest(
    rut=RUT, name="Mi Empresa SpA", plan="business", admin_email="dueno@example.cl"
)
ROUTE = ("mi-empresa-spa.example.cl", "t_77654321_7")
POINTS = (*(f"create:{step.name}" for step in STEPS), "create:renamed", "create:owner")


def test_a_new_tenant_is_served_under_its_name_by_odoos_role(little: Platform, routes):
    made = create(little, REQUEST)
    assert routes() == {ROUTE}
    assert little.databases.owner("t_77654321_7") == "odoo"
    assert made.tenant.status == "active"
    assert made.url == "https://mi-empresa-spa.example.cl"
    assert made.tenant.modules["smarter_events"] == "d-smarter_events"
    assert made.tenant.modules["base"] == "build-1"


def test_the_database_says_whose_it_is_and_is_nobody_elses(little: Platform):
    made = create(little, replace(REQUEST, external_ids={"clerk_org_id": "org_1"}))
    with little.admin("t_77654321_7") as connection:
        told = small.parameters(connection)
        tenant = connection.execute("SELECT rut, plan, status, clerk_org_id FROM smarter_tenant")
        assert tenant.fetchone() == ("77654321-7", "business", "active", "org_1")
        assert told["web.base.url"] == made.url
        assert told["database.uuid"] == made.tenant.uuid != "of-the-template"
        assert told["database.secret"] != "secret-of-the-template"
        token = connection.execute("SELECT access_token FROM ir_attachment").fetchone()[0]
        assert token != "token-of-the-template"
        assert audit_role(connection, "smarteros_connector") == []


def test_no_stranger_may_connect(little: Platform):
    create(little, REQUEST)
    query = "SELECT has_database_privilege('public', 't_77654321_7', 'CONNECT')"
    with little.admin() as admin:
        assert admin.execute(query).fetchone() == (False,)


def test_the_files_are_linked_and_the_templates_stay(little: Platform):
    create(little, REQUEST)
    template = little.filestore(little.registry.templates()[0].database)
    mine = little.filestore("t_77654321_7") / "ab" / "abcd"
    assert mine.samefile(template / "ab" / "abcd")


def test_with_a_password_there_is_no_invitation(little: Platform):
    made = create(little, replace(REQUEST, password="a long enough password"))
    assert made.invitation is None
    with little.admin("t_77654321_7") as connection:
        rows = dict(connection.execute("SELECT login, password FROM res_users").fetchall())
    assert rows["dueno@example.cl"].startswith("$pbkdf2-sha512$600000$")
    assert rows["operador@mi-empresa-spa.invalid"] is None


def test_neither_password_nor_invitation_can_be_seen_in_logs(little: Platform):
    request = replace(REQUEST, password="a long enough password")
    assert "a long enough" not in repr(request)
    made = create(little, REQUEST)
    assert made.invitation
    assert made.invitation not in repr(made)
    history = little.registry.history(made.tenant.id)
    assert made.invitation.partition("token=")[2] not in repr(history)


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_nothing_half_is_served_and_running_it_again_completes(
    little: Platform, routes, killed, point: str
):
    killed(point, lambda: create(little, REQUEST))
    if point != "create:publish":
        assert routes() == set()
        names = [n for n in little.databases.names() if n.startswith(("new_", "t_"))]
        handed_over = [n for n in names if little.databases.owner(n) != "smarteros_admin"]
        assert handed_over == (["t_77654321_7"] if point == "create:owner" else [])
    made = create(little, REQUEST)
    assert routes() == {ROUTE}
    assert made.invitation
    assert little.databases.names("new_") == ()
    assert little.registry.open_operation(made.tenant.id) is None
    assert little.filestore("t_77654321_7").is_dir()
    with little.admin("t_77654321_7") as connection:
        assert small.parameters(connection)["database.uuid"] == made.tenant.uuid


def test_a_killed_creation_that_is_asked_for_otherwise_begins_anew(little: Platform, killed):
    killed("create:grants", lambda: create(little, REQUEST))
    made = create(little, replace(REQUEST, name="Otra Razón Social Ltda.", plan="starter"))
    assert (made.tenant.name, made.tenant.plan) == ("Otra Razón Social Ltda.", "starter")
    with little.admin("t_77654321_7") as connection:
        row = connection.execute("SELECT name, plan FROM smarter_tenant").fetchone()
    assert row == ("Otra Razón Social Ltda.", "starter")


def test_the_password_of_the_last_try_counts(little: Platform, killed):
    first = replace(REQUEST, password="the first of two passwords")
    killed("create:warehouse", lambda: create(little, first))
    create(little, replace(REQUEST, password="the second of two passwords"))
    with little.admin("t_77654321_7") as connection:
        (kept,) = connection.execute("SELECT password FROM res_users WHERE id = 3").fetchone()
    _, _, rounds, salt, checksum = kept.replace(".", "+").split("$")
    key = b"the second of two passwords", base64.b64decode(f"{salt}=="), int(rounds)
    assert base64.b64decode(f"{checksum}==") == hashlib.pbkdf2_hmac("sha512", *key)


def test_of_two_creations_at_once_one_wins(little: Platform, routes):
    outcomes: list[object] = []
    start = threading.Barrier(2)

    def run() -> None:
        start.wait()
        try:
            outcomes.append(create(little, REQUEST))
        except ConnectorError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lost = [one for one in outcomes if isinstance(one, Busy | Conflict)]
    assert len(lost) == 1, outcomes
    assert routes() == {ROUTE}


def test_the_same_rut_slug_or_host_cannot_be_taken_twice(little: Platform):
    create(little, REQUEST)
    for request in (
        replace(REQUEST, rut="776543217", name="Otra", slug="otra"),
        replace(REQUEST, rut="12.345.678-5"),
        replace(REQUEST, rut="12.345.678-5", slug="otra", hosts=(ROUTE[0],)),
    ):
        with pytest.raises(Conflict):
            create(little, request)
    assert len(little.registry.tenants()) == 1


def test_a_full_disk_is_told_and_the_next_try_completes(little: Platform, routes, monkeypatch):
    def full(source, target):
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    with monkeypatch.context() as patch:
        patch.setattr(filestore, "link_or_copy", full)
        with pytest.raises(StepFailed, match="step filestore.*No space left"):
            create(little, REQUEST)
    assert routes() == set()
    create(little, REQUEST)
    assert routes() == {ROUTE}


def test_a_full_disk_of_postgresql_is_told(little: Platform, routes, monkeypatch):
    def full(*_):
        raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Databases, "clone", full)
        with pytest.raises(StepFailed, match="step clone: PostgreSQL's disk is full"):
            create(little, REQUEST)
    (tenant,) = little.registry.tenants()
    assert "disk is full" in little.registry.operations(tenant.id)[0].error
    create(little, REQUEST)
    assert routes() == {ROUTE}


def test_a_restart_of_postgresql_in_the_middle_is_told_and_the_next_try_completes(
    little: Platform, small_server, routes, monkeypatch
):
    original = Databases.copy_filestore

    def restarted(self, source, target):
        small_server.stop()
        try:
            little.databases.exists(target)
        finally:
            small_server.start()
        original(self, source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Databases, "copy_filestore", restarted)
        with pytest.raises(Retryable, match="cannot be opened"):
            create(little, REQUEST)
    assert routes() == set()
    create(little, REQUEST)
    assert routes() == {ROUTE}


def test_a_creation_that_lost_its_lock_publishes_nothing_and_is_completed(
    little: Platform, routes, monkeypatch
):
    original = Databases.copy_filestore

    def cut(self, source, target):
        original(self, source, target)
        killing.end_locks(little)

    with monkeypatch.context() as patch:
        patch.setattr(Databases, "copy_filestore", cut)
        with pytest.raises(LockLost, match="run the command again"):
            create(little, REQUEST)
    (tenant,) = little.registry.tenants()
    assert (routes(), little.registry.open_operation(tenant.id).step) == (set(), "filestore")
    create(little, REQUEST)
    assert routes() == {ROUTE}


def test_a_session_that_is_cut_off_in_the_reset_leaves_nothing_of_it(
    little: Platform, routes, monkeypatch
):
    from smarter_connector.tenants.reset import names

    def cut(connection, schema, identity):
        with little.admin() as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
        connection.execute("SELECT 1")

    with monkeypatch.context() as patch:
        patch.setattr(names, "write_tenant", cut)
        with pytest.raises(Retryable, match="step reset: the server went away"):
            create(little, REQUEST)
    (draft,) = little.databases.names("new_")
    with little.admin(draft) as connection:
        assert small.parameters(connection)["database.uuid"] == "of-the-template"
    create(little, REQUEST)
    assert routes() == {ROUTE}


@pytest.mark.parametrize("finish", [create, lambda platform, _: abandon(platform, RUT)])
def test_a_failure_between_name_and_owner_is_no_dead_end(
    little: Platform, routes, monkeypatch, finish
):
    def lost(*_):
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with monkeypatch.context() as patch:
        patch.setattr(Databases, "give", lost)
        with pytest.raises(Retryable, match="step publish"):
            create(little, REQUEST)
    assert routes() == set()
    finish(little, REQUEST)
    assert routes() == ({ROUTE} if finish is create else set())
    left = ("t_77654321_7",) if finish is create else ()
    assert little.databases.names("t_") + little.databases.names("new_") == left


def test_a_name_that_is_taken_costs_nobody_its_files(little: Platform):
    made = create(little, REQUEST)
    little.databases.clone(made.tenant.database, "new_999")
    little.databases.copy_filestore(made.tenant.database, "new_999")
    with pytest.raises(StepFailed, match="both"):
        little.databases.rename("new_999", made.tenant.database)
    assert (little.filestore(made.tenant.database) / "ab" / "abcd").exists()
    little.databases.drop("new_999")


def test_without_a_template_nothing_is_reserved_and_the_command_is_named(little: Platform):
    with pytest.raises(TemplateUnusable, match="no template of the set other.*template build"):
        create(little, replace(REQUEST, module_set="other"))
    assert little.registry.tenants() == []


def test_a_stale_template_is_refused_until_the_code_is_its_own_again(little: Platform):
    release = little.registry.release(small.RELEASE)
    changed = {**release.modules, "smarter_base": {"version": "19.0.1.0.1", "digest": "new"}}
    little.registry.update_release(release.name, modules=changed)
    try:
        with pytest.raises(TemplateUnusable, match="stale.*template build"):
            create(little, REQUEST)
    finally:
        little.registry.update_release(release.name, modules=release.modules)
    assert create(little, REQUEST).tenant.status == "active"


def test_a_database_that_the_registry_does_not_know_is_not_overwritten(little: Platform):
    with little.admin() as admin:
        admin.execute("CREATE DATABASE t_77654321_7 TEMPLATE template0")
    with pytest.raises(StepFailed, match="t_77654321_7 that the registry does not know"):
        create(little, REQUEST)
    little.databases.drop("t_77654321_7")
    assert create(little, REQUEST).tenant.status == "active"


@pytest.mark.parametrize(
    "change",
    [
        {"rut": "77.654.321-8"},
        {"rut": "'; DROP DATABASE postgres; --"},
        {"rut": "../../etc/passwd"},
        {"name": ""},
        {"name": "line\nbreak"},
        {"name": "x" * 300},
        {"slug": "a.b"},
        {"slug": "../x"},
        {"slug": "a_b"},
        {"slug": "-x"},
        {"slug": "Www"},
        {"hosts": ("evil.cl:80",)},
        {"hosts": ("a_b.example.cl",)},
        {"hosts": ("10.0.0.1",)},
        {"hosts": ("example.cl/..",)},
        {"hosts": ("a.cl\r\nX: y",)},
        {"plan": "gratis"},
        {"admin_email": ""},
        {"admin_email": "no address"},
        {"admin_email": "a@b.cl\nBcc: c@d.cl"},
        {"module_set": "x; rm -rf /"},
        {"release": "../x"},
    ],
)
def test_crafted_requests_are_refused_before_anything_is_made(little: Platform, change):
    before = little.databases.names()
    with pytest.raises((InvalidRequest, InvalidName, InvalidRut, TemplateUnusable)):
        create(little, replace(REQUEST, **change))
    assert little.registry.tenants() == []
    assert little.databases.names() == before


def test_a_name_full_of_sql_is_only_a_name(little: Platform):
    name = "Robert'); DROP TABLE res_users;-- \"$$ %s {} Ñuñoa SpA"
    create(little, replace(REQUEST, name=name))
    with little.admin("t_77654321_7") as connection:
        assert connection.execute("SELECT name FROM res_company").fetchone() == (name,)


def test_an_unknown_tenant_is_unknown(little: Platform):
    with pytest.raises(UnknownTenant):
        little.registry.tenant(RUT)


@pytest.mark.parametrize("point", ["create:clone", "create:warehouse", "create:renamed"])
def test_a_creation_that_is_abandoned_leaves_the_rut_free(little: Platform, killed, point: str):
    killed(point, lambda: create(little, REQUEST))
    row = abandon(little, RUT)
    assert row.status == "purged"
    assert [n for n in little.databases.names() if n.startswith(("new_", "t_"))] == []
    assert not little.filestore("t_77654321_7").exists()
    assert create(little, REQUEST).tenant.id != row.id


def test_a_finished_tenant_cannot_be_abandoned_nor_a_database_of_somebody_else(
    little: Platform, killed
):
    killed("create:grants", lambda: create(little, REQUEST))
    with little.admin() as admin:
        template = little.registry.templates()[0].database
        admin.execute(f"CREATE DATABASE t_77654321_7 TEMPLATE {template}")
    abandon(little, RUT)
    assert little.databases.exists("t_77654321_7")
    little.databases.drop("t_77654321_7")
    create(little, REQUEST)
    with pytest.raises(InvalidRequest, match="is active: delete it"):
        abandon(little, RUT)


@pytest.mark.odoo
def test_the_full_set_of_modules_is_made_the_same_way(platform: Platform, new_rut):
    made = create(platform, replace(REQUEST, rut=new_rut(), slug="completa"))
    assert {"point_of_sale", "smarter_events", "l10n_cl"} <= set(made.tenant.modules)
    with platform.admin(made.tenant.database) as connection:
        assert audit_role(connection, platform.settings.connector_role) == []
