from odoo import api, fields, models

from .smarter_usage import FILES_SIZE, MEBIBYTE

WARNING_TYPES = {
    "e_invoices": "smarter_base.activity_type_e_invoices",
    "storage": "smarter_base.activity_type_storage",
}


class SmarterUsage(models.Model):
    """Limits that only warn: measured once a day, told to the owners at 80 and at 100 %."""

    _inherit = "smarter.usage"

    @api.model
    def _cron_measure(self):
        usages = self.search([("code", "in", list(WARNING_TYPES))])
        usages.filtered(lambda usage: usage.code == "storage")._measure_storage()
        for usage in usages:
            usage._warn_owners()

    def _measure_storage(self):
        """Take the size of the database and of its files, in MB."""
        self.env.cr.execute("SELECT pg_database_size(current_database())")
        [database] = self.env.cr.fetchone()
        self.env.cr.execute(FILES_SIZE)
        [files] = self.env.cr.fetchone()
        size = (database + int(files)) / MEBIBYTE
        self.write({"measured": size, "measured_at": fields.Datetime.now()})

    def _warn_owners(self):
        """Give each owner an activity when a level is reached, once a month and level."""
        state = "" if self.level == "fine" else f"{self._today():%Y-%m} {self.level}"
        if state == (self.warned or ""):
            return
        self.warned = state
        tenant = self.env["smarter.tenant"]._current()
        tenant.activity_unlink([WARNING_TYPES[self.code]])
        if state:
            for owner in self._owners():
                self.with_context(lang=owner.lang)._warn(tenant, owner)

    def _warn(self, tenant, owner):
        tenant.activity_schedule(
            WARNING_TYPES[self.code],
            user_id=owner.id,
            summary=self.env._(
                "%(limit)s: %(used)s used; the plan includes %(allowed)s",
                limit=dict(self._fields["code"]._description_selection(self.env))[self.code],
                used=self.used_text,
                allowed=self.allowed_text,
            ),
            note=self.env._(
                "Nothing is blocked. A larger plan includes more: ask SmarterOS support."
            ),
        )

    @api.model
    def _owners(self):
        owners = self.env.ref("smarter_base.group_owner").all_user_ids
        return owners.filtered(lambda user: user.active and not user._is_superuser())
