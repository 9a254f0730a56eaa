from odoo import models


class ResUsers(models.Model):
    """Whoever leaves takes their rights along: what is read with them pauses."""

    _inherit = "res.users"

    def write(self, vals):
        result = super().write(vals)
        if "active" in vals:
            types_sudo = self.env["smarter.event.type"].sudo()  # whoever archives a person
            types_sudo = types_sudo.search([("author_id", "in", self.ids)])
            if types_sudo:
                self.flush_recordset(["active"])
                self.env["smarter.outbox"]._forget_watches()
                types_sudo._follow_authors()
        return result
