from odoo import fields, models


class SmarterKeyDialog(models.TransientModel):
    """Shows a signing key once. Its fields have no column: nothing of it is ever stored."""

    _name = "smarter.key.dialog"
    _description = "Signing key, shown once"

    subscription_id = fields.Many2one("smarter.subscription", store=False, readonly=True)
    key = fields.Char("Signing key", store=False, readonly=True)
