from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .json_object import JsonObject
from .target_config import SIGNED_TARGETS, URL_TARGETS, config_problem, url_problem

# What the capture keeps in memory of a subscription: a change of any of them changes the map.
WATCHED = frozenset({"active", "company_id", "patterns", "filter_domain"})

# Whoever changes one of these decides what the filter tells, and answers for it.
AUTHORED = frozenset({"company_id", "patterns", "filter_domain"})
BATCH_MAX = 500

# What goes with a deleted subscription; the tables have no foreign key to it on purpose.
DELETE_WITH_IT = (
    "DELETE FROM smarter_subscription_key WHERE subscription_id = ANY(%s)",
    "DELETE FROM smarter_external_ref WHERE subscription_id = ANY(%s)",
    "DELETE FROM smarter_backfill WHERE subscription_id = ANY(%s)",
)


class SmarterSubscription(models.Model):
    """Where events go: a target, the types it wants, of which company, under which filter.

    Signing keys stand in a table of their own that no model maps (``smarter_subscription_key``).
    """

    _name = "smarter.subscription"
    _description = "Event subscription"
    _inherit = ["mail.thread", "mail.activity.mixin", "smarter.limited"]
    _auto = False
    _log_access = True
    _order = "name, id"
    _check_company_auto = True

    _smarter_limit = "automations"
    _smarter_counts = [("active", "=", True), ("target", "in", SIGNED_TARGETS)]

    name = fields.Char(required=True, tracking=True)
    target = fields.Selection(
        [
            ("n8n", "n8n"),
            ("chatwoot", "Chatwoot"),
            ("warehouse", "KPI warehouse"),
            ("webhook", "Signed webhook"),
        ],
        required=True,
        default="n8n",
    )
    url = fields.Char("URL", tracking=True, help="Address that receives the events, with https://")
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        tracking=True,
        help="Only the events of this company are sent. Empty: those of every company.",
    )
    patterns = fields.Text(
        "Event types",
        required=True,
        default="*",
        tracking=True,
        help="One per line: order.confirmed is one type, order.* a family, * all of them.",
    )
    filter_domain = fields.Char(
        "Filter", tracking=True, help="Only the events of records that match are sent."
    )
    batch_size = fields.Integer(
        required=True,
        default=1,
        help="Events in one request. 1 sends each on its own, which most receivers expect.",
    )
    config = JsonObject("Configuration", default=lambda self: {})
    user_id = fields.Many2one(
        "res.users",
        "Person in charge",
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
        help="Told once a day while there are dead deliveries.",
    )
    disabled_reason = fields.Char(readonly=True, copy=False)
    disabled_at = fields.Datetime("Disabled on", readonly=True, copy=False)
    author_id = fields.Many2one(
        "res.users",
        "Author of the filter",
        readonly=True,
        copy=False,
        help="The filter is evaluated with the rights of who last changed what it applies to.",
    )
    is_signed = fields.Boolean(compute="_compute_is_signed")

    @api.depends("target")
    def _compute_is_signed(self):
        for subscription in self:
            subscription.is_signed = subscription.target in SIGNED_TARGETS

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [{**self._normalised(vals), "author_id": self.env.uid} for vals in vals_list]
        subscriptions = super().create(vals_list)
        subscriptions._check_company_reach()
        subscriptions._ensure_keys()
        self.env["smarter.outbox"]._forget_watches()
        return subscriptions

    def write(self, vals):
        self._check_target_kept(vals)
        self._check_company_reach()
        vals = {name: value for name, value in vals.items() if name != "author_id"}
        if not AUTHORED.isdisjoint(vals):
            vals["author_id"] = self.env.uid
        result = super().write(self._normalised(vals))
        self._check_company_reach()
        if not WATCHED.isdisjoint(vals):
            self.env["smarter.outbox"]._forget_watches()
        return result

    def unlink(self):
        self._check_company_reach()
        self._forget_what_hangs_on_it()
        result = super().unlink()
        self.env["smarter.outbox"]._forget_watches()
        return result

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for vals, subscription in zip(vals_list, self, strict=True):
            vals["name"] = self.env._("%(name)s (copy)", name=subscription.name)
        return vals_list

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_deliveries(self):
        deliveries_sudo = self.env["smarter.delivery"].sudo()  # also those the user cannot see
        used_sudo = deliveries_sudo.search([("subscription_id", "in", self.ids)], limit=1)
        if used_sudo:
            raise UserError(
                self.env._(
                    "The subscription %(name)s has deliveries, which are the proof of what was "
                    "sent. Archive it instead: nothing more is sent, and its pending deliveries "
                    "wait until you activate it again.",
                    name=used_sudo.subscription_id.name,
                )
            )

    def _forget_what_hangs_on_it(self):
        for statement in DELETE_WITH_IT:
            self.env.cr.execute(statement, [list(self.ids)])

    @api.model
    def _normalised(self, vals):
        # The table refuses it too, but not in words.
        if "batch_size" in vals and not 1 <= (vals["batch_size"] or 0) <= BATCH_MAX:
            raise ValidationError(
                self.env._("A request may carry between 1 and %(limit)s events.", limit=BATCH_MAX)
            )
        if isinstance(vals.get("url"), str):
            vals = {**vals, "url": vals["url"].strip() or False}
        return vals

    def _check_target_kept(self, vals):
        if "target" in vals and any(sub.target != vals["target"] for sub in self):
            raise UserError(
                self.env._(
                    "The target of a subscription cannot change: what it already sent belongs to "
                    "the old one. Archive this subscription and create another."
                )
            )

    def _check_company_reach(self):
        """Refuse to touch what sends data of companies the user has no part in."""
        if self.env.su:
            return
        mine = self.env.user.company_ids
        all_companies_sudo = self.env["res.company"].sudo().search([])  # also those not seen
        for subscription_sudo in self.sudo():  # its company may be one the user cannot read
            if not subscription_sudo.company_id and all_companies_sudo - mine:
                raise AccessError(
                    self.env._(
                        "The subscription %(name)s covers every company, and you do not work in "
                        "all of them. Choose one of your companies, or ask somebody who has "
                        "access to all.",
                        name=subscription_sudo.name,
                    )
                )
            # Odoo applies its rules before a write, not to what the write made of the record.
            if subscription_sudo.company_id - mine:
                raise AccessError(
                    self.env._(
                        "The subscription %(name)s sends the data of a company you do not work "
                        "in. Choose one of yours.",
                        name=subscription_sudo.name,
                    )
                )

    @api.constrains("target", "url")
    def _check_url(self):
        for subscription in self:
            if not subscription.url:
                if subscription.target in URL_TARGETS:
                    raise ValidationError(self._url_message("missing", subscription))
            elif problem := url_problem(subscription.url):
                raise ValidationError(self._url_message(problem, subscription))

    @api.model
    def _url_message(self, problem, subscription):
        reasons = {
            "missing": self.env._("write the address that receives the events."),
            "long": self.env._("it is longer than 2,000 characters."),
            "syntax": self.env._("this is not an address. Write it as https://host/path."),
            "scheme": self.env._("it must start with https://."),
            "insecure": self.env._(
                "http:// is allowed only inside your own network. Use https://."
            ),
            "credentials": self.env._(
                "it holds a user or password, which anybody who sees it could use. Take it out."
            ),
            "fragment": self.env._("take out the part after #, which is never sent."),
        }
        return self.env._(
            "URL of the subscription %(name)s: %(reason)s",
            name=subscription.name,
            reason=reasons[problem],
        )

    @api.constrains("config", "target")
    def _check_config(self):
        for subscription in self:
            if problem := config_problem(subscription.target, subscription.config):
                raise ValidationError(self._config_message(*problem, subscription))

    @api.model
    def _config_message(self, key, problem, subscription):
        reasons = {
            "unknown": self.env._("this target does not know it."),
            "value": self.env._("its value is not valid."),
            "secret": self.env._(
                "Odoo stores no secrets. Write where the connector finds it: "
                "env:SMARTER_SECRET_NAME or file:/run/secrets/name."
            ),
        }
        return self.env._(
            "Setting '%(key)s' of the subscription %(name)s: %(reason)s",
            key=key,
            name=subscription.name,
            reason=reasons[problem],
        )
