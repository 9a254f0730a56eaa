"""Backup, restore and copy of a real Odoo with every module."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from smarter_connector.tenants import CreateRequest, create, staging_reset
from smarter_connector.tenants.backup import backup
from smarter_connector.tenants.outbox_state import raise_epoch
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.reset.schema import Schema
from smarter_connector.tenants.restore import restore
from smarter_connector.tenants.staging import clone_to_staging
from tests.tenants import keeping

#: Every column, constraint, index, function and trigger, with owners. Expressions are left out: the
#: server writes them a little otherwise once they were read again.
OBJECTS = """
SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull
       || pg_get_userbyid(c.relowner) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT conname || ' ' || contype::text || conrelid::regclass::text FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT tablename || '.' || indexname FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT pg_get_functiondef(oid) || pg_get_userbyid(proowner) FROM pg_proc
    WHERE pronamespace = to_regnamespace('smarteros')
UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1
"""
#: Mail by a server of its own and a webhook, tried in any database that has them.
TRY = """
import json, os
facts = json.loads(os.environ["SMARTEROS_FACTS"])
if facts.get("begin"):
    env["ir.mail_server"].create({"name": "own", "smtp_host": "127.0.0.1",
                                  "smtp_port": facts["smtp"], "smtp_encryption": "none"})
    env["ir.actions.server"].create({
        "name": "Outside", "model_id": env.ref("base.model_res_partner").id, "state": "webhook",
        "webhook_url": "http://127.0.0.1:%d/" % facts["http"]})
    env["smarter.subscription"].create({"name": "Flows", "target": "n8n",
                                        "url": "https://n8n.example.cl/webhook/x"})
    env["smarter.outbox"]._raise_epoch("A reason.")
    env.cr.execute("SELECT * FROM smarter_outbox_state")
    columns = [column.name for column in env.cr.description]
    by_orm = dict(zip(columns, env.cr.fetchone()))
    env["smarter.outbox"]._release()
    env.cr.execute("UPDATE smarter_outbox_state SET epoch = 1")
    print("SMARTEROS_RESULT " + json.dumps(by_orm))
    env["res.partner"].create({"name": "Cliente", "smarter_rut": "12.345.678-5"})
mail = env["mail.mail"].create({"subject": "x", "email_to": "a@example.cl", "body_html": "x",
                                "email_from": "b@example.cl"})
mail.send()
partner = env.ref("base.main_partner")
env["ir.actions.server"].search([("name", "=", "Outside")]).with_context(
    active_model="res.partner", active_id=partner.id, active_ids=partner.ids).run()
env.cr.commit()
"""


@dataclass
class Outside:
    """Ports on which somebody waits for what leaves, and how often somebody came."""

    smtp: int
    http: int
    came: dict[int, int]


@contextmanager
def outside() -> Iterator[Outside]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [one.getsockname()[1] for one in sockets]
    found = Outside(*ports, dict.fromkeys(ports, 0))

    def wait(server: socket.socket, port: int) -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            found.came[port] += 1
            connection.close()

    threads = [
        threading.Thread(target=wait, args=pair) for pair in zip(sockets, ports, strict=True)
    ]
    for thread in threads:
        thread.start()
    yield found
    for one in sockets:
        one.shutdown(socket.SHUT_RDWR)
        one.close()
    for thread in threads:
        thread.join()


@pytest.mark.odoo
def test_a_tenant_with_all_modules_is_copied_harmlessly_and_restored(
    platform: Platform, new_rut, tmp_path: Path
):
    own = keeping.with_backups(platform, tmp_path)
    request = CreateRequest(rut=new_rut(), name="Completa SpA", admin_email="a@example.cl")
    tenant = create(own, request).tenant
    with outside() as ports:
        facts = {"smtp": ports.smtp, "http": ports.http}
        by_orm = own.odoo.shell(tenant.database, TRY, facts | {"begin": True})
        assert all(ports.came.values()), "the original reaches both, so the test can fail"
        _same_epoch_as_odoo(own, tenant.database, by_orm)
        copy = clone_to_staging(own, tenant.id)
        ports.came.update(dict.fromkeys(ports.came, 0))
        own.odoo.shell(copy.database, TRY, facts)
        assert set(ports.came.values()) == {0}
    _harmless(own, copy.database)
    _restored(own, tenant)


def _same_epoch_as_odoo(own: Platform, database: str, by_orm: dict) -> None:
    with own.admin(database) as connection, connection.transaction(force_rollback=True):
        assert raise_epoch(connection, Schema.read(connection), "A reason.", 0) == 2
        cursor = connection.execute("SELECT * FROM smarter_outbox_state")
        names = [column.name for column in cursor.description]
        assert dict(zip(names, cursor.fetchone(), strict=True)) == by_orm


def _harmless(own: Platform, database: str) -> None:
    with own.admin(database) as connection:
        # The trial itself left a mail that could not be sent.
        assert staging_reset.audit(connection) == ["mail waits to be sent"]
        query = "SELECT active FROM ir_ui_view WHERE key = 'web.neutralize_banner'"
        assert connection.execute(query).fetchone() == (True,)


def _restored(own: Platform, tenant) -> None:
    row = backup(own, tenant.id)
    name = "UPDATE res_partner SET name = 'Otro' WHERE name = 'Cliente'"
    with own.admin(tenant.database) as connection:
        connection.execute(name)
    done = restore(own, tenant.id, backup=row.id)
    query = "SELECT count(*) FROM res_partner WHERE name = 'Cliente'"
    assert keeping.column(own, query, tenant.database) == [1]
    assert (done.epoch, done.missing) == (2, 0)
    assert keeping.column(own, OBJECTS, tenant.database) == keeping.column(
        own, OBJECTS, done.restore_point
    )
    own.odoo.shell(tenant.database, "assert env['res.partner'].search_count([]) > 1")
