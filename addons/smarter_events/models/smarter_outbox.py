from odoo import api, models


class SmarterOutbox(models.AbstractModel):
    """The outbox as the addons and the rpc connector see it."""

    _name = "smarter.outbox"
    _description = "Outbox"

    @api.model
    def _forget_watches(self):
        """Subscriptions or types have changed: every worker reads them anew."""
        self.env.registry.clear_cache("stable")

    @api.model
    def _sync_tenant(self):
        """Write the tenant's identity where the protocol reads it."""
        tenant = self.env["smarter.tenant"]._identity()
        self.env.cr.execute(
            "UPDATE smarter_outbox_state SET tenant_rut = %s, tenant_name = %s, tenant_slug = %s,"
            " tenant_plan = %s, tenant_status = %s",
            [tenant.rut or "", tenant.name, tenant.slug, tenant.plan, tenant.status],
        )
