from odoo import models
from odoo.http import SessionExpiredException, request

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Where visitors and portal users of a suspended tenant may still post: to log in, to mend their
# password, and to read.
OPEN_PATHS = (
    "/auth/",
    "/json/",
    "/jsonrpc",
    "/mail/chatter_fetch",
    "/mail/thread/messages",
    "/my/security",
    "/portal/chatter_init",
    "/web/",
    "/websocket/",
    "/xmlrpc/",
)


class IrHttp(models.AbstractModel):
    """Sessions of a closed tenant end; visitors of a suspended one only read."""

    _inherit = "ir.http"

    @classmethod
    def _authenticate(cls, endpoint):
        super()._authenticate(endpoint)
        # Pages that need no login, as the web client's, still look at the session.
        user = request.env["res.users"].sudo().browse(request.env.uid or request.session.uid)
        if user and not user._is_public() and not user._smarter_may_enter():
            request.session.logout(keep_db=True)
            if request.env.uid:
                raise SessionExpiredException("The tenant is closed")

    @classmethod
    def _pre_dispatch(cls, rule, args):
        super()._pre_dispatch(rule, args)
        if cls._smarter_is_refused(rule.endpoint.routing):
            raise request.env["smarter.tenant"]._suspended_error()

    @classmethod
    def _smarter_is_refused(cls, routing):
        """Say whether this request comes from outside the company and could change something."""
        env, asked = request.env, request.httprequest
        if asked.method in SAFE_METHODS or not env.uid:
            return False
        if not env["smarter.tenant"]._is_suspended() or env.user._is_internal():
            return False
        return not routing.get("readonly") and not asked.path.startswith(OPEN_PATHS)

    def session_info(self):
        return {**super().session_info(), "smarter_notice": self.env["smarter.tenant"]._notice()}
