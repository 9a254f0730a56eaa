from datetime import timedelta

from odoo import api, fields, models

ACTIVITY = "smarter_events.mail_activity_type_dead"


class SmarterSubscription(models.Model):
    """Tells the person in charge of dead deliveries: one activity at a time, until resolved."""

    _inherit = "smarter.subscription"

    @api.model
    def _cron_dead_letters(self):
        """Once a day: open an activity where deliveries have died, close it where none is left."""
        self._forget_disabled()
        everyone = self.with_context(active_test=False).search([])
        dead = dict(
            self.env["smarter.delivery"]._read_group(
                [("state", "=", "dead")], ["subscription_id"], ["__count"]
            )
        )
        told = everyone.filtered(lambda sub: sub.activity_search([ACTIVITY]))
        (told - self.concat(*dead)).activity_unlink([ACTIVITY])
        for subscription, count in dead.items():
            if subscription in everyone - told:
                subscription._tell_dead(count)

    @api.model
    def _forget_disabled(self):
        """Stop capturing for subscriptions that the connector has disabled since yesterday.

        It cannot tell Odoo's workers. What they captured meanwhile waits with the rest, and goes
        out when somebody activates the subscription again.
        """
        lately = fields.Datetime.now() - timedelta(days=2)
        gone = [("active", "=", False), ("disabled_at", ">=", lately)]
        if self.with_context(active_test=False).search_count(gone, limit=1):
            self.env["smarter.outbox"]._forget_watches()

    def _tell_dead(self, count):
        person = self.user_id.filtered("active") or self.create_uid.filtered("active")
        person = person or self.env["smarter.tenant"]._owners()[:1]
        spoken = self.with_context(lang=person.lang)
        spoken.activity_schedule(
            ACTIVITY,
            user_id=person.id,
            summary=spoken.env._(
                "%(count)s dead deliveries of %(name)s", count=count, name=self.name
            ),
            note=spoken.env._(
                "They were tried many times, or refused for good. Open the dead deliveries, read "
                "the last answer, repair the cause and send them again."
            ),
        )
