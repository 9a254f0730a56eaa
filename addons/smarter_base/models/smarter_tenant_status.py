from odoo import api, fields, models
from odoo.exceptions import AccessError


class SmarterTenant(models.Model):
    """What plan and status of the tenant mean for the people who work in it."""

    _name = "smarter.tenant"
    _inherit = ["smarter.tenant", "mail.activity.mixin"]

    usage_ids = fields.Many2many("smarter.usage", "Use of the plan", compute="_compute_usage_ids")

    def _compute_usage_ids(self):
        self.usage_ids = self.env["smarter.usage"].search([])

    @api.model
    def _is_suspended(self):
        # While modules are being loaded the tenant may not be there yet, and nobody works.
        return self.pool.ready and self._identity().status == "suspended"

    @api.model
    def _suspended_error(self):
        """Make the refusal; only the company's own people are told the reason."""
        reason = self._identity().status_reason if self.env.user._is_internal() else None
        if not reason:
            return AccessError(
                self.env._(
                    "The account of this company is suspended: nothing can be created, changed or "
                    "deleted for now. Everything can still be read."
                )
            )
        return AccessError(
            self.env._(
                "The account of this company is suspended: nothing can be created, changed or "
                "deleted for now. Everything can still be read, printed and exported.\n\n"
                "Reason: %(reason)s\n\nTo activate it again, contact SmarterOS support.",
                reason=reason,
            )
        )

    @api.model
    def _notice(self):
        """Return what stands above every page of a suspended tenant, or ``False``."""
        if not self._is_suspended() or not self.env.user._is_internal():
            return False
        reason = self._identity().status_reason
        text = self.env._(
            "Account suspended: you can read, print and export, but not change anything. To "
            "activate it again, contact SmarterOS support."
        )
        return {"text": text, "reason": reason and self.env._("Reason: %s", reason)}
