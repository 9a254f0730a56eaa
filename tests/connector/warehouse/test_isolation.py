"""A reader of one tenant tries to see or change what is another's, with SQL and its own login."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from smarter_connector.sinks.warehouse.mapping import row
from smarter_connector.sinks.warehouse.tables import LINE_TABLES, TABLES
from smarter_connector.sinks.warehouse.warehouse import Warehouse
from smarter_domain.events import EVENT_TYPES
from tests.connector.warehouse.conftest import Installed, emptied
from tests.connector.warehouse.samples import A, B, deleted, event

DENIED = psycopg.errors.InsufficientPrivilege
KINDS = {
    "orders": "order.confirmed", "invoices": "invoice.posted", "payments": "payment.registered",
    "stock": "stock.changed", "leads": "lead.created", "deliveries": "delivery.done",
    "products": "product.created", "customers": "contact.created",
}  # fmt: skip
SECRET = 987_654_321


@pytest.fixture(scope="module")
def kpi(installed: Installed) -> Installed:
    """Both tenants have a record of every kind, with the same ids; B's amounts are known."""
    asyncio.run(_fill(emptied(installed)))
    return installed


async def _fill(kpi: Installed) -> None:
    warehouse = Warehouse.acquire(kpi.dsn)
    for tenant, net in ((A, 1000), (B, SECRET)):
        events = [
            event(kind, number, tenant=tenant, **_with_net(kind, net))
            for number, kind in enumerate(KINDS.values(), 1)
        ]
        events.append(deleted("sale.order", 77, 50, tenant=tenant))
        assert await warehouse.refused(tenant, [tenant]) == {}
        await warehouse.write(tenant, [row(found) for found in events])
    await warehouse.release()


def _with_net(kind: str, net: int) -> dict[str, int]:
    return {"net": net} if "net" in EVENT_TYPES[kind].example else {}


@pytest.mark.parametrize("table", [*TABLES, *LINE_TABLES, "tenants", "watermarks"])
def test_a_reader_sees_its_own_rows_and_no_others(reader, kpi: Installed, table: str) -> None:
    (everything,) = kpi.rows(f"SELECT count(DISTINCT rut) FROM wh.{table}")[0]
    assert everything == 2
    assert reader.execute(f"SELECT DISTINCT rut FROM wh.{table}").fetchall() == [(A,)]


def test_a_reader_never_sees_a_tombstone(reader) -> None:
    query = "SELECT count(*) FROM wh.orders WHERE order_id = 77 OR deleted"
    assert reader.execute(query).fetchone() == (0,)


def test_a_join_on_equal_ids_brings_no_foreign_line(reader) -> None:
    query = "SELECT o.rut, l.rut FROM wh.orders o JOIN wh.order_lines l USING (order_id)"
    assert set(reader.execute(query).fetchall()) == {(A, A)}


def test_asking_for_the_other_rut_gives_nothing(reader) -> None:
    assert reader.execute("SELECT count(*) FROM wh.orders WHERE rut = %s", [B]).fetchone() == (0,)


@pytest.mark.parametrize("setting", ["app.rut", "smarteros.rut", "kpi.rut", "role_map.rut"])
def test_no_setting_opens_another_tenant(reader, setting: str) -> None:
    reader.execute("SELECT set_config(%s, %s, false)", [setting, B])
    assert reader.execute("SELECT DISTINCT rut FROM wh.orders").fetchall() == [(A,)]


def test_row_security_cannot_be_switched_off(reader) -> None:
    reader.execute("SET row_security = off")
    with pytest.raises(DENIED, match="row-level security policy"):
        reader.execute("SELECT * FROM wh.orders")


def test_a_reader_becomes_nobody_else(reader, kpi: Installed) -> None:
    names = kpi.names
    other = f"{names.prefix}12345678_5"
    for role in (names.owner, names.writer, names.readers, other, kpi.server.admin.user, "odoo"):
        with pytest.raises(DENIED):
            reader.execute(f'SET ROLE "{role}"')
        with pytest.raises(DENIED):
            reader.execute(f'SET SESSION AUTHORIZATION "{role}"')


def test_a_reader_sees_only_its_own_line_of_the_map(reader, kpi: Installed) -> None:
    role = f"{kpi.names.prefix}77654321_7"
    assert reader.execute("SELECT rolname, rut FROM wh.role_map").fetchall() == [(role, A)]


REFUSED = (
    "INSERT INTO wh.role_map VALUES (current_user, '12345678-5')",
    "UPDATE wh.role_map SET rut = '12345678-5'",
    "DELETE FROM wh.role_map",
    "INSERT INTO wh.tenants (rut, tenant) VALUES ('1-9', '1-9')",
    "UPDATE wh.orders SET net = 0",
    "DELETE FROM wh.orders",
    "TRUNCATE wh.orders",
    "INSERT INTO wh.dates SELECT * FROM wh.dates LIMIT 0",
    "SELECT * FROM wh.marks",
    "SELECT wh.register_rut('77654321-7', '12345678-5')",
    "ALTER TABLE wh.orders DISABLE ROW LEVEL SECURITY",
    "DROP POLICY reading ON wh.orders",
    "CREATE POLICY mine ON wh.orders USING (true)",
    "CREATE FUNCTION public.leak(text) RETURNS bool LANGUAGE sql COST 1 AS 'SELECT true'",
    "CREATE FUNCTION wh.leak() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION pg_temp.leak() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OPERATOR public.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)",
    "CREATE TEMP TABLE mine (id int)",
    "CREATE TEMP VIEW mine AS SELECT 1",
    "CREATE VIEW wh.mine AS SELECT * FROM wh.orders",
    "CREATE TABLE public.mine (id int)",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION citext SCHEMA public",
    "COPY wh.orders FROM PROGRAM 'true'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/kpi'",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_create(0)",
    "SELECT * FROM pg_statistic",
    "SELECT rolpassword FROM pg_authid",
)


@pytest.mark.parametrize("statement", REFUSED)
def test_a_reader_is_refused(reader, statement: str) -> None:
    with pytest.raises(DENIED):
        reader.execute(statement)


def test_a_reader_hands_its_rights_to_nobody(reader, kpi: Installed) -> None:
    reader.execute("GRANT SELECT ON wh.orders TO PUBLIC")  # only warns
    query = "SELECT has_table_privilege(%s, 'wh.orders', 'SELECT')"
    assert kpi.rows(query, kpi.server.odoo.user) == [(False,)]


def test_copy_of_a_table_brings_only_own_rows(reader) -> None:
    with reader.cursor().copy("COPY wh.orders TO STDOUT") as copy:
        lines = b"".join(copy).decode().splitlines()
    assert [line.split("\t")[0] for line in lines] == [A]


@pytest.mark.parametrize(
    "condition",
    [
        "('net ' || net)::int > 0",
        "1 / (net - 987654321) > 0",
        "(partner_name || rut)::date IS NOT NULL",
        "net::text::inet IS NOT NULL",
    ],
)
def test_an_error_in_a_condition_tells_nothing_of_foreign_rows(reader, condition: str) -> None:
    reader.execute("SET enable_indexscan = off; SET enable_bitmapscan = off")
    try:
        reader.execute(f"SELECT * FROM wh.orders WHERE {condition}")
    except psycopg.DataError as error:
        assert str(SECRET) not in str(error)
        assert not isinstance(error, psycopg.errors.DivisionByZero)


def test_statistics_of_the_tables_are_hidden(reader, kpi: Installed) -> None:
    with kpi.admin() as admin:
        admin.execute("ANALYZE wh.orders")
    for view in ("pg_stats", "pg_stats_ext", "pg_stats_ext_exprs"):
        query = f"SELECT count(*) FROM {view} WHERE schemaname = 'wh'"
        assert reader.execute(query).fetchone() == (0,)


def test_statements_of_other_sessions_are_hidden(reader, kpi: Installed) -> None:
    with kpi.writer.connect(kpi.names.database) as writer:
        writer.execute(f"SELECT {SECRET}")
        query = "SELECT query FROM pg_stat_activity WHERE usename = %s"
        texts = reader.execute(query, [kpi.names.writer]).fetchall()
    assert texts and all(str(SECRET) not in (text or "") for (text,) in texts)


def test_sessions_of_others_cannot_be_ended(reader, kpi: Installed) -> None:
    with kpi.writer.connect(kpi.names.database) as writer, pytest.raises(DENIED):
        reader.execute("SELECT pg_terminate_backend(%s)", [writer.info.backend_pid])


def test_figures_of_the_other_rut_are_empty(reader) -> None:
    reader.execute("SET kpi.ahora = '2026-11-22 18:00-03'")
    query = "SELECT neto, pedidos FROM kpi.ventas(%s, 'hoy')"
    assert reader.execute(query, [A]).fetchone() == (1000, 1)
    assert reader.execute(query, [B]).fetchone() == (0, 0)
    for view in ("ventas_diarias", "documentos_por_cobrar", "actualizado"):
        assert reader.execute(f"SELECT DISTINCT rut FROM kpi.{view}").fetchall() == [(A,)]


def test_a_role_outside_the_map_sees_nothing(kpi: Installed) -> None:
    with kpi.admin() as admin:
        admin.execute("DELETE FROM wh.role_map WHERE rut = %s", [A])
    role = kpi.logins[f"{kpi.names.prefix}77654321_7"]
    try:
        assert kpi.rows("SELECT count(*) FROM wh.orders", role=role) == [(0,)]
    finally:
        kpi.enter(A)


def test_a_stranger_cannot_connect(kpi: Installed) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        kpi.server.odoo.connect(kpi.names.database)


def test_a_reader_starts_read_only_and_with_limits(kpi: Installed) -> None:
    role = kpi.logins[f"{kpi.names.prefix}77654321_7"]
    names = "default_transaction_read_only", "statement_timeout"
    shown = [kpi.rows(f"SHOW {name}", role=role)[0][0] for name in names]
    assert shown == ["on", "1min"]
    limit = "SELECT rolconnlimit FROM pg_roles WHERE rolname = %s"
    assert kpi.rows(limit, role.user) == [(15,)]


def test_owner_and_group_cannot_log_in(kpi: Installed) -> None:
    query = "SELECT rolcanlogin, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = ANY(%s)"
    assert kpi.rows(query, [kpi.names.owner, kpi.names.readers]) == [(False,) * 3] * 2


def test_the_owner_is_bound_by_row_level_security(kpi: Installed) -> None:
    with kpi.admin() as admin:
        admin.execute(f'SET ROLE "{kpi.names.owner}"')
        assert admin.execute("SELECT count(*) FROM wh.orders").fetchone() == (0,)


def test_the_writer_writes_for_all_but_decides_on_no_access(kpi: Installed) -> None:
    with kpi.writer.connect(kpi.names.database) as writer:
        query = "SELECT count(DISTINCT rut) FROM wh.orders"
        assert writer.execute(query).fetchone() == (2,)
        for statement in (
            "INSERT INTO wh.role_map VALUES (current_user, '77654321-7')",
            "SELECT * FROM wh.role_map",
            "INSERT INTO wh.tenants (rut, tenant) VALUES ('1-9', '77654321-7')",
            "UPDATE wh.tenants SET tenant = '77654321-7'",
            "DELETE FROM wh.tenants",
            "ALTER TABLE wh.orders NO FORCE ROW LEVEL SECURITY",
            "CREATE TEMP TABLE mine (id int)",
            f'SET ROLE "{kpi.names.owner}"',
        ):
            with pytest.raises(DENIED):
                writer.execute(statement)


def test_the_database_refuses_a_row_for_a_foreign_rut(kpi: Installed) -> None:
    with (
        kpi.writer.connect(kpi.names.database) as writer,
        pytest.raises(psycopg.errors.ForeignKeyViolation),
    ):
        writer.execute("UPDATE wh.orders SET rut = %s WHERE tenant = %s", [B, A])


def test_lines_of_a_deleted_order_are_gone_for_everybody(kpi: Installed) -> None:
    assert kpi.rows("SELECT count(*) FROM wh.order_lines WHERE order_id = 77") == [(0,)]
