from odoo import SUPERUSER_ID, api, models

# Jobs that go on while the tenant is suspended: they tidy up and measure, and send nothing.
ESSENTIAL = ("base.autovacuum_job", "smarter_base.ir_cron_measure")


class IrCron(models.Model):
    """Scheduled actions rest while the tenant is suspended or deleted: nothing is sent or invoiced.

    A resting job keeps its date and its triggers, so it runs soon after the tenant is active again.
    """

    _inherit = "ir.cron"

    @classmethod
    def _process_job(cls, cron_cr, job):
        env = api.Environment(cron_cr, SUPERUSER_ID, {})
        if not env["ir.cron"].browse(job["id"])._smarter_rests():
            super()._process_job(cron_cr, job)

    def _smarter_rests(self):
        if self.env["smarter.tenant"]._identity().status not in ("suspended", "deleted"):
            return False
        ids = [self.env["ir.model.data"]._xmlid_to_res_id(xmlid) for xmlid in ESSENTIAL]
        return self.id not in ids
