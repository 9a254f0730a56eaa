from odoo import api, fields, models
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

# The words of the connector (``last_status``). Whatever else stands there is shown as it is: an
# HTTP status.
RESULTS = {
    "written": _lt("Written"),
    "contact": _lt("Contact updated"),
    "note": _lt("Note left"),
    "no conversation": _lt("Contact updated, no open conversation"),
    "ignored": _lt("Nothing to do"),
    "reached": _lt("Answered"),
    "closed": _lt("Connection cut"),
    "config": _lt("Wrong setting"),
    "conflict": _lt("Meanwhile written by another"),
    "connection": _lt("No connection"),
    "data": _lt("Data refused"),
    "defect": _lt("Failure of the connector"),
    "dns": _lt("Unknown host"),
    "dsn": _lt("Wrong warehouse connection"),
    "envelope": _lt("Content refused"),
    "foreign RUT": _lt("RUT of another tenant"),
    "foreign tenant": _lt("Event of another tenant"),
    "garbage": _lt("Answer not understood"),
    "key": _lt("Wrong signing key"),
    "metabase": _lt("Wrong Metabase setting"),
    "no company": _lt("RUT not entered"),
    "no tenant": _lt("Tenant not entered"),
    "private": _lt("Private address refused"),
    "race": _lt("Changed meanwhile"),
    "schema": _lt("Warehouse of another version"),
    "secret": _lt("Secret missing"),
    "stopped": _lt("Connector stopped"),
    "target": _lt("Unknown target"),
    "timeout": _lt("No answer in time"),
    "tls": _lt("Certificate refused"),
    "too large": _lt("Content too large"),
    "too long": _lt("Answer too long"),
    "unavailable": _lt("Not available"),
    "url": _lt("Wrong address"),
}


class SmarterDelivery(models.Model):
    """What came of a delivery, in words that people read."""

    _inherit = "smarter.delivery"

    result = fields.Char("Last result", compute="_compute_result")

    @api.depends("last_status")
    @api.depends_context("lang")
    def _compute_result(self):
        for delivery in self:
            word = RESULTS.get(delivery.last_status)
            delivery.result = self.env._(word) if word else delivery.last_status
