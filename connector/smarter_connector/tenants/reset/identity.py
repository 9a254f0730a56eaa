"""Whose database it is: written as Odoo's ORM would write it, stored computed fields included.

``tests/tenants/test_reset.py`` lets Odoo provision a clone and compares the rows.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.reset.passwords import encrypt
from smarter_connector.tenants.reset.schema import Schema, update

EXTERNAL_IDS = (
    "clerk_org_id", "chatwoot_account_id", "n8n_project_id", "metabase_collection_id",
    "botpress_workspace_id",
)  # fmt: skip

#: Warehouse, shop, their numberings and routes.
NAMED_AFTER_COMPANY = ("stock_warehouse", "pos_config", "ir_sequence", "stock_route")

_XMLID = "SELECT res_id FROM ir_model_data WHERE module = %s AND name = %s"
_COMPANY = """
SELECT c.id, c.partner_id, p.name, n.code FROM res_company c
JOIN res_partner p ON p.id = c.partner_id LEFT JOIN res_country n ON n.id = p.country_id
WHERE c.id = (SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'main_company')
"""


@dataclass(frozen=True)
class Identity:
    """What a database is told about itself. ``rut`` is plain; without ``password`` nobody can log
    in until the invitation is used."""

    rut: str
    name: str
    slug: str
    plan: str
    base_url: str
    admin_email: str
    admin_name: str = ""
    external_ids: Mapping[str, str] = field(default_factory=dict)
    password: str | None = field(default=None, repr=False)


def write_parameters(connection: psycopg.Connection, identity: Identity) -> str:
    """Give the database its uuid, secret, date of birth and address; returns the uuid."""
    own = str(uuid.uuid4())
    now = connection.execute("SELECT to_char(now() AT TIME ZONE 'utc', 'YYYY-MM-DD HH24:MI:SS')")
    born = now.fetchone()
    values = {
        "database.uuid": own,
        "database.secret": str(uuid.uuid4()),
        "database.create_date": born[0] if born else "",
        "web.base.url": identity.base_url,
        "web.base.url.freeze": "True",
    }
    set_parameters(connection, values)
    connection.execute(
        "DELETE FROM ir_config_parameter WHERE key = ANY(%s)",
        [["database.is_neutralized", "database.expiration_date", "database.expiration_reason",
          "report.url"]],
    )  # fmt: skip
    return own


def set_parameters(connection: psycopg.Connection, values: Mapping[str, str]) -> None:
    """``ir.config_parameter.set_param`` for each of them; caches are for the caller."""
    for key, value in values.items():
        changed = connection.execute(
            "UPDATE ir_config_parameter SET value = %s, write_uid = 1,"
            " write_date = now() AT TIME ZONE 'utc' WHERE key = %s",
            [value, key],
        )
        if not changed.rowcount:
            connection.execute(
                "INSERT INTO ir_config_parameter (key, value, create_uid, write_uid, create_date,"
                " write_date) VALUES (%s, %s, 1, 1, now() AT TIME ZONE 'utc',"
                " now() AT TIME ZONE 'utc')",
                [key, value],
            )


def write_company(connection: psycopg.Connection, schema: Schema, identity: Identity) -> None:
    """Name and RUT of the main company and of its partner. Raises StepFailed when the template is
    not that of a Chilean company without a RUT."""
    row = connection.execute(_COMPANY).fetchone()
    if row is None:
        raise StepFailed("the template has no main company: build it again")
    company, partner, before, country = row
    if country != "CL":
        raise StepFailed("the template's company is not Chilean: build it again")
    name, rut = identity.name, identity.rut
    values = {"name": name, "smarter_rut": rut}
    update(connection, schema, "res_company", values, "id = %s", [company])
    _write_partner(connection, schema, partner, name, rut)
    _align_pricelists(connection, schema, company)
    _rename_things(connection, schema, company, before, name)


def _write_partner(
    connection: psycopg.Connection, schema: Schema, partner: int, name: str, rut: str
) -> None:
    values = {
        "name": name, "complete_name": name, "commercial_company_name": name, "vat": rut,
        "smarter_rut": rut,
    }  # fmt: skip
    update(connection, schema, "res_partner", values, "id = %s", [partner])


def _align_pricelists(connection: psycopg.Connection, schema: Schema, company: int) -> None:
    """As ``res.company._smarter_align_pricelists``: without prices, in the company's currency."""
    if schema.has("product_pricelist", "currency_id") and schema.has("product_pricelist_item"):
        connection.execute(
            "UPDATE product_pricelist AS l SET currency_id = c.currency_id, write_uid = 1,"
            " write_date = now() AT TIME ZONE 'utc' FROM res_company c"
            " WHERE c.id = %s AND l.company_id = c.id AND l.currency_id <> c.currency_id"
            " AND NOT EXISTS (SELECT FROM product_pricelist_item i WHERE i.pricelist_id = l.id)",
            [company],
        )


def _rename_things(
    connection: psycopg.Connection, schema: Schema, company: int, before: str, name: str
) -> None:
    """What Odoo named after the company when it was installed; translated names are JSON."""
    for table in NAMED_AFTER_COMPANY:
        if not schema.has(table, "company_id", "name"):
            continue
        select = "SELECT id, name FROM {} WHERE company_id = %s AND strpos(name::text, %s) > 0"
        found = connection.execute(sql.SQL(select).format(sql.Identifier(table)), [company, before])
        for key, old in found.fetchall():
            values: dict[str, object] = {"name": _renamed(old, before, name)}
            update(connection, schema, table, values, "id = %s", [key])


def _renamed(old: str | dict[str, str], before: str, name: str) -> str | Jsonb:
    if isinstance(old, str):
        return old.replace(before, name)
    return Jsonb({language: text.replace(before, name) for language, text in old.items()})


def write_tenant(connection: psycopg.Connection, schema: Schema, identity: Identity) -> None:
    """The tenant's own record, and what the outbox answers about it."""
    values: dict[str, object] = {
        "rut": identity.rut, "name": identity.name, "slug": identity.slug,
        "plan": identity.plan, "status": "active", "status_reason": None,
    }  # fmt: skip
    values |= {key: identity.external_ids.get(key) for key in EXTERNAL_IDS}
    if not update(connection, schema, "smarter_tenant", values, "true", []):
        raise StepFailed("the template has no tenant record: install smarter_base in it")
    outbox = {f"tenant_{key}": values[key] for key in ("rut", "name", "slug", "plan", "status")}
    outbox |= {"epoch": 1, "held": False, "held_reason": None}
    update(connection, schema, "smarter_outbox_state", outbox, "id = 1", [])


def write_users(connection: psycopg.Connection, schema: Schema, identity: Identity) -> None:
    """The administrator gets the e-mail address as login; nobody keeps a password."""
    nothing: dict[str, object] = {"password": None, "totp_secret": None, "totp_last_counter": None}
    update(connection, schema, "res_users", nothing, "true", [])
    admin = _xmlid(connection, "base", "user_admin")
    row = connection.execute("SELECT partner_id FROM res_users WHERE id = %s", [admin]).fetchone()
    if admin is None or row is None:
        raise StepFailed("the template has no administrator: build it again")
    values: dict[str, object] = {"login": identity.admin_email, "active": True}
    if identity.password is not None:
        values["password"] = encrypt(identity.password)
    update(connection, schema, "res_users", values, "id = %s", [admin])
    _write_admin_partner(connection, schema, row[0], identity)
    _make_owner(connection, schema, admin)


def _write_admin_partner(
    connection: psycopg.Connection, schema: Schema, partner: int, identity: Identity
) -> None:
    email = identity.admin_email
    values: dict[str, object] = {"email": email, "email_normalized": email.lower() or None}
    if identity.password is None:
        values["signup_type"] = "reset"  # lets the invitation in; see invitation.py
    if identity.admin_name:
        values |= {"name": identity.admin_name, "complete_name": identity.admin_name}
    update(connection, schema, "res_partner", values, "id = %s", [partner])


def _make_owner(connection: psycopg.Connection, schema: Schema, user: int) -> None:
    group = _xmlid(connection, "smarter_base", "group_owner")
    if group and schema.has("res_groups_users_rel", "gid", "uid"):
        connection.execute(
            "INSERT INTO res_groups_users_rel (gid, uid) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [group, user],
        )


def forget_caches(connection: psycopg.Connection, schema: Schema) -> None:
    """A process that served a database of this name before must not take it for the same one."""
    names = [name for name in schema.tables if name.startswith("orm_signaling_")]
    for name in sorted(names):
        jump = secrets.randbelow(10**9) + 10**6
        connection.execute(
            "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [f"public.{name}", jump]
        )
        connection.execute(sql.SQL("INSERT INTO {} DEFAULT VALUES").format(sql.Identifier(name)))


def _xmlid(connection: psycopg.Connection, module: str, name: str) -> int | None:
    row = connection.execute(_XMLID, [module, name]).fetchone()
    return row[0] if row else None
