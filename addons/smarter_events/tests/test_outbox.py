import contextlib
import os
from contextlib import closing
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.sql_db import connection_info_for
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from smarter_domain.outbox import NOTIFY_CHANNEL, PROTOCOL_FUNCTIONS

from ..capture import outbox as outbox_module
from ..capture import waking
from .common_capture import CaptureCase


@tagged("post_install", "-at_install")
class TestOutbox(CaptureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.outbox = cls.env["smarter.outbox"]
        cls.ana = cls.user_env()["res.partner"].create({"name": "Ana"})
        cls.next_transaction()
        cls.clear_events()

    def test_an_addon_emits_its_own_data(self):
        self.outbox._emit(self.ana, "contact.updated", {"id": self.ana.id, "note": "x"})
        self.assertEqual(self.rows("data", "origin"), [({"id": self.ana.id, "note": "x"}, "emit")])

    def test_an_addon_lets_the_shipped_builder_work(self):
        self.assertTrue(self.outbox._emit(self.ana, "contact.updated"))
        self.event("contact.updated", self.ana)

    def test_an_unknown_type_without_data_is_refused(self):
        with self.assertRaises(UserError):
            self.outbox._emit(self.ana, "contact.imagined")

    def test_data_that_is_no_json_makes_a_dead_event(self):
        self.outbox._emit(self.ana, "contact.updated", {"x": object()})
        self.assertEqual(self.rows("state", "data"), [("dead", {})])

    def test_characters_that_postgresql_refuses_are_left_out(self):
        data = {"a\0": ["x\0y", {"b": "\ud800z"}], "literal": "\\u0000"}
        self.outbox._emit(self.ana, "contact.updated", data)
        expected = {"a": ["xy", {"b": "?z"}], "literal": "\\u0000"}
        self.assertEqual(self.rows("state", "data"), [("ready", expected)])

    def test_data_nested_without_end_makes_a_dead_event(self):
        data = {}
        data["self"] = [data]
        deep = []
        for _level in range(100_000):
            deep = [deep]
        for one in (data, {"x": deep}):
            self.clear_events()
            self.outbox._emit(self.ana, "contact.updated", one)
            self.assertEqual(self.rows("state", "data"), [("dead", {})])

    def test_a_name_with_such_a_character_is_refused_or_sent_without_it(self):
        with contextlib.suppress(ValueError), self.env.cr.savepoint():  # psycopg2 refuses it
            self.ana.name = "An\0a"
            self.ana.flush_recordset()
        self.ana.phone = "2"
        self.assertEqual(self.event("contact.updated")["data"]["name"], "Ana")

    def test_nobody_wants_it_so_nothing_is_emitted(self):
        self.env["smarter.subscription"].search([]).sudo().write({"active": False})
        self.assertFalse(self.outbox._emit(self.ana, "contact.updated"))

    def test_a_commit_forgets_what_another_thread_remembered_before_it(self):
        self.subscribe("contact.updated")
        stale = self.outbox._watches()  # as a thread that does not see the subscription yet
        self.env.cr.postcommit.run()
        self.assertIsNot(self.outbox._watches(), stale)

    def test_the_connector_is_woken_once_after_the_commit(self):
        woken = []
        with patch.object(outbox_module, "wake", woken.append):
            self.ana.phone = "1"
            self.env.cr.flush()
            self.ana.phone = "2"
            self.env.cr.flush()
            self.assertEqual(woken, [])
            self.env.cr.postcommit.run()
        self.assertEqual(woken, [self.env.cr.dbname])

    @mute_logger("odoo.addons.smarter_events.capture.waking")
    def test_a_wake_up_that_fails_is_not_the_users_problem(self):
        def refuse(*args, **kwargs):
            raise psycopg2.OperationalError("no database postgres")

        with patch.object(waking.psycopg2, "connect", refuse):
            waking.Waker().wake("nowhere")

    def test_one_listener_in_postgres_hears_of_every_database(self):
        _, info = connection_info_for("postgres")
        with closing(psycopg2.connect(**info)) as listener, listener.cursor() as cr:
            listener.autocommit = True
            cr.execute(f"LISTEN {NOTIFY_CHANNEL}")
            waking.Waker().wake("t_77654321_7")
            listener.poll()
            cr.execute("SELECT 1")
            payloads = [notice.payload for notice in listener.notifies]
        self.assertIn("t_77654321_7", payloads)

    def test_a_connection_that_broke_is_made_anew(self):
        waker = waking.Waker()
        waker._connection, waker._pid = waker._connect(), os.getpid()
        waker._connection.close()
        with self.assertNoLogs(waking.__name__):
            waker.wake("t_77654321_7")

    def test_a_restored_database_begins_an_epoch_and_holds(self):
        self.outbox._raise_epoch("restored")
        self.ana.phone = "1"
        self.assertEqual(self.rows("epoch"), [(2,)])
        self.env.cr.execute("SELECT smarteros.claim('{}')")
        self.assertTrue(self.env.cr.fetchone()[0]["held"])
        self.outbox._release()
        self.env.cr.execute("SELECT smarteros.claim('{}')")
        self.assertFalse(self.env.cr.fetchone()[0]["held"])

    def test_the_connectors_user_calls_the_protocol(self):
        robot = new_test_user(self.env, "robot", "smarter_events.group_connector")
        identity = self.outbox.with_user(robot).identity({})
        self.assertEqual((identity["protocol"], identity["rut"]), (1, "77654321-7"))

    def test_every_function_of_the_protocol_is_reached_through_rpc(self):
        robot = new_test_user(self.env, "robot", "smarter_events.group_connector")
        mine = {"subscription_id": self.everything, "kind": "contact", "items": {}, "keys": []}
        bodies = {"settle": [], "settle_within": []}
        bodies |= {"extend": {"leases": []}, "replay": {"deliveries": []}}
        for name in PROTOCOL_FUNCTIONS:
            with self.subTest(name):
                body = bodies.get(name, mine)
                call_kw(self.outbox.with_user(robot), name, [body], {})

    def test_an_administrator_may_not_call_the_protocol(self):
        admin = new_test_user(self.env, "boss", "smarter_base.group_owner")
        with self.assertRaises(AccessError):
            self.outbox.with_user(admin).claim({})

    def test_a_request_that_is_no_object_is_refused(self):
        robot = new_test_user(self.env, "robot", "smarter_events.group_connector")
        with self.assertRaises(UserError):
            self.outbox.with_user(robot).claim("drop table")

    def test_a_dead_event_is_built_anew(self):
        self.outbox._emit(self.ana, "contact.updated", {"x": object()})
        dead = self.env["smarter.event"].search([("state", "=", "dead")])
        self.outbox._rebuild(dead)
        built = self.event("contact.updated", self.ana)
        self.assertEqual(built["data"]["name"], self.ana.name)

    def test_a_dead_event_of_a_deleted_record_stays_dead(self):
        self.outbox._emit(self.ana, "contact.updated", {"x": object()})
        dead = self.env["smarter.event"].search([("state", "=", "dead")])
        self.ana.sudo().unlink()
        self.outbox._rebuild(dead)
        self.assertEqual(dead.state, "dead")
