from odoo import api, models
from odoo.exceptions import AccessDenied, UserError
from odoo.fields import Domain

# The operator's account in every tenant. Odoo needs an administrator; the customer is none.
OPERATOR = "base.user_admin"


class ResUsers(models.Model):
    """Who takes a place of the plan, and who may log in at all."""

    _name = "res.users"
    _inherit = ["res.users", "smarter.limited"]

    # Every internal user but the operator's, whatever its rights. OdooBot is always archived.
    _smarter_limit = "users"
    _smarter_counts = [("active", "=", True), ("share", "=", False)]

    @api.model
    def _smarter_count_query(self, domain):
        # The customer can neither log in as the operator nor make another account this one: the
        # external id is for administrators of the system.
        people = Domain("id", "!=", self._smarter_operator_id())
        return super()._smarter_count_query(domain & people)

    @api.model
    def _smarter_operator_id(self):
        return self.env["ir.model.data"]._xmlid_to_res_id(OPERATOR)

    def _action_reset_password(self, signup_type="reset"):
        if self._smarter_operator_id() in self.ids:
            raise UserError(
                self.env._(
                    "This is the account of SmarterOS support: nobody asks for its password here. "
                    "The operator opens it with scripts/tenant operator-access."
                )
            )
        return super()._action_reset_password(signup_type)

    def _check_credentials(self, credential, env):
        result = super()._check_credentials(credential, env)
        self.env.user._smarter_check_may_enter()
        return result

    def _smarter_check_may_enter(self):
        if not self._smarter_may_enter():
            raise AccessDenied(
                self.env._("This account is closed. Ask SmarterOS support what happens to it.")
            )

    def _smarter_may_enter(self):
        """A deleted tenant is closed; one being prepared is the administrator's alone."""
        status = self.env["smarter.tenant"]._identity().status
        return status in ("active", "suspended") or (status == "provisioning" and self._is_system())
