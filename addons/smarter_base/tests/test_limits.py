from unittest.mock import patch

from psycopg2.errors import LockNotAvailable, SerializationFailure

from odoo import SUPERUSER_ID, api
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.sql_db import db_connect
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..models import smarter_usage
from .common import SmarterCase


class LimitsCase(SmarterCase):
    """A tenant with the plan starter (three users), and one of its three places taken."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Somebody must administrate the system: here the one who makes the users.
        cls.manager = cls.user("base.group_system", "base.group_partner_manager")
        others = cls.env["res.users"].search([("share", "=", False)]) - cls.manager
        others.active = False
        cls.tenant.plan = "starter"
        cls.users = cls.env["res.users"].with_user(cls.manager)

    @classmethod
    def fill(cls, free=0):
        """Leave so many places free."""
        return [cls.user() for _number in range(2 - free)]

    def values(self, login, **values):
        return {"name": login, "login": login} | values

    def portal_user(self, login="cliente"):
        return new_test_user(self.env, login, "base.group_portal")

    def assertRefused(self):
        return self.assertRaisesRegex(ValidationError, "Starter.*3 users.*Business")


@tagged("post_install", "-at_install")
class TestLimits(LimitsCase):
    def test_the_last_place_may_be_taken(self):
        self.fill(free=1)
        self.assertTrue(self.users.create(self.values("tercera")).active)

    def test_one_more_is_refused_naming_limit_use_and_plan(self):
        self.fill()
        with self.assertRaises(ValidationError) as caught:
            self.users.create(self.values("cuarta"))
        words = ("Starter includes 3 users", "3 in use", "1 more", "Business includes 10")
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_the_refusal_is_in_spanish(self):
        self.fill()
        with self.assertRaisesRegex(ValidationError, "El plan Starter incluye 3 usuarios"):
            self.users.with_context(lang="es_CL").create(self.values("cuarta"))

    def test_all_rights_are_no_exception(self):
        self.fill()
        with self.assertRefused():
            self.env["res.users"].create(self.values("cuarta"))

    def test_a_batch_that_does_not_fit_is_refused_whole(self):
        with self.assertRefused():
            self.users.create([self.values(f"nueva{number}") for number in range(3)])

    def test_an_import_that_does_not_fit_says_why(self):
        self.fill(free=1)
        result = self.users.load(["name", "login"], [["Ana", "ana"], ["Eva", "eva"]])
        self.assertFalse(result["ids"])
        self.assertIn("3 users", result["messages"][0]["message"])

    def test_somebody_archived_comes_back_only_into_a_free_place(self):
        [former, _other] = self.fill()
        former.active = False
        self.user()
        with self.assertRefused():
            former.with_user(self.manager).active = True
            self.env.flush_all()

    def test_one_leaves_and_another_comes_in_the_same_breath(self):
        [former, _other] = self.fill()
        former.active = False
        self.assertTrue(self.user().active)

    def test_a_portal_user_does_not_count_until_made_internal(self):
        self.fill()
        portal = self.portal_user()
        self.assertTrue(portal.active)
        with self.assertRefused():
            portal.group_ids = [Command.set([self.env.ref("base.group_user").id])]
            self.env.flush_all()

    def test_the_group_is_no_way_round(self):
        self.fill()
        portal = self.portal_user()
        portal.group_ids = [Command.clear()]
        with self.assertRefused():
            self.env.ref("smarter_base.group_viewer").user_ids = [Command.link(portal.id)]
            self.env.flush_all()

    def test_administrators_of_the_system_count_like_everybody(self):
        self.fill()
        with self.assertRefused():
            self.user("base.group_system")

    def test_odoos_own_user_does_not_count(self):
        counted = self.env["res.users"].search([("active", "=", True), ("share", "=", False)])
        self.assertNotIn(self.env.ref("base.user_root"), counted)
        self.assertEqual(self.env["res.users"]._smarter_count(), len(counted))

    def test_who_is_over_the_limit_keeps_working(self):
        self.fill()
        self.tenant.plan = "free"
        self.manager.name = "Otro nombre"
        member = self.env.ref("smarter_base.group_member")
        self.manager.group_ids = [Command.link(member.id)]
        leaver = self.env["res.users"].search([("share", "=", False)])[0]
        leaver.active = False
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((self.manager.name, leaver.active), ("Otro nombre", False))
        self.assertIn(member, self.manager.group_ids)

    def test_a_larger_plan_lifts_the_limit(self):
        self.fill()
        self.tenant.plan = "enterprise"
        self.assertTrue(self.users.create(self.values("cuarta")).active)

    def test_a_tenant_being_prepared_has_no_limits(self):
        self.fill()
        self.tenant.status = "provisioning"
        self.assertTrue(self.user().active)

    def test_adding_takes_the_turn(self):
        rows = self.env["smarter.usage"].search([("code", "=", "users")])
        before = rows.turn
        self.user()
        rows.invalidate_recordset()
        self.assertGreater(rows.turn, before)

    def test_models_of_odoo_count_when_they_are_installed(self):
        theirs = {"res.bank": ("stores", [("active", "=", True)])}
        banks = self.env["res.bank"]
        with patch.dict(smarter_usage.OF_ODOO, theirs, clear=True):
            self.env["smarter.usage"]._register_hook()
        self.addCleanup(delattr, self.registry["res.bank"], "_smarter_limit")
        self.addCleanup(delattr, self.registry["res.bank"], "_smarter_counts")
        banks.search([]).active = False
        banks.create({"name": "Primera"})
        with self.assertRaisesRegex(ValidationError, "1 stores"):
            banks.create({"name": "Segunda"})


@tagged("post_install", "-at_install")
class TestTwoAtOnce(TransactionCase):
    def other_transaction(self):
        """Open a transaction of its own, as another worker's; what it does is rolled back."""
        cursor = db_connect(self.env.cr.dbname).cursor()
        self.addCleanup(cursor.close)
        cursor.execute("SET LOCAL lock_timeout = '50ms'")
        cursor.execute("SELECT count(*) FROM res_users")  # its view of the data begins here
        return api.Environment(cursor, SUPERUSER_ID, {})["smarter.usage"]

    @mute_logger("odoo.sql_db")
    def test_the_second_waits_for_the_first(self):
        first, second = self.other_transaction(), self.other_transaction()
        first._take_turn("users")
        with self.assertRaises(LockNotAvailable):
            second._take_turn("users")

    @mute_logger("odoo.sql_db")
    def test_the_second_begins_again_once_the_first_has_committed(self):
        second = self.other_transaction()
        with db_connect(self.env.cr.dbname).cursor() as cursor:  # committed when it ends well
            api.Environment(cursor, SUPERUSER_ID, {})["smarter.usage"]._take_turn("stores")
        with self.assertRaises(SerializationFailure):  # Odoo runs such a request again
            second._take_turn("stores")

    def test_other_limits_do_not_wait(self):
        first, second = self.other_transaction(), self.other_transaction()
        first._take_turn("users")
        turns = second.search([("code", "=", "automations")])
        before = turns.turn
        second._take_turn("automations")
        turns.invalidate_recordset()
        self.assertEqual(turns.turn, before + 1)
