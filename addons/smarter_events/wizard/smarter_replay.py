from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.smarter_delivery import REPLAY_MAX


class SmarterReplay(models.TransientModel):
    """Send again what one subscription got, or should have got, between two moments."""

    _name = "smarter.replay"
    _description = "Replay of deliveries"

    subscription_id = fields.Many2one("smarter.subscription", required=True)
    state = fields.Selection(
        [("dead", "Dead: try again"), ("delivered", "Delivered: send anew")],
        required=True,
        default="dead",
    )
    since = fields.Datetime(
        "From", required=True, default=lambda self: fields.Datetime.now() - timedelta(days=1)
    )
    until = fields.Datetime("To", required=True, default=fields.Datetime.now)
    count = fields.Integer("Deliveries", compute="_compute_count")

    @api.depends("subscription_id", "state", "since", "until")
    def _compute_count(self):
        for wizard in self:
            wizard.count = self.env["smarter.delivery"].search_count(wizard._domain())

    def action_replay(self):
        self.ensure_one()
        if self.since >= self.until:
            raise UserError(self.env._("The range ends before it begins. Correct the dates."))
        deliveries = self.env["smarter.delivery"].search(
            self._domain(), order="id", limit=REPLAY_MAX + 1
        )
        return deliveries.action_replay() | {"next": {"type": "ir.actions.act_window_close"}}

    def _domain(self):
        return [
            ("subscription_id", "=", self.subscription_id.id),
            ("state", "=", self.state),
            ("event_id.occurred_at", ">=", self.since),
            ("event_id.occurred_at", "<=", self.until),
        ]
