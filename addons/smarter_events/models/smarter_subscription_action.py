import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class SmarterSubscription(models.Model):
    """What a person does with a subscription: test it, enable it, fill it, see its deliveries."""

    _inherit = "smarter.subscription"

    pending_count = fields.Integer("Deliveries pending", compute="_compute_delivery_counts")
    dead_count = fields.Integer("Deliveries dead", compute="_compute_delivery_counts")
    status = fields.Selection(
        [("active", "Active"), ("archived", "Archived"), ("disabled", "Disabled by the target")],
        compute="_compute_status",
    )
    backfill_ids = fields.One2many("smarter.backfill", "subscription_id", readonly=True)
    backfill_running = fields.Boolean(compute="_compute_backfill_running")
    outbox_held = fields.Boolean(compute="_compute_outbox_held")

    def _compute_delivery_counts(self):
        counts = self.env["smarter.delivery"]._read_group(
            [
                ("subscription_id", "in", self._origin.ids),
                ("state", "in", ("pending", "leased", "dead")),
            ],
            ["subscription_id", "state"],
            ["__count"],
        )
        found = {(subscription.id, state): count for subscription, state, count in counts}
        for subscription in self:
            key = subscription._origin.id
            subscription.dead_count = found.get((key, "dead"), 0)
            subscription.pending_count = found.get((key, "pending"), 0) + found.get(
                (key, "leased"), 0
            )

    @api.depends("active", "disabled_reason")
    def _compute_status(self):
        for subscription in self:
            stopped = "disabled" if subscription.disabled_reason else "archived"
            subscription.status = "active" if subscription.active else stopped

    @api.depends("backfill_ids.state")
    def _compute_backfill_running(self):
        for subscription in self:
            states = subscription.backfill_ids.mapped("state")
            subscription.backfill_running = "pending" in states or "running" in states

    def _compute_outbox_held(self):
        self.outbox_held = self.env["smarter.outbox.state"]._get().is_held

    def action_send_test(self):
        """Send a ``test.ping`` to this subscription alone, as any other event."""
        self.ensure_one()
        self._check_may_use()
        self._call_protocol(
            "send_test", {"subscription_id": self.id, "message": self.env.company.name}
        )
        return self._notification(
            self.env._(
                "Test event on its way to %(name)s. See it in its deliveries.", name=self.name
            )
        )

    def action_enable(self):
        """Take up again what the target's 410 or a person had stopped."""
        self._check_may_use(active=False)
        self.write({"active": True, "disabled_reason": False, "disabled_at": False})
        self.env["smarter.outbox"]._wake_up()

    def action_backfill(self):
        """Ask for the existing records to be captured again; Odoo's cron does it in batches."""
        self.ensure_one()
        self._check_may_use()
        if self.backfill_running:
            raise UserError(
                self.env._(
                    "The records of %(name)s are being sent already. Wait until that ends.",
                    name=self.name,
                )
            )
        self.env["smarter.backfill"].create(
            {"subscription_id": self.id, "company_id": self.company_id.id}
        )
        return self._notification(
            self.env._(
                "The existing records will be sent to %(name)s in the background.", name=self.name
            )
        )

    def action_open_deliveries(self):
        return self._open_deliveries({})

    def action_open_pending(self):
        return self._open_deliveries({"search_default_pending": 1})

    def action_open_dead(self):
        return self._open_deliveries({"search_default_dead": 1})

    def action_open_replay(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "smarter_events.smarter_replay_action"
        )
        action["context"] = {"default_subscription_id": self.id}
        return action

    def _open_deliveries(self, context):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "smarter_events.smarter_delivery_action"
        )
        action["context"] = {"search_default_subscription_id": self.id, **context}
        return action

    def _check_may_use(self, active=True):
        self.check_access("write")
        self._check_company_reach()
        if active and not self.active:
            raise UserError(
                self.env._(
                    "%(name)s is not active, so nothing is sent to it. Activate it first.",
                    name=self.name,
                )
            )

    @api.model
    def _call_protocol(self, function, request):
        """Call ``smarteros.<function>`` as the connector does; callers have checked the rights."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL("SELECT %s(%s::jsonb)", SQL.identifier("smarteros", function), json.dumps(request))
        )
        answer = self.env.cr.fetchone()[0]
        self.env.invalidate_all(flush=False)
        return answer

    @api.model
    def _notification(self, message, kind="success"):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": kind,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
