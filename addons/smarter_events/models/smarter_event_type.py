import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

SLUG = re.compile(r"[a-z0-9_-]{1,60}", re.ASCII)
FIELDS_MAX = 50

# Whoever changes one of these decides what is read, and answers for it with their own rights.
AUTHORED = frozenset(
    {
        "model_id",
        "trigger",
        "trigger_field_ids",
        "trigger_value",
        "domain",
        "field_ids",
        "company_id",
    }
)

# What was captured under a name stays under it: neither may change once it is made.
FIXED = frozenset({"slug", "model_id"})


class SmarterEventType(models.Model):
    """An event type made by an administrator: ``custom.<slug>``, read with its author's rights."""

    _name = "smarter.event.type"
    _description = "Event type"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    slug = fields.Char(
        required=True,
        compute="_compute_slug",
        store=True,
        readonly=False,
        precompute=True,
        copy=False,
        help="The type is called custom.<slug>.",
    )
    type = fields.Char("Event type", compute="_compute_type")
    active = fields.Boolean(default=True)
    model_id = fields.Many2one("ir.model", "Kind of record", required=True, ondelete="cascade")
    model = fields.Char(related="model_id.model", string="Technical name", store=True)
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
        "Value", help="The value as stored: the key of a selection, an id, true or false."
    )
    trigger_hint = fields.Char(compute="_compute_trigger_hint")
    domain = fields.Char("Condition", default="[]", help="Only records that match cause events.")
    field_ids = fields.Many2many(
        "ir.model.fields", "smarter_event_type_field", string="Fields sent"
    )
    author_id = fields.Many2one(
        "res.users",
        required=True,
        readonly=True,
        default=lambda self: self.env.user,
        help="Events are read with the rights of who last changed what is sent.",
    )
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)

    _slug_uniq = models.Constraint("UNIQUE (slug)", "Another event type already has this name.")

    @api.depends("name")
    def _compute_slug(self):
        for event_type in self.filtered(lambda event_type: not event_type._origin.id):
            event_type.slug = self.env["ir.http"]._slugify(event_type.name or "")[:60]

    @api.depends("slug")
    def _compute_type(self):
        for event_type in self:
            event_type.type = f"custom.{event_type.slug}"

    @api.depends("trigger_field_ids", "trigger")
    def _compute_trigger_hint(self):
        for event_type in self:
            event_type.trigger_hint = event_type._value_hint()

    def _value_hint(self):
        """Name the values a selection can reach, as they are stored and as people see them."""
        watched = self.trigger_field_ids if self.trigger in ("reaches", "leaves") else ()
        if len(watched) != 1 or watched.ttype != "selection" or self.model not in self.env:
            return False
        description = self.env[self.model].fields_get([watched.name], ["selection"])
        options = description.get(watched.name, {}).get("selection", ())
        return ", ".join(f"{key} ({label})" for key, label in options)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            vals["author_id"] = self.env.uid
        event_types = super().create(vals_list)
        self.env["smarter.outbox"]._forget_watches()
        return event_types

    def write(self, vals):
        self._check_fixed(vals)
        vals = {name: value for name, value in vals.items() if name != "author_id"}
        if not AUTHORED.isdisjoint(vals):
            vals["author_id"] = self.env.uid
        result = super().write(vals)
        self.env["smarter.outbox"]._forget_watches()
        return result

    def unlink(self):
        result = super().unlink()
        self.env["smarter.outbox"]._forget_watches()
        return result

    def _check_fixed(self, vals):
        for event_type in self:
            for name in FIXED.intersection(vals):
                if (
                    event_type._fields[name].convert_to_write(event_type[name], event_type)
                    != vals[name]
                ):
                    raise ValidationError(
                        self.env._(
                            "The name and the kind of record of the event type %(type)s cannot "
                            "change: its receivers know it so. Archive it and make another.",
                            type=event_type.type,
                        )
                    )
