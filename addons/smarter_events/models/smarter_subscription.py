from odoo import api, fields, models

# What the capture keeps in memory of a subscription: a change of any of them changes the map.
WATCHED = frozenset({"active", "company_id", "patterns", "filter_domain"})


class SmarterSubscription(models.Model):
    """Where events go: a target, the types it wants, of which company, under which filter."""

    _name = "smarter.subscription"
    _description = "Event subscription"
    _auto = False
    _log_access = True
    _order = "name, id"

    name = fields.Char(required=True)
    target = fields.Selection(
        [
            ("n8n", "n8n"),
            ("chatwoot", "Chatwoot"),
            ("warehouse", "KPI warehouse"),
            ("webhook", "Signed webhook"),
        ],
        required=True,
        default="n8n",
    )
    url = fields.Char("URL")
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", help="Empty: every company of the tenant.")
    patterns = fields.Text("Event types", required=True, default="*")
    filter_domain = fields.Char("Filter")
    batch_size = fields.Integer(required=True, default=1)
    config = fields.Json(default=dict)
    user_id = fields.Many2one("res.users", "Person in charge")
    disabled_reason = fields.Char(readonly=True)
    disabled_at = fields.Datetime(readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        subscriptions = super().create(vals_list)
        self.env["smarter.outbox"]._forget_watches()
        return subscriptions

    def write(self, vals):
        result = super().write(vals)
        if not WATCHED.isdisjoint(vals):
            self.env["smarter.outbox"]._forget_watches()
        return result

    def unlink(self):
        result = super().unlink()
        self.env["smarter.outbox"]._forget_watches()
        return result
