from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    """The tenant on the page of settings; the record itself holds every rule."""

    _inherit = "res.config.settings"

    smarter_tenant_id = fields.Many2one(
        "smarter.tenant", "Tenant", default=lambda self: self.env["smarter.tenant"]._current()
    )
    smarter_name = fields.Char(related="smarter_tenant_id.name", readonly=False)
    smarter_rut = fields.Char(related="smarter_tenant_id.rut")
    smarter_slug = fields.Char(related="smarter_tenant_id.slug")
    smarter_plan = fields.Selection(related="smarter_tenant_id.plan")
    smarter_status = fields.Selection(related="smarter_tenant_id.status")
    smarter_usage_ids = fields.Many2many(related="smarter_tenant_id.usage_ids")
    smarter_clerk_org_id = fields.Char(related="smarter_tenant_id.clerk_org_id", readonly=False)
    smarter_chatwoot_account_id = fields.Char(
        related="smarter_tenant_id.chatwoot_account_id", readonly=False
    )
    smarter_n8n_project_id = fields.Char(related="smarter_tenant_id.n8n_project_id", readonly=False)
    smarter_metabase_collection_id = fields.Char(
        related="smarter_tenant_id.metabase_collection_id", readonly=False
    )
    smarter_botpress_workspace_id = fields.Char(
        related="smarter_tenant_id.botpress_workspace_id", readonly=False
    )
