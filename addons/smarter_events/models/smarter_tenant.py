from odoo import api, models


class SmarterTenant(models.Model):
    """The outbox follows the tenant: the protocol answers with its identity and status."""

    _inherit = "smarter.tenant"

    @api.model_create_multi
    def create(self, vals_list):
        tenants = super().create(vals_list)
        self._follow_in_outbox()
        return tenants

    def write(self, vals):
        result = super().write(vals)
        self._follow_in_outbox()
        return result

    def _follow_in_outbox(self):
        self.env.registry.clear_cache("stable")
        self.env["smarter.outbox"]._sync_tenant()
