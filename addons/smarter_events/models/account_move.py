from datetime import datetime

from odoo import api, fields, models

from ..capture.values import SANTIAGO
from ..types.invoice import INVOICES, OVERDUE

BATCH = 200


class AccountMove(models.Model):
    _inherit = "account.move"

    # A new due date makes the invoice due again: it is told once for each.
    smarter_overdue_for = fields.Date(
        "Told overdue for", copy=False, readonly=True, index="btree_not_null"
    )

    @api.model
    def _cron_smarter_overdue(self):
        """Tell of invoices whose due date has passed in Chile, once for each due date."""
        cron = self.env["ir.cron"]
        today = datetime.now(SANTIAGO).date()
        while told := self._smarter_tell_overdue(today):
            if not cron._commit_progress(told, remaining=int(told == BATCH)):
                break

    @api.model
    def _smarter_tell_overdue(self, today):
        """Emit a batch of ``invoice.overdue``; answer how many invoices were told of."""
        outbox = self.env["smarter.outbox"]
        if not outbox._is_wanted(OVERDUE.name):
            return 0
        moves_sudo = self.sudo()  # every company's invoices, whoever runs the check
        due = moves_sudo.browse(self._smarter_overdue_ids(today)).try_lock_for_update()
        if due:
            outbox._emit_all(due, OVERDUE)
            self.env.cr.execute(
                "UPDATE account_move SET smarter_overdue_for = invoice_date_due"
                " WHERE id = ANY (%s)",
                [due.ids],
            )
            due.invalidate_recordset(["smarter_overdue_for"])
        return len(due)

    @api.model
    def _smarter_overdue_ids(self, today):
        self.flush_model()
        # In SQL, because a domain cannot compare two columns.
        self.env.cr.execute(
            """
            SELECT id FROM account_move
            WHERE move_type = ANY (%s) AND state = 'posted' AND amount_residual > 0
                AND payment_state IN ('not_paid', 'partial') AND invoice_date_due < %s
                AND smarter_overdue_for IS DISTINCT FROM invoice_date_due
            ORDER BY id LIMIT %s
            """,
            [list(INVOICES), today, BATCH],
        )
        return [id_ for (id_,) in self.env.cr.fetchall()]
