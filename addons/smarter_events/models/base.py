from odoo import api, models

from ..capture.deletion import note_before_delete, note_deleted
from ..capture.notes import note_created, note_written, watch_of


class Base(models.AbstractModel):
    """Every stored change passes one of these doors; each asks the map once and notes little."""

    _inherit = "base"

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        watch = watch_of(records)
        if watch is not None:
            note_created(records, watch)
        return records

    def _write_multi(self, vals_list):
        watch = watch_of(self)
        if watch is not None:
            note_written(self, vals_list, watch)
        return super()._write_multi(vals_list)

    def unlink(self):
        watch = watch_of(self)
        if watch is None or not self:
            return super().unlink()
        doomed = note_before_delete(self, watch)
        result = super().unlink()
        note_deleted(doomed)
        return result
