from odoo import api, models
from odoo.tools import ormcache

from ..capture.declaration import Declaration
from ..capture.documents import Firing, build_documents
from ..capture.outbox import store, wake_after_commit
from ..capture.senders import read_senders
from ..capture.subscriptions import read_wanted, wanted_by
from ..capture.triggers import Change, Created
from ..capture.watch import Route, build_watches
from ..types import BY_NAME, SHIPPED


class SmarterOutbox(models.AbstractModel):
    """The outbox as the addons see it: what is captured, and what is emitted by hand."""

    _name = "smarter.outbox"
    _description = "Outbox"

    # -- what is in memory ---------------------------------------------------------------------

    @api.model
    @ormcache(cache="stable")
    def _wanted(self):
        """The active subscriptions."""
        return tuple(read_wanted(self.env.cr))

    @api.model
    @ormcache(cache="stable")
    def _watches(self):
        """The map of the capture: model name -> :class:`Watch`. Empty when nobody subscribes."""
        wanted = self._wanted()
        return build_watches(self.env, self._declarations(), wanted) if wanted else {}

    @api.model
    def _declarations(self):
        """Shipped types; those made by administrators come with ``smarter.event.type``."""
        return SHIPPED

    @api.model
    @ormcache(cache="stable")
    def _senders(self):
        tenant = self.env["smarter.tenant"]._identity()
        return read_senders(self.env.cr, tenant.rut or "")

    @api.model
    def _sender(self, company_id):
        """In whose name events of ``company_id`` (None: shared records) leave."""
        senders = self._senders()
        return senders.get(company_id) or senders[None]

    @api.model
    def _forget_watches(self):
        """Subscriptions or types have changed: every worker reads them anew."""
        for model in ("smarter.subscription", "smarter.event.type"):
            self.env[model].flush_model()
        self.env.registry.clear_cache("stable")

    # -- emitting by hand ----------------------------------------------------------------------

    @api.model
    def _emit(self, record, type_name, data=None):
        """Store one event about ``record`` now, in this transaction.

        ``data`` is the payload as JSON values; without it the shipped builder of ``type_name``
        makes it. The same type about the same record again replaces the first. Answers whether
        any subscription gets it.
        """
        record.ensure_one()
        subscriptions = wanted_by(self._wanted(), type_name)
        if not subscriptions or not self.env.registry.ready:
            return False
        declared = BY_NAME.get(type_name)
        if data is not None:
            declared = Declaration(
                name=type_name,
                model=record._name,
                trigger=Created(),
                build=lambda batch: {record.id: data},
            )
        env = self.env(su=True, context={})
        env.flush_all()
        change = Change(record._name, record.id, self.env.uid)
        firing = Firing(Route(declared, subscriptions, 0), change)
        documents = build_documents(env, [firing], origin="emit")
        store(env.cr, documents)
        return bool(documents)

    # -- state ---------------------------------------------------------------------------------

    @api.model
    def _sync_tenant(self):
        """Write the tenant's identity where the protocol reads it."""
        tenant = self.env["smarter.tenant"]._identity()
        self.env.cr.execute(
            "UPDATE smarter_outbox_state SET tenant_rut = %s, tenant_name = %s, tenant_slug = %s,"
            " tenant_plan = %s, tenant_status = %s",
            [tenant.rut or "", tenant.name, tenant.slug, tenant.plan, tenant.status],
        )

    @api.model
    def _raise_epoch(self, reason):
        """Begin a new epoch and hand out nothing until :meth:`_release`.

        For a restored database: its numbers start over from the dump, and receivers may already
        have versions of the lost future. A higher epoch outranks all of them.
        """
        self.env.cr.execute(
            "UPDATE smarter_outbox_state SET epoch = epoch + 1, held = true, held_reason = %s",
            [reason],
        )

    @api.model
    def _hold(self, reason):
        """Hand out nothing until :meth:`_release`; capture goes on."""
        self.env.cr.execute(
            "UPDATE smarter_outbox_state SET held = true, held_reason = %s", [reason]
        )

    @api.model
    def _wake_up(self):
        """Call the connector once this transaction has committed."""
        wake_after_commit(self.env.cr)

    @api.model
    def _release(self):
        """Hand out again what was held, and wake the connector."""
        self.env.cr.execute("UPDATE smarter_outbox_state SET held = false, held_reason = NULL")
        self._wake_up()
