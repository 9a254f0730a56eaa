from odoo import fields, models


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
    lane = fields.Char(readonly=True)
    state = fields.Selection(
        [
            ("pending", "Pending"),
            ("leased", "Being sent"),
            ("delivered", "Delivered"),
            ("dead", "Dead"),
        ],
        readonly=True,
    )
    attempts = fields.Integer(readonly=True)
    due_at = fields.Datetime("Next try", readonly=True)
    worker = fields.Char(readonly=True)
    webhook_id = fields.Char("Webhook id", readonly=True)
    replay = fields.Integer(readonly=True)
    last_status = fields.Char(readonly=True)
    last_answer = fields.Text(readonly=True)
    delivered_at = fields.Datetime(readonly=True)
    create_date = fields.Datetime("Created on", readonly=True)
    event_type = fields.Char(related="event_id.type")
    rut = fields.Char(related="event_id.rut")
