from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

REPLAY_MAX = 10_000
"""Deliveries sent again in one go; more are done in several time ranges."""


class SmarterDelivery(models.Model):
    """One event on its way to one subscription. Its state changes only through the protocol."""

    _name = "smarter.delivery"
    _description = "Event delivery"
    _auto = False
    _log_access = False
    _order = "id desc"
    _rec_name = "webhook_id"

    event_id = fields.Many2one("smarter.event", readonly=True, ondelete="cascade")
    subscription_id = fields.Many2one("smarter.subscription", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    lane = fields.Char("Record", readonly=True, help="Deliveries of one record keep their order.")
    state = fields.Selection(
        [
            ("pending", "Pending"),
            ("leased", "Being sent"),
            ("delivered", "Delivered"),
            ("dead", "Dead"),
        ],
        readonly=True,
    )
    attempts = fields.Integer(readonly=True, aggregator=None)
    due_at = fields.Datetime("Next try", readonly=True)
    worker = fields.Char("Connector", readonly=True)
    webhook_id = fields.Char("Webhook id", readonly=True)
    replay = fields.Integer(
        readonly=True,
        aggregator=None,
        help="0: first delivery. Above: sent again on purpose, that many times.",
    )
    last_status = fields.Char("Result code", readonly=True)
    # A receiver may repeat what it got, so it is as closed as the payload.
    last_answer = fields.Text(readonly=True, groups="smarter_base.group_admin")
    delivered_at = fields.Datetime("Delivered on", readonly=True)
    create_date = fields.Datetime("Created on", readonly=True)
    event_type = fields.Char("Event type", related="event_id.type")
    rut = fields.Char(related="event_id.rut")
    event_state = fields.Selection(related="event_id.state", string="State of the event")
    event_error = fields.Text(related="event_id.error", string="Why it was not built")
    occurred_at = fields.Datetime(related="event_id.occurred_at")
    payload = fields.Text(related="event_id.payload", groups="smarter_base.group_admin")
    record_name = fields.Char("Name of the record", compute="_compute_from_event")
    can_open_record = fields.Boolean(compute="_compute_from_event")
    next_try_at = fields.Datetime("Next try on", compute="_compute_next_try_at")
    latency = fields.Float(
        "Latency (s)",
        digits=(12, 3),
        aggregator=None,
        compute="_compute_latency",
        help="Seconds from what happened in Odoo to the receiver's answer.",
    )

    @api.depends("event_type", "lane")
    def _compute_display_name(self):
        for delivery in self:
            delivery.display_name = f"{delivery.event_type} {delivery.lane}"

    @api.depends("event_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_from_event(self):
        for delivery in self:
            event = delivery.event_id
            delivery.record_name = event.record_name
            delivery.can_open_record = event.can_open_record

    @api.depends("state", "due_at")
    def _compute_next_try_at(self):
        for delivery in self:
            delivery.next_try_at = delivery.state == "pending" and delivery.due_at

    @api.depends("delivered_at")
    def _compute_latency(self):
        for delivery in self:
            done, began = delivery.delivered_at, delivery.occurred_at
            delivery.latency = max(0.0, (done - began).total_seconds()) if done and began else 0.0

    def action_open_record(self):
        return self.event_id.action_open_record()

    def action_open_event(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "smarter.event",
            "res_id": self.event_id.id,
            "views": [(False, "form")],
        }

    def action_replay(self):
        """Try the dead ones again, deliver the delivered ones anew; say how many of each."""
        result = self._replay()
        message, kind = self._replay_message(result)
        return self.env["smarter.subscription"]._notification(message, kind)

    def _replay(self):
        """Replay through the protocol; return {retried, replayed, not_built}.

        The payload of a dead event was never built: it is built now, which needs Odoo.
        """
        self._check_may_replay()
        again = self.filtered(lambda delivery: delivery.state in ("dead", "delivered"))
        if not again:
            raise UserError(
                self.env._(
                    "Nothing to send again: only dead and delivered ones are, and the others are "
                    "on their way already."
                )
            )
        dead_events = again.filtered(lambda delivery: delivery.event_state == "dead").event_id
        # A model may have gone with its module since: that event stays dead.
        buildable = dead_events.filtered(lambda event: event.model in self.env)
        self.env["smarter.outbox"]._rebuild(buildable)
        request = {"deliveries": again.ids}
        result = self.env["smarter.subscription"]._call_protocol("replay", request)
        self.env["smarter.outbox"]._wake_up()
        return result

    def _check_may_replay(self):
        self.check_access("read")
        if not (self.env.su or self.env.user.has_group("smarter_base.group_admin")):
            raise AccessError(
                self.env._("Only an administrator may send events again. Ask one to do it.")
            )
        if len(self) > REPLAY_MAX:
            raise UserError(
                self.env._(
                    "These are %(count)s deliveries; at most %(limit)s are sent again at once. "
                    "Choose a shorter time range.",
                    count=len(self),
                    limit=REPLAY_MAX,
                )
            )
        self.subscription_id._check_company_reach()

    @api.model
    def _replay_message(self, result):
        message = self.env._(
            "%(retried)s tried again, %(replayed)s sent anew.",
            retried=result["retried"],
            replayed=result["replayed"],
        )
        if not result["not_built"]:
            return message, "success"
        failed = self.env._(
            "%(count)s could not be built: their events say why.", count=result["not_built"]
        )
        return f"{message} {failed}", "warning"
