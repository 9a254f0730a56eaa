from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command


class SmarterPerson(models.TransientModel):
    """The form in which owners and administrators invite people, change roles and archive.

    Odoo's own form of users is for those who may give anybody any group, Odoo's administration
    included. This one knows four roles, and what each may do in the applications.
    """

    _name = "smarter.person"
    _description = "Person of the company"

    user_id = fields.Many2one("res.users", "User", readonly=True)
    name = fields.Char(required=True)
    email = fields.Char("E-mail", required=True)
    role = fields.Selection(
        [
            ("viewer", "Viewer"),
            ("member", "Member"),
            ("admin", "Administrator"),
            ("owner", "Owner"),
        ],
        required=True,
        default="member",
    )
    active = fields.Boolean("May log in", default=True)

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        if user := self.env["res.users"].browse(values.get("user_id")):
            values |= {
                "name": user.name,
                "email": user.login,
                "role": user._smarter_role(),
                "active": user.active,
            }
        return values

    def action_apply(self):
        """Invite the person, or change role and access of the one there is."""
        self.ensure_one()
        self._check_allowed()
        # Users are for administrators of the system alone: _check_allowed() says what is let
        # through, and the plan's limit applies to everybody.
        users_sudo = self.env["res.users"].sudo().with_company(self.env.company)
        if not self.user_id:
            users_sudo.create(self._values())
        else:
            self._change(users_sudo.browse(self.user_id.id))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _values(self):
        email = self.email.strip()
        groups = self._groups_of(self.role)
        return {
            "name": self.name.strip(),
            "login": email,
            "email": email,
            "group_ids": [Command.set(groups.ids)],
            "company_id": self.env.company.id,
            "company_ids": [Command.set(self.env.company.ids)],
        }

    def _change(self, user_sudo):
        if user_sudo._smarter_role() != self.role:
            others = user_sudo.group_ids - self._known_groups()
            groups = others | self._groups_of(self.role)
            user_sudo.group_ids = [Command.set(groups.ids)]
        if user_sudo.active != self.active:
            user_sudo.active = self.active

    def _check_allowed(self):
        env = self.env
        if env["smarter.tenant"]._is_suspended():
            raise env["smarter.tenant"]._suspended_error()
        if not env.user.has_group("smarter_base.group_admin"):
            raise AccessError(env._("Only owners and administrators change who works here."))
        user = self.user_id
        if user == env.user:
            raise UserError(env._("Nobody changes their own role: ask another owner."))
        if user and not user._smarter_is_managed():
            raise AccessError(env._("This account is not one of the company's people."))
        touched = {self.role, user._smarter_role()}
        if "owner" in touched and not env.user.has_group("smarter_base.group_owner"):
            raise AccessError(env._("Only an owner makes somebody owner, or changes an owner."))

    @api.model
    def _known_groups(self):
        privileges = self.env["res.groups.privilege"].sudo()
        own = self.env.ref("smarter_base.res_groups_privilege_smarteros")
        return (privileges._smarter_applications() | own).group_ids

    @api.model
    def _groups_of(self, role):
        """Return the role with what it may do: owners and administrators the highest of each
        application, members the least of those with several, and contacts; viewers nothing."""
        groups = self.env.ref(f"smarter_base.group_{role}")
        if role == "viewer":
            return groups
        for privilege in self.env["res.groups.privilege"].sudo()._smarter_applications():
            levels = privilege._smarter_levels()
            if role != "member":
                groups |= levels[-1:]
            elif len(levels) > 1:
                groups |= levels[:1]
        return groups | self.env.ref("base.group_partner_manager")
