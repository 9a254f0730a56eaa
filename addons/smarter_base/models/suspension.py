import threading

from odoo import api, models
from odoo.http import request

# What a suspended tenant's people may still store: how they look at their data, not the data.
STILL_WRITABLE = frozenset(
    {
        "auth.passkey.key",
        "auth_totp.device",
        "discuss.channel.member",
        "ir.exports",
        "ir.exports.line",
        "ir.filters",
        "ir.ui.view.custom",
        "mail.notification",
        "mail.presence",
        "mail.push.device",
        "res.device",
        "res.users.apikeys",
        "res.users.settings",
        "res.users.settings.volumes",
        "web_tour.tour",
    }
)

# Models with a history that are no business documents: logins and passwords pass through some.
NO_DOCUMENTS = ("res.", "mail.", "discuss.", "ir.", "smarter.tenant")

# What Odoo writes on a document when somebody only looks at it, prints it or follows its link.
# (invoices note every write in "is_manually_modified").
WRITTEN_BY_READING = frozenset(
    {"access_token", "is_manually_modified", "message_main_attachment_id"}
)


def has_visitor():
    """Say whether somebody from outside asks for what is being done.

    RPC hides its request from the code it calls; its thread still bears the address.
    """
    return bool(request) or bool(getattr(threading.current_thread(), "url", None))


class Base(models.AbstractModel):
    """A suspended tenant reads everything and changes nothing.

    People are stopped where Odoo asks for their rights, so that forms also show no button to save.
    Code with all rights (portal, shop, actions) is stopped at the documents it would touch, when a
    request is behind it. Provisioning and the operator's shell have no request and go on.
    """

    _inherit = "base"

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if result is None and operation != "read" and self._smarter_is_frozen():
            return self, self.env["smarter.tenant"]._suspended_error
        return result

    @api.model_create_multi
    def create(self, vals_list):
        self._smarter_check_document()
        return super().create(vals_list)

    def write(self, vals):
        if not WRITTEN_BY_READING.issuperset(vals):
            self._smarter_check_document()
        return super().write(vals)

    def unlink(self):
        self._smarter_check_document()
        return super().unlink()

    def _smarter_is_frozen(self):
        still_writable = self._transient or self._abstract or self._name in STILL_WRITABLE
        return not still_writable and self.env["smarter.tenant"]._is_suspended()

    def _smarter_check_document(self):
        if (
            self.env.su
            and "message_ids" in self._fields
            and has_visitor()
            and not self._name.startswith(NO_DOCUMENTS)
            and self.env["smarter.tenant"]._is_suspended()
        ):
            raise self.env["smarter.tenant"]._suspended_error()
