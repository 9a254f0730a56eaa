# ruff: noqa: F821
"""In Odoo's shell: one subscription for contacts and orders, with the key of the measurement."""

import os

env["smarter.tenant"]._provision("77654321-7", "Comercial Ejemplo SpA", "comercial-ejemplo")
subscription = env["smarter.subscription"].create(
    {
        "name": "bench",
        "target": "webhook",
        "url": os.environ["DEVKIT_URL"],
        "patterns": "contact.*\norder.*",
    }
)
env.flush_all()
env.cr.execute("DELETE FROM smarter_subscription_key WHERE subscription_id = %s", [subscription.id])
env.cr.execute(
    "INSERT INTO smarter_subscription_key (subscription_id, secret) VALUES (%s, %s)",
    [subscription.id, os.environ["DEVKIT_KEY"]],
)
env.cr.commit()
