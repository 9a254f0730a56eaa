from odoo import api, fields, models

ACTIVITY = "smarter_events.mail_activity_type_paused"


class SmarterEventType(models.Model):
    """A type is read with its author's rights: when the author leaves, it pauses and says so."""

    _inherit = ["smarter.event.type", "mail.thread", "mail.activity.mixin"]
    _name = "smarter.event.type"

    author_id = fields.Many2one(tracking=True)
    status = fields.Selection(
        [("active", "Active"), ("paused", "Paused: its author has left"), ("archived", "Archived")],
        compute="_compute_status",
    )

    @api.depends("active", "author_id.active")
    def _compute_status(self):
        for event_type in self:
            author_sudo = event_type.author_id.sudo()  # whether they work here is no secret
            stopped = "archived" if not event_type.active else "paused"
            working = event_type.active and author_sudo.active
            event_type.status = "active" if working else stopped

    def action_take_over(self):
        """Become the author: from now on it is read with the rights of the current user."""
        for event_type in self:
            event_type.write({"trigger": event_type.trigger})

    def write(self, vals):
        result = super().write(vals)
        self._follow_authors()
        return result

    def _follow_authors(self):
        """Tell somebody of each paused type, once; take it back when it works again."""
        for event_type in self:
            told = event_type.activity_search([ACTIVITY])
            if event_type.status == "paused" and not told:
                event_type._tell_paused()
            elif event_type.status != "paused" and told:
                event_type.activity_unlink([ACTIVITY])

    def _tell_paused(self):
        person = self._person_to_tell()
        spoken = self.with_context(lang=person.lang)
        author = spoken.author_id.sudo().name  # only the name
        spoken.activity_schedule(
            ACTIVITY,
            user_id=person.id,
            summary=spoken.env._("The event type %(name)s is paused", name=self.name),
            note=spoken.env._(
                "It was read with the rights of %(author)s, who no longer works here, so nothing "
                "is sent. Open it, see that you may send these fields, and take it over.",
                author=author,
            ),
        )

    def _person_to_tell(self):
        owners = self.env["smarter.tenant"]._owners()
        able = owners.filtered(
            lambda person: not self.company_id or self.company_id in person.sudo().company_ids
        )
        return able[:1] or self.env.ref("base.user_admin")
