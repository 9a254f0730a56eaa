from odoo import models
from odoo.exceptions import AccessDenied


class ResUsers(models.Model):
    """Who takes a place of the plan, and who may log in at all."""

    _name = "res.users"
    _inherit = ["res.users", "smarter.limited"]

    # Every internal user, whatever its rights. OdooBot is always archived.
    _smarter_limit = "users"
    _smarter_counts = [("active", "=", True), ("share", "=", False)]

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
