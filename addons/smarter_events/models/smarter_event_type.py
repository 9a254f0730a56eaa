from odoo import api, fields, models


class SmarterEventType(models.Model):
    """An event type made by an administrator: ``custom.<slug>``, read with its author's rights."""

    _name = "smarter.event.type"
    _description = "Event type"
    _order = "name, id"

    name = fields.Char(required=True)
    slug = fields.Char(required=True, help="The type is called custom.<slug>.")
    type = fields.Char("Event type", compute="_compute_type")
    active = fields.Boolean(default=True)
    model_id = fields.Many2one("ir.model", required=True, ondelete="cascade")
    model = fields.Char("Model name", related="model_id.model", store=True)
    trigger = fields.Selection(
        [
            ("created", "A record is created"),
            ("deleted", "A record is deleted"),
            ("changed", "One of the fields changes"),
            ("reaches", "A field reaches a value"),
            ("leaves", "A field leaves a value"),
        ],
        required=True,
        default="changed",
    )
    # changed: any of them; reaches, leaves: exactly one of them
    trigger_field_ids = fields.Many2many(
        "ir.model.fields", "smarter_event_type_trigger_field", string="Watched fields"
    )
    trigger_value = fields.Char(
        help="The value as stored: the key of a selection, an id, true or false."
    )
    domain = fields.Char(default="[]")
    field_ids = fields.Many2many(
        "ir.model.fields", "smarter_event_type_field", string="Fields sent"
    )
    author_id = fields.Many2one(
        "res.users", required=True, readonly=True, default=lambda self: self.env.user
    )
    company_id = fields.Many2one("res.company")

    _slug_uniq = models.Constraint("UNIQUE (slug)", "Another event type already has this name.")

    @api.depends("slug")
    def _compute_type(self):
        for event_type in self:
            event_type.type = f"custom.{event_type.slug}"

    @api.model_create_multi
    def create(self, vals_list):
        event_types = super().create(vals_list)
        self.env["smarter.outbox"]._forget_watches()
        return event_types

    def write(self, vals):
        result = super().write(vals)
        self.env["smarter.outbox"]._forget_watches()
        return result

    def unlink(self):
        result = super().unlink()
        self.env["smarter.outbox"]._forget_watches()
        return result
