# Runs in Odoo's shell: people for the demo tenant, and subscriptions that point at the sandbox.
# Running it again adds what is missing and renews the signing keys.
# ruff: noqa: F821  (env comes from the shell)
import json
import os

facts = json.loads(os.environ["DEVKIT_FACTS"])

# The owner is there since the tenant was made.
for role, login in facts["logins"].items():
    if env["res.users"].search_count([("login", "=", login)]):
        continue
    env["res.users"].create(
        {
            "name": role.capitalize(),
            "login": login,
            "email": login,
            "password": facts["passwords"][role],
            "group_ids": [(6, 0, env["smarter.person"]._groups_of(role).ids)],
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
owner = env["res.users"].search([("login", "=", facts["logins"]["owner"])])
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
