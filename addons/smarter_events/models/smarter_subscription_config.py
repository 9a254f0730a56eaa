from odoo import api, fields, models

from .target_config import SETTINGS

# field -> (targets, key of the configuration); what is typed as a list stands one per line.
CONFIG_FIELDS = {
    "timeout_seconds": (("n8n", "webhook"), "timeout"),
    "concurrency": (("n8n", "webhook"), "concurrency"),
    "chatwoot_account_id": (("chatwoot",), "account_id"),
    "chatwoot_inbox_id": (("chatwoot",), "inbox_id"),
    "chatwoot_token_ref": (("chatwoot",), "api_token"),
    "chatwoot_note_types": (("chatwoot",), "note_types"),
    "chatwoot_labels": (("chatwoot",), "labels"),
    "warehouse_dsn_ref": (("warehouse",), "dsn"),
    "metabase_url": (("warehouse",), "metabase_url"),
    "metabase_database_id": (("warehouse",), "metabase_database_id"),
    "metabase_key_ref": (("warehouse",), "metabase_api_key"),
}

REFERENCE_HELP = (
    "Not the secret itself: where the connector finds it, as env:SMARTER_SECRET_NAME or "
    "file:/run/secrets/name."
)


class SmarterSubscription(models.Model):
    """The configuration of each target as fields of a form, over one JSON column."""

    _inherit = "smarter.subscription"

    timeout_seconds = fields.Integer(
        "Time-out (s)",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("timeout_seconds"),
        help="Seconds to wait for an answer. 0: what the connector is set to, 20 as a rule.",
    )
    concurrency = fields.Integer(
        "Requests at once",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("concurrency"),
        help="0: what the connector is set to, 8 as a rule.",
    )
    chatwoot_account_id = fields.Integer(
        "Chatwoot account",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("chatwoot_account_id"),
        help="The number in Chatwoot's address, after /app/accounts/.",
    )
    chatwoot_inbox_id = fields.Integer(
        "Chatwoot inbox",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("chatwoot_inbox_id"),
        help="The inbox whose contacts are kept in step.",
    )
    chatwoot_token_ref = fields.Char(
        "Chatwoot token (reference)",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("chatwoot_token_ref"),
        help=REFERENCE_HELP,
    )
    chatwoot_note_types = fields.Text(
        "Types that leave a note",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("chatwoot_note_types"),
        help="Events that leave a private note in the contact's open conversation, one per line.",
    )
    chatwoot_labels = fields.Text(
        "Labels",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("chatwoot_labels"),
        help="Labels put on each contact, one per line.",
    )
    warehouse_dsn_ref = fields.Char(
        "Warehouse connection (reference)",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("warehouse_dsn_ref"),
        help=REFERENCE_HELP,
    )
    metabase_url = fields.Char(
        "Metabase URL",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("metabase_url"),
        help="Metabase is told when its tables have changed. Empty: it is not told.",
    )
    metabase_database_id = fields.Integer(
        "Metabase database",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("metabase_database_id"),
    )
    metabase_key_ref = fields.Char(
        "Metabase key (reference)",
        compute="_compute_settings",
        inverse=lambda self: self._store_setting("metabase_key_ref"),
        help=REFERENCE_HELP,
    )

    @api.depends("config", "target")
    def _compute_settings(self):
        for subscription in self:
            config = subscription.config or {}
            for name, (targets, key) in CONFIG_FIELDS.items():
                value = config.get(key) if subscription.target in targets else None
                subscription[name] = "\n".join(value) if isinstance(value, list) else value

    def _store_setting(self, name):
        targets, key = CONFIG_FIELDS[name]
        for subscription in self.filtered(lambda sub: sub.target in targets):
            value = self._config_value(subscription.target, key, subscription[name])
            rest = {k: v for k, v in (subscription.config or {}).items() if k != key}
            subscription.config = rest if value in (None, []) else {**rest, key: value}

    @api.model
    def _config_value(self, target, key, value):
        if SETTINGS[target][key].kind is list:
            return [line.strip() for line in (value or "").splitlines() if line.strip()]
        return value.strip() if isinstance(value, str) else value or None
