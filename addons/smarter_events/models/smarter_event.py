from odoo import fields, models

from smarter_domain.outbox import install_statements


class SmarterEvent(models.Model):
    """A business event as it was captured. Rows are written by ``smarteros.enqueue`` alone.

    Its ``init`` makes the tables of all the models here that have ``_auto = False``.
    """

    _name = "smarter.event"
    _description = "Business event"
    _auto = False
    _log_access = False
    _order = "id desc"
    _rec_name = "type"

    uid = fields.Char("Event id", readonly=True)
    type = fields.Char(readonly=True)
    schema_version = fields.Integer(readonly=True)
    model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference("Record", model_field="model", readonly=True)
    aggregate = fields.Char(
        readonly=True, help="Model and id of the record: events of one aggregate keep their order."
    )
    company_id = fields.Many2one("res.company", readonly=True)
    rut = fields.Char("RUT", readonly=True)
    epoch = fields.Integer(readonly=True)
    occurred_at = fields.Datetime(readonly=True)
    data = fields.Json(readonly=True)
    previous = fields.Json(readonly=True)
    state = fields.Selection([("ready", "Ready"), ("dead", "Dead")], readonly=True)
    error = fields.Text(readonly=True)
    origin = fields.Selection(
        [("capture", "Captured"), ("emit", "Emitted"), ("backfill", "Backfill"), ("test", "Test")],
        readonly=True,
    )
    create_uid = fields.Many2one("res.users", "Caused by", readonly=True)
    delivery_ids = fields.One2many("smarter.delivery", "event_id", "Deliveries", readonly=True)

    def init(self):
        for statement in install_statements():
            self.env.cr.execute(statement)
