"""Installing the warehouse: what is there afterwards, and that doing it again changes nothing."""

from __future__ import annotations

import psycopg
import pytest

from smarter_connector.sinks.warehouse import drop_tenant, ensure_tenant, install
from smarter_connector.sinks.warehouse.install import RutTaken
from smarter_connector.sinks.warehouse.tables import LINE_TABLES, TABLES, VERSION
from smarter_domain.rut import InvalidRut
from tests.connector.warehouse.conftest import Installed
from tests.connector.warehouse.samples import BRANCH, A, B

POLICIES = """SELECT polrelid::regclass::text, polname, polcmd, pg_get_expr(polqual, polrelid)
              FROM pg_policy ORDER BY 1, 2"""
RIGHTS = """SELECT relname, relacl::text FROM pg_class
            WHERE relnamespace IN ('wh'::regnamespace, 'kpi'::regnamespace) ORDER BY 1"""
COLUMNS = """SELECT column_name FROM information_schema.columns
             WHERE table_schema = 'wh' AND table_name = %s"""


def test_installing_twice_changes_nothing(kpi: Installed) -> None:
    before = kpi.rows(POLICIES), kpi.rows(RIGHTS)
    assert install(kpi.connect, kpi.names).password is None
    assert (kpi.rows(POLICIES), kpi.rows(RIGHTS)) == before


def test_writer_still_logs_in_after_a_second_installation(kpi: Installed) -> None:
    install(kpi.connect, kpi.names)
    assert kpi.rows("SELECT 1", role=kpi.writer) == [(1,)]


def test_a_given_password_replaces_the_old_one(kpi: Installed) -> None:
    old = kpi.writer
    kpi.login(kpi.names.writer, install(kpi.connect, kpi.names, password="another").password)
    assert kpi.rows("SELECT 1", role=kpi.writer) == [(1,)]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        old.connect(kpi.names.database)


def test_passwords_are_not_shown_by_repr(kpi: Installed) -> None:
    made = install(kpi.connect, kpi.names, password=kpi.writer.password)
    assert made.password and made.password not in repr(made)


@pytest.mark.parametrize("table", TABLES)
def test_the_list_of_tables_is_what_is_installed(kpi: Installed, table: str) -> None:
    known = TABLES[table]
    expected = {"tenant", "rut", known.key, *known.columns, *VERSION, "updated_at"}
    assert {name for (name,) in kpi.rows(COLUMNS, table)} == expected


@pytest.mark.parametrize("table", LINE_TABLES)
def test_the_list_of_line_tables_is_what_is_installed(kpi: Installed, table: str) -> None:
    (owner,) = [known for known in TABLES.values() if known.lines and known.lines.name == table]
    expected = {"tenant", "rut", owner.key, *owner.lines.columns, "epoch", "number"}
    assert {name for (name,) in kpi.rows(COLUMNS, table)} == expected


def test_every_table_forces_row_level_security(kpi: Installed) -> None:
    query = """SELECT relname FROM pg_class
               WHERE relkind = 'r' AND relnamespace = 'wh'::regnamespace
               AND NOT (relrowsecurity AND relforcerowsecurity)"""
    assert kpi.rows(query) == []


def test_every_view_asks_with_the_rights_of_its_reader(kpi: Installed) -> None:
    query = """SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND
               relnamespace IN ('wh'::regnamespace, 'kpi'::regnamespace)
               AND NOT coalesce(reloptions::text LIKE '%security_invoker=true%', false)"""
    assert kpi.rows(query) == []


def test_dates_know_the_chilean_week(kpi: Installed) -> None:
    query = "SELECT iso_week, weekday_name, month_name, is_weekend FROM wh.dates WHERE date = %s"
    assert kpi.rows(query, "2026-11-22") == [(47, "domingo", "noviembre", True)]
    assert kpi.rows("SELECT count(*), min(date)::text, max(date)::text FROM wh.dates") == [
        (5844, "2020-01-01", "2035-12-31")
    ]


def test_entering_a_tenant_again_keeps_its_password_and_corrects_its_name(kpi: Installed) -> None:
    again = ensure_tenant(kpi.connect, A, "Comercial Ejemplo Ltda.", names=kpi.names)
    assert again.password is None
    assert kpi.rows("SELECT name FROM wh.tenants WHERE rut = %s", A) == [
        ("Comercial Ejemplo Ltda.",)
    ]


def test_a_holding_reads_all_its_companies(kpi: Installed) -> None:
    kpi.enter(A, companies=(BRANCH,))
    role = kpi.logins[f"{kpi.names.prefix}77654321_7"]
    assert kpi.rows("SELECT rut FROM wh.tenants ORDER BY 1", role=role) == [(BRANCH,), (A,)]


def test_a_company_of_another_tenant_is_refused(kpi: Installed) -> None:
    with pytest.raises(RutTaken, match="belongs to another tenant"):
        ensure_tenant(kpi.connect, A, companies=[B], names=kpi.names)


def test_an_invalid_rut_is_refused(kpi: Installed) -> None:
    with pytest.raises(InvalidRut):
        ensure_tenant(kpi.connect, '1"; DROP ROLE x', names=kpi.names)


def test_dropping_a_tenant_leaves_the_others(kpi: Installed) -> None:
    drop_tenant(kpi.connect, A, kpi.names)
    assert kpi.rows("SELECT rut FROM wh.tenants") == [(B,)]
    with pytest.raises(psycopg.OperationalError):
        kpi.logins[f"{kpi.names.prefix}77654321_7"].connect(kpi.names.database)
