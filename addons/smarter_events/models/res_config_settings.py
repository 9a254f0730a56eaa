from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    smarter_stock_minimum = fields.Float(related="company_id.smarter_stock_minimum", readonly=False)
