# ruff: noqa: F821
"""In Odoo's shell: Odoo's own "Send Webhook Notification" on the same write, without ours."""

import os

env["smarter.subscription"].search([]).active = False
model = env["ir.model"]._get("res.partner")
name = env["ir.model.fields"]._get("res.partner", "name")
action = env["ir.actions.server"].create(
    {
        "name": "bench",
        "model_id": model.id,
        "state": "webhook",
        "webhook_url": os.environ["DEVKIT_URL"],
        "webhook_field_ids": [(6, 0, name.ids)],
    }
)
env["base.automation"].create(
    {
        "name": "bench",
        "model_id": model.id,
        "trigger": "on_create_or_write",
        "trigger_field_ids": [(6, 0, name.ids)],
        "action_server_ids": [(6, 0, action.ids)],
    }
)
env.cr.commit()
