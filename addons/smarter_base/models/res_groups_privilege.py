from odoo import api, models

# Who has one of these sees or changes more than the company's business: never given to customers.
ADMINISTRATION = ("base.group_system", "base.group_erp_manager", "base.group_sanitize_override")


class ResGroupsPrivilege(models.Model):
    """An application's privilege: a ladder of groups, of which a person has one."""

    _inherit = "res.groups.privilege"

    @api.model
    def _smarter_applications(self):
        """Return every privilege but SmarterOS' own and those of Odoo's administration."""
        own = self.env.ref("smarter_base.res_groups_privilege_smarteros")
        closed = self.env.ref("base.module_category_administration", raise_if_not_found=False)
        return (self.search([]) - own).filtered(
            lambda privilege: not closed or closed not in privilege._smarter_categories()
        )

    @api.model
    def _smarter_administration(self):
        return self.env["res.groups"].browse(self.env.ref(name).id for name in ADMINISTRATION)

    def _smarter_categories(self):
        return self.category_id | self.category_id.parent_id

    def _smarter_module(self):
        return (self.get_external_id()[self.id] or "").partition(".")[0]

    def _smarter_levels(self):
        """Return the groups of one privilege that administer nothing of Odoo, the least first."""
        self.ensure_one()
        closed = self._smarter_administration()
        safe = self.group_ids.filtered(lambda group: not closed & group.all_implied_ids)
        return safe.sorted(lambda group: (group.sequence, len(group.all_implied_ids), group.id))
