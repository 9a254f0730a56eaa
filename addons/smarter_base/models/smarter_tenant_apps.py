from odoo import api, models

from .res_users import OPERATOR


class SmarterTenant(models.Model):
    """What owners and administrators of the company may do in its applications."""

    _inherit = "smarter.tenant"

    @api.model
    def _grant_apps_to_owners(self, modules=None):
        """Give owners and administrators the highest safe group of each application.

        With ``modules`` (names) only of privileges these brought: what somebody took away from a
        person stays taken away. For the operator's tools, with all rights; returns the groups.
        """
        groups = self.env["res.groups"]
        for privilege in self.env["res.groups.privilege"]._smarter_applications():
            if modules is None or privilege._smarter_module() in modules:
                groups |= privilege._smarter_levels()[-1:]
        for person in self._managers():
            if missing := groups - person.group_ids:
                person.write({"group_ids": [(4, group.id) for group in missing]})
        return groups

    @api.model
    def _managers(self):
        """Return active owners and administrators, and the first account even while archived."""
        everybody = self.env["res.users"].with_context(active_test=False)
        admins = self.env.ref("smarter_base.group_admin")
        first = self.env.ref("smarter_base.user_owner", raise_if_not_found=False)
        found = everybody.search([("all_group_ids", "in", admins.ids), ("share", "=", False)])
        return found.filtered(lambda user: user.active or user == first)

    @api.model
    def _owners(self):
        """Return the company's owners who can log in; the operator's account when there is none."""
        operator = self.env.ref(OPERATOR)
        owners_sudo = self.env.ref("smarter_base.group_owner").sudo().all_user_ids
        people = owners_sudo.filtered(lambda user: user.active and not user.share) - operator
        return (people or operator).sudo(False)
