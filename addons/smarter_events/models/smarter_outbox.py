import json
from dataclasses import replace

import psycopg2

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import ormcache

from ..capture.custom import read_custom
from ..capture.declaration import Declaration
from ..capture.documents import Firing, build_documents
from ..capture.outbox import dumped, store, wake_after_commit
from ..capture.senders import read_senders
from ..capture.subscriptions import Wanted, read_wanted, wanted_by
from ..capture.triggers import Change, Created
from ..capture.watch import Route, build_watches
from ..types import SHIPPED


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
    def _wanted_of(self, subscriptions):
        return [one for one in self._wanted() if one.id in subscriptions._ids]

    @api.model
    @ormcache(cache="stable")
    def _watches(self):
        """The map of the capture: model name -> :class:`Watch`. Empty when nobody subscribes."""
        wanted = self._wanted()
        return build_watches(self.env, self._declarations(), wanted) if wanted else {}

    @api.model
    def _declarations(self):
        """Shipped types, then those made by administrators."""
        return (*SHIPPED, *read_custom(self.env))

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
        registry = self.env.registry
        registry.clear_cache("stable")
        # Another thread may remember the old ones again before they are replaced by the commit.
        self.env.cr.postcommit.add(lambda: registry.clear_cache("stable"))

    # -- emitting by hand ----------------------------------------------------------------------

    @api.model
    def _is_wanted(self, type_name):
        """Whether any active subscription wants this type."""
        return bool(wanted_by(self._wanted(), type_name))

    @api.model
    def _emit(self, record, type_name, data=None):
        """Store one event about ``record`` now, in this transaction.

        ``data`` is the payload as JSON values; without it the shipped builder of ``type_name``
        makes it. The same type about the same record again replaces the first. Answers whether
        any subscription gets it.
        """
        record.ensure_one()
        if data is not None:
            declared = Declaration(
                name=type_name,
                model=record._name,
                trigger=Created(),
                build=lambda batch: {record.id: data},
            )
        else:
            declared = self._declared(type_name, record._name)
        return bool(self._emit_all(record, declared))

    @api.model
    def _tell_again(self, record, type_name):
        """Store the shipped event ``type_name`` of what the capture cannot see to have changed."""
        self._emit_all(record, self._declared(type_name, record._name), origin="capture")

    @api.model
    def _emit_all(self, records, declared, origin="emit", wanted=None):
        """Store one event of a declared type about each record; answer how many were stored.

        ``wanted`` narrows the subscriptions; without it all that want the type get it.
        """
        subscriptions = wanted_by(self._wanted() if wanted is None else wanted, declared.name)
        if not subscriptions or not self.env.registry.ready:
            return 0
        env = self.env(su=True, context={})
        env.flush_all()
        route = Route(replace(declared, when=None), subscriptions, 0)
        firings = [Firing(route, self._as_change(record)) for record in records]
        documents = build_documents(env, firings, origin=origin)
        store(env.cr, documents)
        return len(documents)

    @api.model
    def _as_change(self, record):
        return Change(record._name, record.id, self.env.uid)

    @api.model
    def _declared(self, type_name, model):
        """The type of this name on this model, shipped or made by an administrator."""
        for declared in self._declarations():
            if (declared.name, declared.model) == (type_name, model):
                return declared
        raise UserError(
            self.env._(
                "There is no event type %(type)s for %(model)s.", type=type_name, model=model
            )
        )

    @api.model
    def _rebuild(self, events):
        """Build the payloads of dead events anew, of the records as they are now.

        An event whose payload fails again, or whose record is gone, stays dead and says why.
        """
        for event in events.sudo().filtered(lambda event: event.state == "dead"):
            document = self._with_figures(json.loads(dumped(self._rebuilt(event))))
            self.env.cr.execute(
                "UPDATE smarter_event SET data = %s::jsonb, state = %s, error = %s WHERE id = %s",
                [
                    json.dumps(document.get("data", {})),
                    document.get("state", "ready"),
                    document.get("error"),
                    event.id,
                ],
            )
        events.invalidate_recordset()

    @api.model
    def _with_figures(self, document):
        """The document with its customer's figures in its data; dead if they cannot be read."""
        if document.get("state") == "dead" or not document.get("customer"):
            return document
        customer = json.dumps(document["customer"])
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute("SELECT smarteros.customer_figures(%s)", [customer])
                [figures] = self.env.cr.fetchone()
        except psycopg2.OperationalError:
            raise  # of this moment, not of the record: Odoo tries the whole call again
        except psycopg2.Error as failure:
            return {"state": "dead", "error": failure.diag.message_primary or str(failure)}
        return document | {"data": document["data"] | (figures or {})}

    @api.model
    def _rebuilt(self, event):
        record = self.env[event.model].sudo().browse(event.res_id).exists()
        if not record:
            return {"state": "dead", "error": self.env._("The record was deleted.")}
        env = self.env(su=True, context={})
        env.flush_all()
        declared = self._declared(event.type, event.model)
        # It did fire once: what is asked of a change (``when``) is not asked again.
        route = Route(replace(declared, when=None), (Wanted(0, ("*",)),), 0)
        documents = build_documents(env, [Firing(route, self._as_change(record))])
        store(env.cr, [])
        return (
            documents[0]
            if documents
            else {"state": "dead", "error": self.env._("It no longer applies.")}
        )

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
