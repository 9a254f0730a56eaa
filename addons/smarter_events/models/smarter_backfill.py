from odoo import fields, models

from .json_object import JsonObject


class SmarterBackfill(models.Model):
    """A request to capture existing records again, for one subscription."""

    _name = "smarter.backfill"
    _description = "Backfill of events"
    _auto = False
    _log_access = True
    _order = "id desc"

    subscription_id = fields.Many2one("smarter.subscription", required=True)
    company_id = fields.Many2one("res.company")
    state = fields.Selection(
        [("pending", "Pending"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")],
        default="pending",
        required=True,
        readonly=True,
    )
    cursor = JsonObject(default=dict, readonly=True)
    captured = fields.Integer(readonly=True)
    error = fields.Text(readonly=True)
