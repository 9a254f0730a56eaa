from odoo import api, fields, models
from odoo.exceptions import AccessError


class SmarterOutboxState(models.Model):
    """The state of the whole outbox: one row, seen by all, changed by the owner's release alone."""

    _name = "smarter.outbox.state"
    _description = "State of the connections"
    _auto = False
    _log_access = False

    held = fields.Boolean(readonly=True)
    held_reason = fields.Char("Held because", readonly=True)
    epoch = fields.Integer(readonly=True, help="Raised each time the database is restored.")
    tenant_suspended = fields.Boolean(compute="_compute_held")
    is_held = fields.Boolean(compute="_compute_held")
    pending_count = fields.Integer("Deliveries pending", compute="_compute_counts")
    dead_count = fields.Integer("Deliveries dead", compute="_compute_counts")
    waiting_since = fields.Datetime("Waiting since", compute="_compute_counts")
    subscription_ids = fields.Many2many(
        "smarter.subscription",
        compute="_compute_subscriptions",
        context={"active_test": False},
    )

    @api.depends("held")
    def _compute_display_name(self):
        self.display_name = self.env._("State of the connections")

    @api.depends("held")
    def _compute_held(self):
        status = self.env["smarter.tenant"]._identity().status
        for state in self:
            state.tenant_suspended = status in ("suspended", "deleted")
            state.is_held = state.held or state.tenant_suspended

    def _compute_counts(self):
        deliveries = self.env["smarter.delivery"]
        still_open = [("state", "in", ("pending", "leased"))]
        [(pending, since)] = deliveries._read_group(still_open, [], ["__count", "create_date:min"])
        self.pending_count = pending
        self.waiting_since = since and since.replace(microsecond=0)
        self.dead_count = deliveries.search_count([("state", "=", "dead")])

    def _compute_subscriptions(self):
        everyone = self.env["smarter.subscription"].with_context(active_test=False)
        self.subscription_ids = everyone.search([])

    @api.model
    def _get(self):
        return self.search([], limit=1)

    def action_release(self):
        """Hand out again what a restored or copied database holds back."""
        if not (self.env.su or self.env.user.has_group("smarter_base.group_owner")):
            raise AccessError(
                self.env._(
                    "Only the owner may release the deliveries of a restored or copied database. "
                    "Ask them: what was already delivered before may be sent again."
                )
            )
        self.env["smarter.outbox"]._release()
        self.invalidate_recordset()

    def action_open_dead(self):
        return self._open({"search_default_dead": 1})

    def action_open_pending(self):
        return self._open({"search_default_pending": 1})

    def _open(self, context):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "smarter_events.smarter_delivery_action"
        )
        action["context"] = context
        return action
