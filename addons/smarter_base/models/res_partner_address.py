from odoo import api, fields, models


class ResPartner(models.Model):
    """The comuna of an address; it says the region, and the city unless somebody says another."""

    _inherit = "res.partner"

    smarter_comuna_id = fields.Many2one(
        "smarter.comuna",
        "Comuna",
        compute="_compute_smarter_comuna_id",
        store=True,
        readonly=False,
        index="btree_not_null",
        domain="[('state_id', '=?', state_id)]",
    )

    @api.depends("city", "state_id", "country_id")
    def _compute_smarter_comuna_id(self):
        """Leave a comuna that fits; drop one of another region; else read it from the city.

        Imports and web shops bring the comuna as the name of the city.
        """
        for partner in self:
            comuna = partner.smarter_comuna_id
            if comuna and comuna.state_id == partner.state_id:
                continue
            partner.smarter_comuna_id = partner._smarter_comuna_of_city()

    def _smarter_comuna_of_city(self):
        if self.country_id.code != "CL" or not self.city:
            return self.env["smarter.comuna"]
        return self.env["smarter.comuna"]._named(self.city, self.state_id)

    @api.model
    def _address_fields(self):
        return super()._address_fields() + ["smarter_comuna_id"]

    @api.onchange("smarter_comuna_id")
    def _onchange_smarter_comuna_id(self):
        self.update(self.smarter_comuna_id._address_values())

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._with_comuna_address(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._with_comuna_address(vals))

    @api.model
    def _with_comuna_address(self, vals):
        """Complete ``vals`` that set a comuna with the address it implies."""
        comuna = self.env["smarter.comuna"].browse(vals.get("smarter_comuna_id") or ())
        return {**comuna._address_values(), **vals} if comuna else vals
