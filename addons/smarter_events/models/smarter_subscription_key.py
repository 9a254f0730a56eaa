from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from smarter_domain.events.signature import SigningKey

OVERLAP_HOURS = 24
"""How long the old key still signs beside the new one, so that the receiver can change over."""


class SmarterSubscription(models.Model):
    """Signing keys: made here, shown once, handed out by the protocol's ``claim`` alone.

    Nothing in Odoo reads a key back: showing one means making a new one.
    """

    _inherit = "smarter.subscription"

    key_created_at = fields.Datetime("Signing key made on", compute="_compute_keys")
    old_key_expires_at = fields.Datetime("Old key valid until", compute="_compute_keys")

    def _compute_keys(self):
        self.env.cr.execute(
            SQL(
                "SELECT subscription_id, max(created_at) FILTER (WHERE expires_at IS NULL),"
                " max(expires_at) FILTER (WHERE expires_at > now() AT TIME ZONE 'utc')"
                " FROM smarter_subscription_key WHERE subscription_id = ANY(%s) GROUP BY 1",
                list(self._origin.ids),
            )
        )
        found = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        for subscription in self:
            created, expires = found.get(subscription._origin.id, (None, None))
            subscription.key_created_at = created and created.replace(microsecond=0)
            subscription.old_key_expires_at = expires and expires.replace(microsecond=0)

    def action_renew_key(self):
        """Make a new signing key and show it, this once; the old one still signs for a day."""
        self.ensure_one()
        self._check_may_renew_key()
        key = self._renew_key()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Signing key of %(name)s", name=self.name),
            "res_model": "smarter.key.dialog",
            "view_mode": "form",
            "views": [(False, "form")],
            "target": "new",
            # The dialog is never stored, and neither is its value: it lives in the browser.
            "context": {"default_key": key.text, "default_subscription_id": self.id},
        }

    @api.model
    def may_show_keys(self):
        """Whether the current user may see a new key (asked by the form after a first save)."""
        return self.env.user.has_group("smarter_base.group_owner")

    def _check_may_renew_key(self):
        self.check_access("write")
        self._check_company_reach()
        if not (self.env.su or self.may_show_keys()):
            raise AccessError(
                self.env._(
                    "Only the owner may see or renew the signing key of %(name)s. Ask them.",
                    name=self.name,
                )
            )
        if not self.is_signed:
            raise UserError(
                self.env._(
                    "%(name)s needs no signing key: its target is reached with a token of its own.",
                    name=self.name,
                )
            )

    def _ensure_keys(self):
        """Give a key to each signed subscription, so that nothing ever leaves unsigned."""
        for subscription in self.filtered("is_signed"):
            subscription._store_key(SigningKey.generate())

    def _renew_key(self):
        """Add a key, let the others expire after the overlap, and return the new one."""
        self.ensure_one()
        self.env.cr.execute(
            SQL(
                "UPDATE smarter_subscription_key SET expires_at ="
                " (now() AT TIME ZONE 'utc') + make_interval(hours => %s)"
                " WHERE subscription_id = %s AND expires_at IS NULL",
                OVERLAP_HOURS,
                self.id,
            )
        )
        key = SigningKey.generate()
        self._store_key(key)
        return key

    def _store_key(self, key):
        self.env.cr.execute(
            SQL(
                "INSERT INTO smarter_subscription_key (subscription_id, secret) VALUES (%s, %s)",
                self.id,
                key.text,
            )
        )
        self.invalidate_recordset(["key_created_at", "old_key_expires_at"], flush=False)
