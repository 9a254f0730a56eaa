from datetime import timedelta

from odoo import api, fields, models

BATCH = 5000
KEEP_DAYS = 90


class SmarterEvent(models.Model):
    _inherit = "smarter.event"

    @api.model
    def _cron_purge(self):
        """Forget delivered events after some days (parameter ``smarter_events.keep_days``)."""
        cron = self.env["ir.cron"]
        while gone := self._purge(self._keep_since()):
            if not cron._commit_progress(gone, remaining=int(gone == BATCH)):
                return
        self._purge_notes(self._keep_since())

    @api.model
    def _purge_notes(self, before):
        """Forget which event left which note in a chat; answer how many were forgotten.

        That memory keeps a note from being left twice, so it stays as long as its event.
        """
        self.env.cr.execute(
            """
            DELETE FROM smarter_external_ref r WHERE r.kind = 'note' AND r.updated_at < %s
                AND NOT EXISTS (SELECT 1 FROM smarter_event e WHERE e.uid::text = r.key)
            """,
            [before],
        )
        return self.env.cr.rowcount

    @api.model
    def _keep_since(self):
        parameters_sudo = self.env["ir.config_parameter"].sudo()  # a number, no secret
        text = parameters_sudo.get_param("smarter_events.keep_days") or ""
        days = int(text) if text.isdigit() else KEEP_DAYS
        return fields.Datetime.now() - timedelta(days=max(1, days))

    @api.model
    def _purge(self, before):
        """Delete a batch of events from before ``before``; answer how many.

        What is dead or still on its way stays, however old; what was meant for a subscription
        that no longer exists goes, unless it is dead.
        """
        self.env.cr.execute(
            """
            DELETE FROM smarter_event WHERE id IN (
                SELECT e.id FROM smarter_event e
                WHERE e.occurred_at < %s AND e.state = 'ready' AND NOT EXISTS (
                    SELECT 1 FROM smarter_delivery d WHERE d.event_id = e.id
                        AND d.state <> 'delivered'
                        AND (d.state = 'dead' OR EXISTS (
                            SELECT 1 FROM smarter_subscription s WHERE s.id = d.subscription_id)))
                ORDER BY e.id LIMIT %s)
            """,
            [before, BATCH],
        )
        self.invalidate_model()
        return self.env.cr.rowcount
