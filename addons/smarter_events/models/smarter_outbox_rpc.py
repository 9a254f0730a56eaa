import json

from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from smarter_domain.outbox import PROTOCOL_FUNCTIONS

REQUEST_MAX = 2_000_000
"""Characters of a request as JSON."""


class SmarterOutbox(models.AbstractModel):
    """The delivery protocol for a connector that reaches this Odoo by RPC only.

    Each method calls the database function of its name, the same that a connector with SQL access
    calls, and takes and answers JSON values. For users of the group Connector alone.
    """

    _inherit = "smarter.outbox"

    @api.model
    def claim(self, request):
        return self._protocol("claim", request)

    @api.model
    def settle(self, request):
        return self._protocol("settle", request)

    @api.model
    def extend(self, request):
        return self._protocol("extend", request)

    @api.model
    def disable(self, request):
        return self._protocol("disable", request)

    @api.model
    def identity(self, request=None):
        return self._protocol("identity", request)

    @api.model
    def stats(self, request=None):
        return self._protocol("stats", request)

    @api.model
    def replay(self, request):
        return self._protocol("replay", request)

    @api.model
    def remember(self, request):
        return self._protocol("remember", request)

    @api.model
    def recall(self, request):
        return self._protocol("recall", request)

    @api.model
    def forget(self, request):
        return self._protocol("forget", request)

    @api.model
    def backfill(self, request):
        return self._protocol("backfill", request)

    @api.model
    def backfill_status(self, request):
        return self._protocol("backfill_status", request)

    @api.model
    def send_test(self, request):
        return self._protocol("send_test", request)

    @api.model
    def claim_within(self, request):
        return self._protocol("claim_within", request)

    @api.model
    def settle_within(self, request):
        return self._protocol("settle_within", request)

    @api.model
    def allowance(self, request):
        return self._protocol("allowance", request)

    def _protocol(self, function, request):
        if not self.env.user.has_group("smarter_events.group_connector"):
            raise AccessError(
                self.env._("Only a user of the group Connector may call the delivery protocol.")
            )
        request = {} if request is None else request
        if function not in PROTOCOL_FUNCTIONS or not isinstance(request, dict | list):
            raise UserError(self.env._("The request to %(name)s is not valid.", name=function))
        text = json.dumps(request)
        if len(text) > REQUEST_MAX:
            raise UserError(
                self.env._("The request is larger than %(limit)s characters.", limit=REQUEST_MAX)
            )
        query = SQL("SELECT smarteros.%s(%s::jsonb)", SQL.identifier(function), text)
        return self.env.execute_query(query)[0][0]
