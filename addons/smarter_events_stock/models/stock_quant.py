from odoo import models
from odoo.addons.smarter_events.capture.deletion import note_before_delete, note_deleted
from odoo.addons.smarter_events.capture.notes import note_changed, watch_of
from odoo.addons.smarter_events.capture.watch import stored_values
from odoo.tools import SQL


class StockQuant(models.Model):
    """Odoo merges the quants of one place in SQL, past the doors of the capture."""

    _inherit = "stock.quant"

    def _merge_quants(self):
        watch = watch_of(self)
        if watch is None:
            return super()._merge_quants()
        self.env.flush_all()
        kept, gone = self._smarter_duplicates()
        doomed = note_before_delete(gone, watch) if gone else []
        before = stored_values(self.env.cr, watch, kept.ids)
        result = super()._merge_quants()
        # Noted only now: the merge opens a savepoint, at which what is noted is compared and
        # forgotten. If it failed, the comparison at the next flush finds nothing.
        note_changed(kept, watch, before)
        note_deleted(doomed)
        return result

    def _smarter_duplicates(self):
        """The quants that a merge keeps (the first of each place) and those that it deletes."""
        scope = SQL("TRUE")
        if self._ids:
            locations, products = self.location_id.ids, self.product_id.ids
            scope = SQL("location_id = ANY(%s) AND product_id = ANY(%s)", locations, products)
        rows = self.env.execute_query(
            SQL(
                "SELECT array_agg(id ORDER BY id) FROM stock_quant WHERE %s GROUP BY product_id,"
                " company_id, location_id, lot_id, package_id, owner_id HAVING count(*) > 1",
                scope,
            )
        )
        places = [ids for (ids,) in rows]
        kept, gone = [ids[0] for ids in places], [id_ for ids in places for id_ in ids[1:]]
        return self.browse(kept), self.browse(gone)
