from odoo import api, models

from ..capture.notes import note_repointed


class MergePartnerAutomatic(models.TransientModel):
    """Merging contacts re-points what refers to them in SQL, past the doors of the capture."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        note_repointed(src_partners)
        return super()._update_foreign_keys(src_partners, dst_partner)

    @api.model
    def _update_values(self, src_partners, dst_partner):
        result = super()._update_values(src_partners, dst_partner)
        # The contact that stays has their invoices and debts now, even if no field of it changed.
        self.env["smarter.outbox"]._tell_again(dst_partner, "contact.updated")
        return result
