from odoo import api, fields, models

# What decides in whose name events leave.
SENDER_FIELDS = frozenset({"smarter_rut", "parent_id", "parent_path", "currency_id"})


class ResCompany(models.Model):
    _inherit = "res.company"

    smarter_stock_minimum = fields.Float(
        "Minimum stock",
        default=5.0,
        help="Products without a replenishment rule count as low below this available quantity.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        self.env.registry.clear_cache("stable")
        return companies

    def _write_multi(self, vals_list):
        result = super()._write_multi(vals_list)
        if any(not SENDER_FIELDS.isdisjoint(vals) for vals in vals_list):
            self.env.registry.clear_cache("stable")
        return result
