import json

from odoo.addons.smarter_base.tests.common import SmarterCase, rut


class SubscriptionCase(SmarterCase):
    """Two companies, a person for each role in the first, and ways to make deliveries."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_company = cls.env["res.company"].create(
            {"name": "Otra Empresa", "country_id": cls.chile.id, "vat": rut(76543210)}
        )
        for role in ("viewer", "member", "admin", "owner"):
            setattr(cls, role, cls.user(f"smarter_base.group_{role}"))
        cls.everywhere = cls.user("smarter_base.group_owner")
        cls.everywhere.company_ids = cls.env["res.company"].search([])

    @classmethod
    def subscribe(cls, **values):
        values = {"name": "Pedidos", "url": "https://n8n.example.cl/webhook/odoo"} | values
        return cls.env["smarter.subscription"].create({"company_id": cls.company.id} | values)

    def enqueue(self, subscription, **values):
        """Store one event as the capture does, and return its delivery."""
        event = {
            "type": "order.confirmed",
            "model": "res.partner",
            "res_id": self.company.partner_id.id,
            "aggregate": f"sale.order/{self.count()}",
            "company_id": self.company.id,
            "rut": "77654321-7",
            "data": {"id": 1, "name": "S00001"},
            "subscriptions": [subscription.id],
        } | values
        self.env.cr.execute("SELECT smarteros.enqueue(%s)", [json.dumps([event])])
        [event_id] = self.env.cr.fetchone()[0]
        self.env.invalidate_all()
        return self.env["smarter.delivery"].search([("event_id", "=", event_id)])

    def count(self):
        self.env.cr.execute("SELECT count(*) FROM smarter_event")
        return self.env.cr.fetchone()[0]

    def settle(self, delivery, outcome, **answer):
        """Claim ``delivery`` and settle it, as the connector does."""
        protocol = self.env["smarter.subscription"]._call_protocol
        claimed = protocol("claim", {"subscriptions": delivery.subscription_id.ids})
        [lease] = [one["lease"] for one in claimed["deliveries"] if one["id"] == delivery.id]
        protocol("settle", [{"id": delivery.id, "lease": lease, "outcome": outcome} | answer])

    def dead_delivery(self, subscription, **values):
        delivery = self.enqueue(subscription, **values)
        self.settle(delivery, "dead", status="422", answer="No")
        return delivery

    def keys(self, subscription):
        """Return the stored keys, newest first, as (secret, still without end)."""
        self.env.cr.execute(
            "SELECT secret, expires_at IS NULL FROM smarter_subscription_key"
            " WHERE subscription_id = %s ORDER BY id DESC",
            [subscription.id],
        )
        return self.env.cr.fetchall()
