from odoo import api, fields, models

ROLES = ("viewer", "member", "admin", "owner")


class ResUsers(models.Model):
    """Which role a person has in the company, and whether owners manage the account."""

    _inherit = "res.users"

    smarter_role = fields.Selection(
        lambda self: self.env["smarter.person"]._fields["role"]._description_selection(self.env),
        "Role in SmarterOS",
        compute="_compute_smarter_role",
    )

    @api.depends("all_group_ids")
    def _compute_smarter_role(self):
        for user in self:
            user.smarter_role = user._smarter_role()

    def _smarter_role(self):
        """Return the highest of the four roles, or ``False``."""
        held = self.sudo().all_group_ids
        found = [role for role in ROLES if self.env.ref(f"smarter_base.group_{role}") in held]
        return found[-1] if found else False

    def _smarter_is_managed(self):
        """Whether owners manage this account: an internal one that administers nothing of Odoo."""
        user_sudo = self.sudo()
        closed = self.env["res.groups.privilege"]._smarter_administration()
        return (
            not user_sudo.share
            and not user_sudo._is_superuser()
            and not closed & user_sudo.all_group_ids
            and self.env.company in user_sudo.company_ids
        )
