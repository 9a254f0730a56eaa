# Runs in Odoo's shell: people for the demo tenant, and subscriptions that point at the sandbox.
# Running it again adds what is missing and renews the signing keys.
# ruff: noqa: F821  (env comes from the shell)
import json
import os

facts = json.loads(os.environ["DEVKIT_FACTS"])

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
    if env["res.users"].search_count([("login", "=", login)]):
        continue
    env["res.users"].create(
        {
            "name": role.capitalize(),
            "login": login,
            "email": login,
            "password": facts["passwords"][role],
            "group_ids": [(6, 0, [group.id for group in groups])],
        }
    )

WANTED = (
    {
        "name": "n8n",
        "target": "n8n",
        "url": facts["sandbox"] + "/webhook/smarteros",
        "config": {},
    },
    {
        "name": "Chatwoot",
        "target": "chatwoot",
        "url": facts["sandbox"],
        "config": {
            "account_id": 1,
            "inbox_id": 1,
            "api_token": facts["chatwoot_token"],
            "note_types": ["order.confirmed", "invoice.posted", "invoice.overdue", "delivery.done"],
            "labels": ["smarteros"],
        },
    },
    {"name": "KPI", "target": "warehouse", "batch_size": 100, "config": {}},
)
owner = env["res.users"].search([("login", "=like", "owner@%")], limit=1)
keys = {}
if "smarter.subscription" in env:
    subscriptions = env["smarter.subscription"].with_context(active_test=False)
    for values in WANTED:
        found = subscriptions.search([("name", "=", values["name"])], limit=1)
        values = {**values, "company_id": False, "active": True, "user_id": owner.id}
        if found:
            found.write({key: value for key, value in values.items() if key != "target"})
        else:
            found = subscriptions.create({**values, "patterns": "*"})
        if found.is_signed:
            keys[found.name] = found._renew_key().text
    env.cr.commit()
with open(os.open(facts["keys_file"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
    json.dump(keys, file)
