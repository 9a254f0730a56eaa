# ruff: noqa: F821
"""Runs in Odoo's shell: a tenant, its warehouse subscription, and a day of business in it."""

from odoo import Command
from odoo.service.model import call_kw

from devkit.demo.day import Day, random_rut

env["smarter.tenant"]._provision("77654321-7", "Comercial Ejemplo SpA", "comercial-ejemplo")
kpi = env["smarter.subscription"].create({"name": "KPI", "target": "warehouse", "patterns": "*"})
# What stood before anybody subscribed, as when a warehouse is first connected.
env["smarter.backfill"].create({"subscription_id": kpi.id})
env.cr.commit()
env.ref("smarter_events.ir_cron_backfill").method_direct_trigger()
groups = (
    "smarter_base.group_owner", "base.group_partner_manager", "account.group_account_manager",
    "product.group_product_manager", "sales_team.group_sale_manager", "stock.group_stock_manager",
)  # fmt: skip
owner = env["res.users"].create({
    "name": "Paula", "login": "owner@comercial-ejemplo.invalid",
    "group_ids": [Command.set([env.ref(name).id for name in groups])],
})  # fmt: skip
env.cr.commit()
env = env(user=owner)


def call(model, method, *args, **kwargs):
    """What Odoo's RPC does for this user, one transaction a call."""
    kwargs.setdefault("context", {"lang": "es_CL", "allowed_company_ids": owner.company_ids.ids})
    answer = call_kw(env[model], method, args, kwargs)
    env.cr.commit()
    env.invalidate_all()
    return answer


day = Day(call)
for _step in day.play():
    pass

# What a day also has: a cancelled order, a lost lead, a credit note, a product that goes.
order = env["sale.order"].create({
    "partner_id": day.partner,
    "order_line": [Command.create({"product_id": day.product, "product_uom_qty": 1})],
})  # fmt: skip
order.action_confirm()
env.cr.commit()
order._action_cancel()
env.cr.commit()
lead = env["crm.lead"].create({"name": "Sin presupuesto", "type": "opportunity"})
env.cr.commit()
lead.action_set_lost()
env.cr.commit()
refund = env["account.move"].create({
    "move_type": "out_refund", "partner_id": day.partner,
    "invoice_line_ids": [Command.create({"product_id": day.product, "quantity": 1})],
    "l10n_latam_document_number": "7",
})  # fmt: skip
refund.action_post()
env.cr.commit()
refund.button_draft()
env.cr.commit()
gone = env["product.product"].create({"name": "Muestra"})
branch = env["res.partner"].create({"name": "Bodega", "vat": random_rut()})
env.cr.commit()
gone.unlink()
branch.active = False
env.cr.commit()

# Who is in all these documents is renamed, and what was sold.
env["res.partner"].browse(day.partner).name = "Comercial Nueva Era SpA"
env.cr.commit()
env["product.product"].browse(day.product).write({"name": "Repuesto", "default_code": "REP-2"})
env.cr.commit()
