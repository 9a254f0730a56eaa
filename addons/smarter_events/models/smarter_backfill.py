from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.service.model import retrying

from ..capture.standstill import hold_still
from ..capture.subscriptions import wanted_by
from ..capture.watch import is_awake
from ..types import SHIPPED
from .json_object import JsonObject

BATCH = 200

# What a person asks for; the rest says how far it has come, and is ours.
ASKED = frozenset({"subscription_id", "company_id"})


class SmarterBackfill(models.Model):
    """A request to capture existing records again, for one subscription.

    Each type is gone through by id, in the order in which types are shipped; ``cursor`` says how
    far, so that a stopped run goes on where it was.
    """

    _name = "smarter.backfill"
    _description = "Backfill of events"
    _auto = False
    _log_access = True
    _order = "id desc"

    subscription_id = fields.Many2one("smarter.subscription", required=True)
    company_id = fields.Many2one("res.company")
    state = fields.Selection(
        [("pending", "Pending"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")],
        default="pending",
        required=True,
        readonly=True,
    )
    cursor = JsonObject(default=lambda self: {}, readonly=True)
    captured = fields.Integer(readonly=True)
    error = fields.Text(readonly=True)

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [
                {name: value for name, value in vals.items() if name in ASKED} for vals in vals_list
            ]
        requests = super().create(vals_list)
        requests.subscription_id._check_company_reach()
        cron = self.env.ref("smarter_events.ir_cron_backfill", raise_if_not_found=False)
        if cron:
            cron.sudo()._trigger()  # whoever may ask for a backfill may have it begin now
        return requests

    @api.constrains("subscription_id", "company_id")
    def _check_company(self):
        for request in self:
            owner = request.subscription_id.company_id
            line_sudo = request.company_id.sudo().parent_ids  # itself, and others not seen
            if owner and line_sudo and owner not in line_sudo:
                raise ValidationError(
                    self.env._(
                        "The subscription %(name)s gets no records of %(company)s. Ask for those "
                        "of its own company.",
                        name=request.subscription_id.name,
                        company=request.company_id.name,
                    )
                )

    @api.model
    def _cron_backfill(self):
        """Work off open requests in batches, until done or out of time."""
        requests = self.search([("state", "in", ("pending", "running"))], order="id")
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(requests))
        for request in requests:
            # A batch that meets somebody's open change is tried again after it.
            while retrying(request._step, self.env):
                if not cron._commit_progress(1, remaining=1):
                    return
            if not cron._commit_progress(1):
                return

    def _step(self):
        """Capture one batch. Answer whether there may be more."""
        self.ensure_one()
        subscription_sudo = self.subscription_id.sudo()  # the request was allowed when it was made
        if not subscription_sudo.exists().active:
            self.write({"state": "failed", "error": self.env._("The subscription is not active.")})
            return False
        [wanted] = self.env["smarter.outbox"]._wanted_of(subscription_sudo)
        for declared in self._types(wanted):
            records = self._next_records(declared)
            if records:
                hold_still(self.env, declared.model, records.ids)
                self._capture(declared, records, wanted)
                return True
        self.write({"state": "done"})
        return False

    def _types(self, wanted):
        return [
            declared
            for declared in SHIPPED
            if declared.backfill is not None
            and is_awake(self.env, declared)
            and wanted_by([wanted], declared.name)
        ]

    def _next_records(self, declared):
        records_sudo = self.env[declared.model].sudo().with_context(active_test=False)
        last = self.cursor.get(declared.name, 0)
        domain = Domain(list(declared.backfill)) & Domain("id", ">", last)
        return records_sudo.search(domain, order="id", limit=BATCH)

    def _capture(self, declared, records, wanted):
        company_id = self.company_id.id or wanted.company_id
        narrowed = replace(wanted, company_id=company_id)
        count = self.env["smarter.outbox"]._emit_all(records, declared, "backfill", [narrowed])
        self.write(
            {
                "state": "running",
                "cursor": {**self.cursor, declared.name: records[-1].id},
                "captured": self.captured + count,
            }
        )
