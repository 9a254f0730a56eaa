"""The two accounts of a new tenant: the customer's, an owner, and the operator's, administrator.

Odoo's administrator writes server actions in Python, and with them plan limits, the mirror of the
registry and secrets: the customer never gets it. What an owner may do was granted by Odoo itself
when the template was built (``smarter.tenant._grant_apps_to_owners``).
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from smarter_connector.registry.errors import StepFailed
from smarter_connector.tenants.reset.identity import Identity
from smarter_connector.tenants.reset.passwords import encrypt
from smarter_connector.tenants.reset.schema import Schema, update

OPERATOR_NAME = "Soporte SmarterOS"

_ACCOUNT = """SELECT u.id, u.partner_id FROM res_users u JOIN ir_model_data d
  ON d.res_id = u.id AND d.model = 'res.users' AND d.module = %s AND d.name = %s"""


@dataclass(frozen=True)
class Account:
    """A user that every tenant has, by its external id."""

    module: str
    name: str

    def find(self, connection: psycopg.Connection) -> tuple[int, int] | None:
        """Its ids as user and as partner."""
        return connection.execute(_ACCOUNT, [self.module, self.name]).fetchone()


OWNER = Account("smarter_base", "user_owner")
OPERATOR = Account("base", "user_admin")


def write_users(connection: psycopg.Connection, schema: Schema, identity: Identity) -> None:
    """The owner gets the customer's e-mail address as login, the operator one that receives no
    mail; nobody keeps a password. Raises StepFailed when an account is not in the template."""
    nothing: dict[str, object] = {"password": None, "totp_secret": None, "totp_last_counter": None}
    update(connection, schema, "res_users", nothing, "true", [])
    owner, operator = OWNER.find(connection), OPERATOR.find(connection)
    if owner is None or operator is None:
        raise StepFailed("the template lacks the owner's or the operator's account: build it again")
    _give_to_operator(connection, schema, operator, identity.slug)
    _give_to_owner(connection, schema, owner, identity)


def operator_login(slug: str) -> str:
    """A name that no mail can be sent to (RFC 2606), so that nobody asks for its password."""
    return f"operador@{slug}.invalid"


def _give_to_operator(
    connection: psycopg.Connection, schema: Schema, account: tuple[int, int], slug: str
) -> None:
    user, partner = account
    login: dict[str, object] = {"login": operator_login(slug)}
    update(connection, schema, "res_users", login, "id = %s", [user])
    values: dict[str, object] = {
        "name": OPERATOR_NAME, "complete_name": OPERATOR_NAME, "email": None,
        "email_normalized": None, "signup_type": None,
    }  # fmt: skip
    update(connection, schema, "res_partner", values, "id = %s", [partner])


def _give_to_owner(
    connection: psycopg.Connection, schema: Schema, account: tuple[int, int], identity: Identity
) -> None:
    user, partner = account
    email = identity.admin_email
    login: dict[str, object] = {"login": email, "active": True}
    if identity.password is not None:
        login["password"] = encrypt(identity.password)
    update(connection, schema, "res_users", login, "id = %s", [user])
    values: dict[str, object] = {
        "active": True, "email": email, "email_normalized": email.lower() or None,
    }  # fmt: skip
    if identity.password is None:
        values["signup_type"] = "reset"  # lets the invitation in; see invitation.py
    if identity.admin_name:
        values |= {"name": identity.admin_name, "complete_name": identity.admin_name}
    update(connection, schema, "res_partner", values, "id = %s", [partner])
