# Runs in Odoo's shell on a clone: what the ORM writes where smarter_connector writes SQL. Then asks
# Odoo about a database that was made by SQL: does it accept the invitation and the password?
# ruff: noqa: F821  (env comes from the shell)
import json
import os

from odoo import SUPERUSER_ID, api
from odoo.exceptions import AccessDenied
from odoo.modules.registry import Registry

facts = json.loads(os.environ["SMARTEROS_FACTS"])

parameters = env["ir.config_parameter"]
parameters.init(force=True)
parameters.set_param("web.base.url", facts["base_url"])
parameters.set_param("web.base.url.freeze", "True")
tenant = env["smarter.tenant"]._provision(
    facts["rut"], facts["name"], facts["slug"], plan=facts["plan"]
)
tenant.write(facts["external_ids"])
operator = env.ref("base.user_admin")
operator.write({"login": facts["operator"], "email": False, "name": "Soporte SmarterOS"})
owner = env.ref("smarter_base.user_owner")
owner.write({"login": facts["admin_email"], "email": facts["admin_email"], "active": True})
owner.partner_id.signup_prepare(signup_type="reset")
env.cr.commit()

other = Registry(facts["made_by_sql"])


def credential(login, password):
    return {"type": "password", "login": login, "password": password}


def opens(cursor, login, password):
    users = api.Environment(cursor, SUPERUSER_ID, {})["res.users"]
    try:
        return bool(users.authenticate(credential(login, password), {"interactive": False}))
    except AccessDenied:
        return False


answer = {}
with other.cursor() as cr:
    sql_env = api.Environment(cr, SUPERUSER_ID, {})
    partners = sql_env["res.partner"]
    answer["invited"] = (partners._signup_retrieve_info(facts["token"]) or {}).get("login")
    answer["forged"] = bool(partners._get_partner_from_token(facts["forged"]))
    answer["company"] = sql_env.company.vat, sql_env.company.smarter_rut
    person = sql_env.ref("smarter_base.user_owner")
    answer["groups"] = [name for name in facts["groups"] if person.has_group(name)]
    answer["language"] = person.lang
    answer["users"] = sql_env["res.users"]._smarter_count()
    answer["strangers"] = sql_env["res.users"]._get_signup_invitation_scope()
    answer["admin_opens"] = opens(cr, "admin", "admin")
    sql_env["smarter.tenant"]._current()._check_companies()
    sql_env["res.users"].signup({"password": "a-new-password-of-mine"}, facts["token"])
    answer["new_opens"] = opens(cr, facts["admin_email"], "a-new-password-of-mine")
    answer["again"] = bool(partners._get_partner_from_token(facts["token"]))
    cr.execute(
        "UPDATE res_users SET password = %s WHERE login = %s", [facts["hash"], facts["admin_email"]]
    )
    answer["file_opens"] = opens(cr, facts["admin_email"], facts["password"])
    cr.rollback()
print("SMARTEROS_RESULT " + json.dumps(answer))
