# Runs in Odoo's shell on a fresh clone: makes it one tenant's database, with secrets of its own.
# ruff: noqa: F821  (env comes from the shell)
import json
import os

facts = json.loads(os.environ["DEVKIT_FACTS"])
# Nothing that identifies or opens the template may open the tenant.
env["ir.config_parameter"].init(force=True)
env["smarter.tenant"]._provision(facts["rut"], facts["name"], facts["slug"], plan=facts["plan"])

# What each role does in a shop: the same names as in docs/usuario.md.
MANAGER = (
    "base.group_partner_manager", "product.group_product_manager", "account.group_account_manager",
    "sales_team.group_sale_manager", "stock.group_stock_manager",
    "purchase.group_purchase_manager", "point_of_sale.group_pos_manager",
)  # fmt: skip
WORK = {
    "owner": MANAGER,
    "admin": MANAGER,
    "member": (
        "base.group_partner_manager", "account.group_account_invoice",
        "sales_team.group_sale_salesman_all_leads", "stock.group_stock_user",
        "purchase.group_purchase_user", "point_of_sale.group_pos_user",
    ),
    "viewer": (),
}  # fmt: skip
for role, login in facts["logins"].items():
    groups = [env.ref(f"smarter_base.group_{role}"), *map(env.ref, WORK[role])]
    env["res.users"].create(
        {
            "name": role.capitalize(),
            "login": login,
            "email": login,
            "password": facts["passwords"][role],
            "group_ids": [(6, 0, [group.id for group in groups])],
        }
    )
env.ref("base.user_admin").password = facts["passwords"]["system"]
env.cr.commit()
