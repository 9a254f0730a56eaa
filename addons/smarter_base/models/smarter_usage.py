from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from smarter_domain.plans import Limit, Plan, next_plan_allowing

from .limited import OF_ODOO

NEAR = 80  # percent: from here a person should know
SANTIAGO = pytz.timezone("America/Santiago")
MEBIBYTE = 1024 * 1024

# Electronic documents a business issues, by the SII's codes: invoices and receipts (also exempt and
# of export), liquidación-factura, debit and credit notes.
ELECTRONIC = ("33", "34", "39", "41", "43", "56", "61", "110", "111", "112")
ISSUED = ("out_invoice", "out_refund", "out_receipt")

# Attachments share files: each is counted once.
FILES_SIZE = """
    SELECT COALESCE(sum(size), 0) FROM (
        SELECT max(file_size) AS size FROM ir_attachment
         WHERE store_fname IS NOT NULL GROUP BY store_fname) AS files
"""


class SmarterUsage(models.Model):
    """How much the tenant uses of each limit of its plan: one row for each limit."""

    _name = "smarter.usage"
    _description = "Use of the plan"
    _order = "id"

    code = fields.Selection(
        [
            ("users", "Users"),
            ("stores", "Stores"),
            ("automations", "Automations"),
            ("e_invoices", "Electronic documents"),
            ("storage", "Storage"),
            ("api_calls", "API calls"),
            ("webhooks", "Webhooks"),
        ],
        "Limit",
        required=True,
        readonly=True,
    )
    turn = fields.Integer(
        default=0,
        required=True,
        readonly=True,
        help="Raised by everything that adds to this limit.",
    )
    measured = fields.Float(readonly=True, help="Last measurement, in MB.")
    measured_at = fields.Datetime("Measured on", readonly=True)
    warned = fields.Char(readonly=True, help="The last warning given, not to repeat it.")

    used = fields.Float("Amount used", compute="_compute_used")
    used_text = fields.Char("Used", compute="_compute_texts")
    allowed_text = fields.Char("Included", compute="_compute_texts")
    percent = fields.Float("%", compute="_compute_percent")
    level = fields.Selection(
        [("fine", "Fine"), ("near", "Almost full"), ("full", "Full")], compute="_compute_percent"
    )
    rule_text = fields.Char("When it is full", compute="_compute_texts")

    _code_uniq = models.Constraint("UNIQUE (code)", "This limit already has its row.")

    def _register_hook(self):
        super()._register_hook()
        for name, (limit, domain) in OF_ODOO.items():
            if name in self.env:
                model_class = self.pool[name]
                model_class._smarter_limit, model_class._smarter_counts = limit, domain

    # -- what is used ---------------------------------------------------------------------------

    def _compute_used(self):
        for usage in self:
            usage.used = usage._count()

    def _compute_percent(self):
        terms = self._terms()
        for usage in self:
            most = terms.limit(usage.code)
            usage.percent = 100 * usage.used / most if most else 0
            over = most is not None and usage.used > most
            full = over or usage.percent >= 100
            usage.level = "full" if full else "near" if usage.percent >= NEAR else "fine"

    def _compute_texts(self):
        terms = self._terms()
        for usage in self:
            usage.used_text = usage._amount(usage.used) if usage._is_counted() else "—"
            usage.allowed_text = usage._allowance(terms.limit(usage.code))
            usage.rule_text = usage._rule()

    def _is_counted(self):
        return self.code not in ("api_calls", "webhooks")  # counted outside of Odoo

    def _amount(self, number):
        """Write ``number`` of this limit as people read it."""
        if self.code == "storage" and number >= 1024:
            return f"{round(number / 1024, 1):g} GB".replace(".", self._decimal_point())
        digits = self.env["ir.qweb.field.integer"].value_to_html(round(number), {})
        return f"{digits} MB" if self.code == "storage" else digits

    def _decimal_point(self):
        return self.env["res.lang"]._get_data(code=self.env.lang).decimal_point or "."

    def _allowance(self, most):
        if most is None:
            return self.env._("No limit")
        amount = self._amount(most)
        periods = {
            "e_invoices": self.env._("%s a month", amount),
            "api_calls": self.env._("%s a minute", amount),
            "webhooks": self.env._("%s an hour", amount),
        }
        return periods.get(self.code, amount)

    def _rule(self):
        if Limit(self.code).refuses:
            return self.env._("No more can be added.")
        return {
            "api_calls": self.env._("Answered with 429."),
            "webhooks": self.env._("They wait; none is lost."),
        }.get(self.code) or self.env._("You are told. Nothing is blocked.")

    def _count(self):
        """Return how much of this limit is used now; storage in MB, as last measured."""
        if Limit(self.code).refuses:
            return self._count_limited(self.code)
        return self._count_e_invoices() if self.code == "e_invoices" else self.measured

    @api.model
    def _count_limited(self, code):
        limited = [name for name, model in self.pool.items() if model._smarter_limit == code]
        return sum(
            self.env[name]._smarter_count() for name in limited if not self.pool[name]._abstract
        )

    @api.model
    def _count_e_invoices(self):
        """Count the electronic documents issued this month (of Santiago), by all companies."""
        first = self._today().replace(day=1)
        moves_sudo = self.env["account.move"].sudo()  # a number, for whoever may see the plan
        return moves_sudo.search_count(
            [
                ("state", "=", "posted"),
                ("move_type", "in", ISSUED),
                ("l10n_latam_document_type_id.code", "in", ELECTRONIC),
                ("l10n_latam_document_type_id.country_id.code", "=", "CL"),
                ("invoice_date", ">=", first),
                ("invoice_date", "<", (first + timedelta(days=32)).replace(day=1)),
            ]
        )

    @api.model
    def _today(self):
        return pytz.utc.localize(fields.Datetime.now()).astimezone(SANTIAGO).date()

    @api.model
    def _terms(self):
        return Plan(self.env["smarter.tenant"]._identity().plan).terms

    # -- limits that refuse ---------------------------------------------------------------------

    @api.model
    def _check_plan(self, code, added):
        """Refuse what was just added (``added`` records) when the plan does not include it.

        A tenant that is being prepared has no limits, nor has a module that is being installed.
        """
        identity = self.pool.ready and self.env["smarter.tenant"]._identity()
        if not identity or identity.status == "provisioning":
            return
        plan = Plan(identity.plan)
        if plan.terms.limit(code) is None:
            return
        self._take_turn(code)
        used = self._count_limited(code)
        if not plan.terms.allows(code, used):
            raise ValidationError(self._refusal(code, plan, used, added))

    @api.model
    def _take_turn(self, code):
        """Let one transaction at a time add to a limit.

        Odoo's transactions do not see what others commit after they began: a mere lock would let
        the second one count without the first. Writing the same row makes PostgreSQL refuse the
        second, and Odoo runs it again.
        """
        self.env.cr.execute(
            "INSERT INTO smarter_usage (code, turn) VALUES (%s, 1)"
            " ON CONFLICT (code) DO UPDATE SET turn = smarter_usage.turn + 1",
            [code],
        )

    @api.model
    def _refusal(self, code, plan, used, added):
        things = {
            "users": self.env._("users"),
            "stores": self.env._("stores"),
            "automations": self.env._("active automations"),
        }
        return self.env._(
            "The plan %(plan)s includes %(most)s %(things)s: %(used)s in use, %(added)s more asked "
            "for. %(advice)s",
            plan=self._plan_label(plan),
            most=plan.terms.limit(code),
            things=things[code],
            used=used - added,
            added=added,
            advice=self._advice(code, next_plan_allowing(code, used)),
        )

    @api.model
    def _advice(self, code, better):
        if better is None:
            return self.env._("No plan includes that many.")
        most = better.terms.limit(code)
        return self.env._(
            "The plan %(plan)s includes %(most)s. Ask SmarterOS support for it, or archive what is "
            "no longer used.",
            plan=self._plan_label(better),
            most=self.env._("any number") if most is None else most,
        )

    @api.model
    def _plan_label(self, plan):
        labels = self.env["smarter.tenant"]._fields["plan"]._description_selection(self.env)
        return dict(labels)[plan.value]
