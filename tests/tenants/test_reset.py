"""A clone made its own by SQL: as Odoo's ORM would make it, and with no secret of the template."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.invitation import invite, sign
from smarter_connector.tenants.platform import Platform
from smarter_connector.tenants.reset import Outcome, reset
from smarter_connector.tenants.reset.identity import NAMED_AFTER_COMPANY
from smarter_connector.tenants.reset.passwords import encrypt
from smarter_connector.tenants.reset.people import operator_login
from tests.tenants.clones import (
    IDENTITY,
    Place,
    clone,
    differing_tables,
    rows,
    secret_values,
    secretive,
    template,
)

pytestmark = pytest.mark.odoo

BY_ODOO = Path(__file__).with_name("provisioned_by_odoo.py").read_text()
NOW = 1_795_000_000.0

#: What Odoo writes beside: its chatter about the changes, and a mail about the new login.
CHATTER = {"mail_message", "mail_tracking_value", "mail_mail", "mail_message_res_partner_rel",
           "mail_notification", "mail_followers"}  # fmt: skip
#: What SQL does beside, because a clone is more than a database that was just installed.
BESIDE = {"bus_bus", "mail_presence", "ir_logging", "res_users_log", "res_device_log"}
#: Each database has its own; or it says when and by whom, or how often a plan's limit was asked.
OWN = {"write_date", "create_date", "write_uid", "access_token", "uuid", "password", "turn"}
PARAMETERS = {"database.uuid", "database.secret", "database.create_date"}
#: Matches "key", "hash" and the like without opening anything.
HARMLESS = {
    Place("ir_ui_view", "key"),  # the name of a template
    Place("ir_config_parameter", "key"),  # the name of a parameter
    Place("res_users_settings", "push_to_talk_key"),  # a key of the keyboard
    Place("res_users", "signature"),  # below a mail
    Place("ir_config_parameter", "auth_signup.reset_password"),  # whether one may ask for a link
}


#: What the customer's first account may do, and what it must not.
WANTED = ("smarter_base.group_owner", "base.group_partner_manager", "base.group_allow_export",
          "account.group_account_manager", "sales_team.group_sale_manager",
          "stock.group_stock_manager", "purchase.group_purchase_manager",
          "product.group_product_manager")  # fmt: skip
FORBIDDEN = ("base.group_system", "base.group_erp_manager", "base.group_sanitize_override")


@dataclass(frozen=True)
class Made:
    """One clone by SQL, one by Odoo, and what Odoo said about the first."""

    platform: Platform
    by_sql: str
    by_odoo: str
    outcome: Outcome
    answer: dict[str, Any]


@pytest.fixture(scope="module")
def made(session_platform: Platform) -> Iterator[Made]:
    platform, source = session_platform, template(session_platform)
    with clone(platform, source) as by_sql, clone(platform, source) as by_odoo:
        with platform.admin(by_sql) as connection:
            outcome = reset(connection, IDENTITY)
            link = invite(connection, IDENTITY.base_url, now=2**32, hours=1)
        _let_odoo_in(platform, by_sql, by_odoo)
        password = "a password from a file"
        facts = asdict(replace(IDENTITY, password=password)) | {
            "made_by_sql": by_sql, "token": link.partition("token=")[2],
            "forged": sign("another secret", [3, [2], None, "reset"], 2**33),
            "hash": encrypt(password), "operator": operator_login(IDENTITY.slug),
            "groups": [*WANTED, *FORBIDDEN],
        }  # fmt: skip
        answer = platform.odoo.shell(by_odoo, BY_ODOO, facts)
        yield Made(platform, by_sql, by_odoo, outcome, answer)


def _let_odoo_in(platform: Platform, *names: str) -> None:
    role = platform.settings.odoo_role
    for name in names:
        platform.databases.copy_filestore(template(platform), name)
        platform.databases.give(name, role)


def test_sql_writes_what_the_orm_writes(made: Made):
    with made.platform.admin(made.by_sql) as one, made.platform.admin(made.by_odoo) as other:
        different = set(differing_tables(one, other)) - CHATTER - BESIDE
        different -= {name for name in different if name.startswith("orm_signaling_")}
        found = {name: _differences(rows(one, name), rows(other, name)) for name in different}
    named = [change for table in NAMED_AFTER_COMPANY for change in found.pop(table, [])]
    assert ("name", IDENTITY.name, "My Company") in named
    assert all(old == json.loads(json.dumps(new).replace(IDENTITY.name, "My Company"))
               for _, new, old in named)  # fmt: skip
    assert {name: what for name, what in found.items() if what} == {}


def _differences(one: dict, other: dict) -> list[tuple[Any, ...]]:
    """What differs but the stamps; a row that is missing on one side differs as a whole."""
    found = []
    for key in sorted(one.keys() | other.keys()):
        first, second = one.get(key), other.get(key)
        if first is None or second is None:
            found.append((key, first, second))
            continue
        own = OWN | ({"value"} if first.get("key") in PARAMETERS else set())
        names = [name for name in first if name not in own and first[name] != second[name]]
        found += [(name, first[name], second[name]) for name in names]
    return found


def test_odoo_accepts_the_invitation_once_and_nothing_else(made: Made):
    assert made.answer["invited"] == IDENTITY.admin_email
    assert made.answer["forged"] is False
    assert made.answer["new_opens"] is True
    assert made.answer["again"] is False


def test_odoo_knows_the_company_and_its_owner(made: Made):
    assert made.answer["company"] == [IDENTITY.rut, IDENTITY.rut]
    assert made.answer["groups"] == list(WANTED)
    assert made.answer["language"] == "es_CL"


def test_the_owner_alone_takes_a_place_and_strangers_make_no_account(made: Made):
    assert made.answer["users"] == 1
    assert made.answer["strangers"] == "b2b"


def test_the_templates_password_opens_nothing_and_one_from_a_file_opens(made: Made):
    assert made.answer["admin_opens"] is False
    assert made.answer["file_opens"] is True


def test_the_outcome_names_what_is_installed(made: Made):
    assert {"base", "smarter_base", "smarter_events"} <= set(made.outcome.modules)


@pytest.fixture(scope="module")
def used(session_platform: Platform) -> Iterator[str]:
    """A template somebody worked in: every column that sounds like a secret is filled."""
    with clone(session_platform, template(session_platform)) as name:
        with session_platform.admin(name) as connection:
            for place in secretive(connection):
                if place not in HARMLESS:
                    _fill(connection, place)
            _work_in(connection)
        yield name


def _fill(connection: psycopg.Connection, place: Place) -> None:
    statement = sql.SQL("UPDATE {} SET {} = 'template-' || gen_random_uuid()::text").format(
        sql.Identifier(place.table), sql.Identifier(place.name)
    )
    try:
        connection.execute(statement)
    except (psycopg.errors.DatatypeMismatch, psycopg.errors.CheckViolation):
        return  # no text, or only certain texts


def _work_in(connection: psycopg.Connection) -> None:
    for key in (
        "mail.web_push_vapid_private_key",
        "odoo_ocn.uuid",
        "sms.api_key",
        "x.client_secret",
    ):
        connection.execute(
            "INSERT INTO ir_config_parameter (key, value) VALUES (%s, gen_random_uuid()::text)",
            [key],
        )
    connection.execute(
        "INSERT INTO res_users_apikeys (name, user_id, key, index)"
        " VALUES ('n8n', 2, 'template-key-0001', '12345678')"
    )
    connection.execute(
        "INSERT INTO ir_mail_server (name, smtp_host, smtp_authentication, smtp_encryption,"
        " smtp_pass) VALUES ('m', 'mail.example.cl', 'login', 'none', 'template-pass-1')"
    )
    connection.execute("INSERT INTO smarter_event (type, aggregate, rut, epoch)"
                       " VALUES ('contact.created', 'res.partner/1', '', 7)")  # fmt: skip
    connection.execute("INSERT INTO smarter_subscription (name, target) VALUES ('n8n', 'n8n')")
    connection.execute("INSERT INTO smarter_subscription_key (subscription_id, secret)"
                       " VALUES (1, 'template-whsec-1')")  # fmt: skip
    connection.execute("UPDATE smarter_outbox_state SET epoch = 7, held = true")
    connection.execute("SELECT nextval('ir_sequence_002'), nextval('ir_sequence_002')")


@pytest.fixture(scope="module")
def twins(session_platform: Platform, used: str) -> Iterator[tuple[str, str]]:
    """Two clones of the template that was worked in, each made its own."""
    with clone(session_platform, used) as one, clone(session_platform, used) as two:
        for name in (one, two):
            with session_platform.admin(name) as connection:
                reset(connection, IDENTITY)
        yield one, two


def test_two_clones_share_no_secret_with_the_template_or_each_other(
    session_platform: Platform, used: str, twins: tuple[str, str]
):
    values = []
    for name in (used, *twins):
        with session_platform.admin(name) as connection:
            found = secret_values(connection)
        values.append({v: places - HARMLESS for v, places in found.items() if places - HARMLESS})
    of_template, first, second = values
    assert len(of_template) > 20
    assert len(first) > 5
    for one, other in ((of_template, first), (of_template, second), (first, second)):
        assert {value: one[value] for value in one.keys() & other.keys()} == {}


def test_a_clone_sends_nothing_and_begins_at_one(session_platform: Platform, twins):
    with session_platform.admin(twins[0]) as connection:
        for table in ("ir_mail_server", "smarter_event", "smarter_delivery", "res_users_apikeys"):
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            assert connection.execute(query).fetchone() == (0,), table
        state = connection.execute("SELECT epoch, held FROM smarter_outbox_state").fetchone()
        assert state == (1, False)
        assert connection.execute("SELECT nextval('ir_sequence_002')").fetchone() == (1,)
        keys = connection.execute("SELECT secret FROM smarter_subscription_key").fetchall()
    assert len(keys) == 1
    assert keys[0][0].startswith("whsec_")


def test_caches_of_a_database_that_had_this_name_before_are_dropped(
    session_platform: Platform, used: str, twins
):
    query = "SELECT max(id) FROM orm_signaling_registry"
    seen = set()
    for name in (used, *twins):
        with session_platform.admin(name) as connection:
            (last,) = connection.execute(query).fetchone()
            connection.execute("INSERT INTO orm_signaling_registry DEFAULT VALUES")
            assert connection.execute(query).fetchone() == (last + 1,)
        seen.add(last)
    assert len(seen) == 3


def test_a_template_of_another_country_is_refused_and_left_alone(
    session_platform: Platform, used: str
):
    with clone(session_platform, used) as name, session_platform.admin(name) as connection:
        connection.execute("UPDATE res_partner SET country_id = NULL")
        with pytest.raises(StepFailed, match="not Chilean"):
            reset(connection, IDENTITY)
        query = "SELECT count(*) FROM res_users_apikeys"
        assert connection.execute(query).fetchone() == (1,)
