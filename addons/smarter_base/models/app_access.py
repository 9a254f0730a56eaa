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

    def _smarter_categories(self):
        return self.category_id | self.category_id.parent_id

    def _smarter_module(self):
        return (self.get_external_id()[self.id] or "").partition(".")[0]

    def _smarter_levels(self):
        """Return the groups of one privilege that administer nothing of Odoo, the least first."""
        self.ensure_one()
        administration = self.env["res.groups"].browse(
            self.env.ref(name).id for name in ADMINISTRATION
        )
        safe = self.group_ids.filtered(lambda group: not administration & group.all_implied_ids)
        return safe.sorted(lambda group: (group.sequence, len(group.all_implied_ids), group.id))


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
        operator = self.env.ref("base.user_admin")
        owners_sudo = self.env.ref("smarter_base.group_owner").sudo().all_user_ids
        people = owners_sudo.filtered(lambda user: user.active and not user.share) - operator
        return (people or operator).sudo(False)
