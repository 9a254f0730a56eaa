import json

from odoo.tests import TransactionCase, new_test_user

from smarter_domain.events.catalogue import check_data

RUT = "77654321-7"


class CaptureCase(TransactionCase):
    """A tenant with one subscription to everything; people work as ordinary users."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.cr.execute("DELETE FROM smarter_event")
        cls.env.cr.execute("DELETE FROM smarter_subscription")
        cls.env["smarter.tenant"]._provision(RUT, "Comercial Ejemplo SpA", "ejemplo", "enterprise")
        cls.company = cls.env.ref("base.main_company")
        cls.clerk = new_test_user(cls.env, "clerk", cls.clerk_groups())
        cls.everything = cls.subscribe("*")
        cls.clear_events()

    @classmethod
    def clerk_groups(cls):
        groups = ["base.group_user", "base.group_partner_manager", "smarter_base.group_member"]
        optional = (
            "sales_team.group_sale_manager",
            "account.group_account_invoice",
            "account.group_validate_bank_account",
            "stock.group_stock_manager",
            "purchase.group_purchase_user",
            "point_of_sale.group_pos_user",
            "product.group_product_manager",
        )
        return ",".join(groups + [one for one in optional if cls.env.ref(one, False)])

    @classmethod
    def subscribe(cls, patterns, **values):
        values = {"name": patterns, "target": "n8n", "url": "https://n.example/h"} | values
        values["patterns"] = patterns
        cls.env.cr.execute(
            f"INSERT INTO smarter_subscription ({', '.join(values)})"
            f" VALUES ({', '.join(['%s'] * len(values))}) RETURNING id",
            list(values.values()),
        )
        cls.env["smarter.outbox"]._forget_watches()
        return cls.env.cr.fetchone()[0]

    @classmethod
    def use_dollars(cls):
        """US dollars at 1,000 pesos each."""
        dollars = cls.env.ref("base.USD")
        dollars.active = True
        dollars.rate_ids.unlink()
        cls.env["res.currency.rate"].create(
            {"currency_id": dollars.id, "name": "2020-01-01", "rate": 0.001}
        )
        return dollars

    @classmethod
    def clear_events(cls):
        cls.env.cr.flush()
        cls.env.cr.execute("DELETE FROM smarter_event")

    @classmethod
    def next_transaction(cls):
        """As if what came before had been committed: another transaction id, nothing in memory."""
        cls.env.cr.flush()
        cls.env.cr.execute("UPDATE smarter_event SET tx = '1'::xid8, epoch = -id")
        cls.env.cr.postcommit.clear()

    @classmethod
    def user_env(cls):
        return cls.env(user=cls.clerk)

    def rows(self, *names, where="true"):
        self.env.cr.flush()
        columns = ", ".join(names)
        query = f"SELECT {columns} FROM smarter_event WHERE {where} ORDER BY id"
        self.env.cr.execute(query)  # pylint: disable=sql-injection  # the tests' own words
        return self.env.cr.fetchall()

    def types(self, record=None, family=""):
        """Types of the stored events, in order; all, or those about ``record``."""
        rows = self.rows("type", "aggregate")
        wanted = record and f"{record._name}/{record.id}"
        return [
            type_
            for type_, aggregate in rows
            if (not record or aggregate == wanted) and type_.startswith(family)
        ]

    def event(self, type_, record=None):
        """The one event of this type; its data must be what the catalogue says."""
        where = f"type = '{type_}'"
        if record:
            where += f" AND aggregate = '{record._name}/{record.id}'"
        rows = self.rows("data", "previous", "state", "error", "rut", "company_id", where=where)
        self.assertEqual(len(rows), 1, f"{type_}: {rows}")
        data, previous, state, error, rut, company_id = rows[0]
        self.assertEqual((state, error), ("ready", None))
        self.assertEqual(check_data(type_, data, strict=True), [], json.dumps(data))
        return {"data": data, "previous": previous, "rut": rut, "company_id": company_id}

    def deliveries(self, *names, where="true"):
        self.env.cr.flush()
        columns = ", ".join(names)
        query = f"SELECT {columns} FROM smarter_delivery WHERE {where} ORDER BY id"
        self.env.cr.execute(query)  # pylint: disable=sql-injection  # the tests' own words
        return self.env.cr.fetchall()
