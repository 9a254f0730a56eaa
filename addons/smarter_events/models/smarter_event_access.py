import json
from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError


class SmarterEvent(models.Model):
    """What a person sees of an event: a way to its record, and, as an administrator, its payload.

    The payload was built whatever the rights of its reader: it may hold the balance of a customer
    whom many may see. Administrators decide where it is sent, so they may read it.
    """

    _inherit = "smarter.event"

    data = fields.Json(groups="smarter_base.group_admin")
    previous = fields.Json(groups="smarter_base.group_admin")
    payload = fields.Text(compute="_compute_payload", groups="smarter_base.group_admin")
    previous_payload = fields.Text(
        "Values before", compute="_compute_payload", groups="smarter_base.group_admin"
    )
    record_name = fields.Char("Name of the record", compute="_compute_record_name")
    can_open_record = fields.Boolean(compute="_compute_record_name")
    delivery_count = fields.Integer("Number of deliveries", compute="_compute_delivery_count")

    @api.depends("model", "res_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_record_name(self):
        for event in self:
            event.record_name = event.aggregate
            event.can_open_record = False
        for model, events in self._by_readable_model().items():
            names = {record.id: record.display_name for record in events._readable(model)}
            for event in events:
                if event.res_id in names:
                    event.record_name = names[event.res_id] or event.aggregate
                    event.can_open_record = True

    @api.depends("data", "previous")
    def _compute_payload(self):
        for event in self:
            event.payload = _pretty(event.data)
            event.previous_payload = _pretty(event.previous)

    def _compute_delivery_count(self):
        counts = dict(
            self.env["smarter.delivery"]._read_group(
                [("event_id", "in", self.ids)], ["event_id"], ["__count"]
            )
        )
        for event in self:
            event.delivery_count = counts.get(event, 0)

    def action_open_record(self):
        """Open the business record in its own form."""
        self.ensure_one()
        if not self.can_open_record:
            raise UserError(
                self.env._(
                    "The record %(record)s no longer exists, or you may not see it.",
                    record=self.aggregate,
                )
            )
        return {
            "type": "ir.actions.act_window",
            "res_model": self.model,
            "res_id": self.res_id,
            "views": [(False, "form")],
        }

    def action_open_deliveries(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "smarter_events.smarter_delivery_action"
        )
        action["domain"] = [("event_id", "=", self.id)]
        return action

    def _by_readable_model(self):
        groups = defaultdict(self.browse)
        for event in self.filtered("res_id"):
            if event.model in self.env and self.env[event.model].has_access("read"):
                groups[event.model] |= event
        return groups

    def _readable(self, model):
        """Return the records of these events (all of ``model``) that exist and may be read."""
        records = self.env[model].browse(self.mapped("res_id")).exists()
        return records._filtered_access("read")


def _pretty(document):
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) if document else False
