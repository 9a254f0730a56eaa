from odoo import api, models
from odoo.fields import Domain

# Models of Odoo's own that count too when they are installed: name -> (limit, domain).
OF_ODOO = {"base.automation": ("automations", [("active", "=", True)])}


class SmarterLimited(models.AbstractModel):
    """For models of which the tenant's plan allows so many.

    Who inherits this says which limit (``_smarter_limit``: a code of
    :class:`smarter_domain.plans.Limit` that refuses) and which records count
    (``_smarter_counts``: a domain over stored fields of the model). Creating a record that counts,
    or making one count, is refused when the plan is full; nobody's rights are an exception.
    """

    _name = "smarter.limited"
    _description = "Limited by the plan"

    _smarter_limit = None
    _smarter_counts = [("active", "=", True)]


class Base(models.AbstractModel):
    """The two doors through which a record begins to count: its creation, and a flush.

    Everything the ORM stores passes here, also what another model's write recomputes (a group
    that turns portal users into internal ones).
    """

    _inherit = "base"

    _smarter_limit = None
    _smarter_counts = []

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if self._smarter_limit and records:
            self.flush_model(self._smarter_decisive())  # some are computed, some just written
            self._smarter_check_added(records._smarter_counted_ids())
        return records

    def _write_multi(self, vals_list):
        if not self._smarter_limit or not self._smarter_may_count(vals_list):
            return super()._write_multi(vals_list)
        before = self._smarter_counted_ids()
        super()._write_multi(vals_list)
        self._smarter_check_added(self._smarter_counted_ids() - before)
        return None

    @api.model
    def _smarter_decisive(self):
        return {term.field_expr for term in Domain(self._smarter_counts).iter_conditions()}

    @api.model
    def _smarter_may_count(self, vals_list):
        decisive = self._smarter_decisive()
        return any(not decisive.isdisjoint(vals) for vals in vals_list)

    @api.model
    def _smarter_check_added(self, added):
        if added:
            self.env["smarter.usage"]._check_plan(self._smarter_limit, len(added))

    def _smarter_counted_ids(self):
        query = self._smarter_count_query(Domain("id", "in", self.ids))
        self.env.cr.execute(query.select())
        return {record_id for (record_id,) in self.env.cr.fetchall()}

    @api.model
    def _smarter_count(self):
        """Return how many stored records of this model count."""
        query = self._smarter_count_query(Domain.TRUE)
        self.env.cr.execute(query.select("count(*)"))
        return self.env.cr.fetchone()[0]

    @api.model
    def _smarter_count_query(self, domain):
        # Run by the cursor, not by the environment: this is asked in the middle of a flush, which
        # must not begin another. Records the user cannot see count as well.
        domain &= Domain(self._smarter_counts)
        return self._search(domain, active_test=False, bypass_access=True)
