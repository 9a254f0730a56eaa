import json

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from smarter_domain.outbox import PROTOCOL_FUNCTIONS

from .common_ui import SubscriptionCase

PRIVATE = {
    "smarter.outbox": ("_emit", "_protocol", "_release", "_raise_epoch", "_hold", "_senders"),
    "smarter.subscription": ("_renew_key", "_store_key", "_call_protocol"),
    "smarter.delivery": ("_replay", "_check_may_replay"),
    "smarter.event": ("init", "_cron_purge", "_purge", "_readable"),
    "smarter.event.type": ("_follow_authors", "_as_author"),
    "smarter.backfill": ("_cron_backfill", "_step", "_capture"),
    "smarter.tenant": ("_provision", "_identity"),
}


@tagged("post_install", "-at_install")
class TestAttack(SubscriptionCase, HttpCase):
    """What somebody with an account at one company tries over HTTP against another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner.group_ids += cls.env.ref("base.group_allow_export")
        cls.mine = cls.subscribe(name="Mía")
        cls.theirs = cls.subscribe(name="Ajena", company_id=cls.other_company.id)
        cls.type_of_theirs = cls.env["smarter.event.type"].create(
            {
                "name": "Ajeno",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "trigger": "created",
                "field_ids": [(6, 0, cls.env["ir.model.fields"]._get("res.partner", "name").ids)],
                "company_id": cls.other_company.id,
            }
        )
        cls.request_of_theirs = cls.env["smarter.backfill"].create(
            {"subscription_id": cls.theirs.id, "company_id": cls.other_company.id}
        )

    def setUp(self):
        super().setUp()
        self.delivery = self.dead_delivery(
            self.theirs, company_id=self.other_company.id, data={"id": 1, "name": "SECRETO"}
        )
        self.everything_of_theirs = (
            self.theirs,
            self.delivery,
            self.delivery.event_id,
            self.type_of_theirs,
            self.request_of_theirs,
        )

    def call(self, person, model, method, *args, **kwargs):
        """Call over JSON-RPC as ``person``; answer the server's whole reply."""
        password = person.login + "x" * (8 - len(person.login))
        arguments = [self.env.cr.dbname, person.id, password, model, method, args, kwargs]
        params = {"service": "object", "method": "execute_kw", "args": arguments}
        self.env.flush_all()
        reply = self.url_open("/jsonrpc", json={"jsonrpc": "2.0", "id": 1, "params": params})
        self.env.invalidate_all()
        return reply.json()

    def refuse(self, person, model, method, *args, **kwargs):
        """The call must fail for want of rights, and tell nothing of what it was kept from."""
        with self.subTest(person=person.login, call=f"{model}.{method}", args=args):
            with mute_logger("odoo.http", "odoo.sql_db", "odoo.addons.base.models.ir_rule"):
                reply = self.call(person, model, method, *args, **kwargs)
            self.assertEqual(reply["error"]["data"]["name"], "odoo.exceptions.AccessError")
            self.assertNotIn("SECRETO", json.dumps(reply))

    def answer(self, person, model, method, *args, **kwargs):
        reply = self.call(person, model, method, *args, **kwargs)
        self.assertNotIn("error", reply)
        return reply["result"]

    def test_the_attacks_reach_the_server(self):
        found = self.answer(self.owner, "smarter.subscription", "search_read", [], ["name"])
        self.assertEqual([one["name"] for one in found], ["Mía"])

    def test_nothing_of_another_company_is_found_counted_or_read(self):
        for record in self.everything_of_theirs:
            domain = [("id", "=", record.id)]
            for method in ("search", "search_read", "search_count"):
                self.assertFalse(self.answer(self.owner, record._name, method, domain))
            groups = self.answer(
                self.owner, record._name, "formatted_read_group", domain, [], ["__count"]
            )
            self.assertEqual(groups[0]["__count"], 0)
            self.refuse(self.owner, record._name, "read", record.ids)
            self.refuse(self.owner, record._name, "export_data", record.ids, ["id", "display_name"])

    def test_a_context_that_names_their_company_opens_nothing(self):
        context = {"allowed_company_ids": [self.company.id, self.other_company.id]}
        for record in self.everything_of_theirs:
            self.refuse(self.owner, record._name, "read", record.ids, context=context)
            self.refuse(self.owner, record._name, "search", [], context=context)
        both = [("id", "in", (self.mine | self.theirs).ids)]
        self.assertEqual(
            self.answer(self.owner, "smarter.subscription", "search", both), self.mine.ids
        )

    def test_nothing_of_another_company_is_written_copied_or_deleted(self):
        for record in self.everything_of_theirs:
            self.refuse(self.owner, record._name, "write", record.ids, {"company_id": False})
            self.refuse(self.owner, record._name, "copy", record.ids)
            self.refuse(self.owner, record._name, "unlink", record.ids)
        self.assertTrue(all(record.exists() for record in self.everything_of_theirs))
        self.assertEqual(self.theirs.company_id, self.other_company)

    def test_no_button_of_another_company_works(self):
        for method in ("action_send_test", "action_enable", "action_backfill", "action_renew_key"):
            self.refuse(self.owner, "smarter.subscription", method, self.theirs.ids)
        self.refuse(self.owner, "smarter.event.type", "action_take_over", self.type_of_theirs.ids)
        self.refuse(self.owner, "smarter.delivery", "action_replay", self.delivery.ids)
        self.assertEqual(self.delivery.state, "dead")

    def test_a_range_of_another_company_is_not_sent_again(self):
        self.refuse(self.owner, "smarter.replay", "create", {"subscription_id": self.theirs.id})
        self.assertEqual(self.delivery.state, "dead")

    def test_an_own_subscription_does_not_turn_into_theirs(self):
        name, theirs = "smarter.subscription", {"company_id": self.other_company.id}
        for values in (theirs, {"company_id": False}):
            self.refuse(self.owner, name, "write", self.mine.ids, values)
            self.refuse(self.owner, name, "copy", self.mine.ids, values)
        self.assertEqual(self.mine.company_id, self.company)

    def test_a_request_through_an_own_subscription_asks_nothing_of_theirs(self):
        values = {"subscription_id": self.mine.id, "company_id": self.other_company.id}
        with mute_logger("odoo.http"):
            self.assertIn("error", self.call(self.owner, "smarter.backfill", "create", values))
        smuggled = [(0, 0, {"company_id": self.other_company.id})]
        self.call(
            self.owner, "smarter.subscription", "write", self.mine.ids, {"backfill_ids": smuggled}
        )
        self.assertFalse(self.mine.backfill_ids.filtered("company_id"))

    def test_deliveries_are_settled_by_nobody_with_a_role(self):
        for person in (self.viewer, self.owner):
            for function in PROTOCOL_FUNCTIONS:
                self.refuse(person, "smarter.outbox", function, {"subscriptions": None})
        for values in ({"state": "delivered"}, {"lease": None}):
            mine = self.enqueue(self.mine)
            self.refuse(self.owner, "smarter.delivery", "write", mine.ids, values)
        before = self.env["smarter.event"].search_count([])
        self.refuse(self.owner, "smarter.delivery", "create", {"state": "pending"})
        self.refuse(self.owner, "smarter.event", "create", {"type": "order.confirmed"})
        self.assertEqual(self.env["smarter.event"].search_count([]), before)
        mine = self.env["smarter.delivery"].search([("subscription_id", "=", self.mine.id)])
        self.assertEqual(set(mine.mapped("state")), {"pending"})

    def test_private_functions_are_private(self):
        for model, names in PRIVATE.items():
            for name in names:
                self.assertTrue(hasattr(self.env[model], name), f"{model}.{name}")
                self.refuse(self.owner, model, name, [])

    def test_no_answer_holds_a_signing_key(self):
        [(secret, _live)] = self.keys(self.mine)
        told = [
            self.answer(self.owner, "smarter.subscription", "read", self.mine.ids),
            self.answer(self.owner, "smarter.subscription", "copy", self.mine.ids),
            self.answer(self.owner, "smarter.key.dialog", "default_get", ["key"]),
        ]
        self.assertNotIn(secret, json.dumps(told))
        self.assertNotIn("whsec_", json.dumps(told))
        self.refuse(self.admin, "smarter.subscription", "action_renew_key", self.mine.ids)
        with mute_logger("odoo.http"):
            self.assertIn("error", self.call(self.owner, "smarter.subscription.key", "search", []))
        self.refuse(self.owner, "ir.model", "create", {"model": "x_k", "name": "k"})

    def test_who_may_not_read_a_payload_cannot_ask_about_it(self):
        self.enqueue(self.mine, data={"id": 1, "name": "SECRETO"})
        for path in ("event_id.data", "event_id.previous", "last_answer"):
            domain = [(path, "ilike", "SECRETO")]
            self.refuse(self.viewer, "smarter.delivery", "search_count", domain)
        self.refuse(self.viewer, "smarter.delivery", "search", [], order="last_answer")
        told = self.answer(self.viewer, "smarter.delivery", "search_read", [])
        self.assertNotIn("SECRETO", json.dumps(told))
