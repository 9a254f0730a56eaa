from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common_ui import SubscriptionCase


@tagged("post_install", "-at_install")
class TestOutboxState(SubscriptionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.state = cls.env["smarter.outbox.state"]._get()

    def hold(self):
        self.env.cr.execute("UPDATE smarter_outbox_state SET held = true, held_reason = 'Copia'")
        self.env.invalidate_all()

    def test_a_held_outbox_is_shown_and_hands_out_nothing(self):
        subscription = self.subscribe()
        self.enqueue(subscription)
        self.hold()
        self.assertTrue(self.state.with_user(self.viewer).is_held)
        self.assertTrue(subscription.with_user(self.viewer).outbox_held)
        self.assertFalse(subscription._call_protocol("claim", {})["deliveries"])

    def test_the_owner_releases_it(self):
        self.hold()
        self.state.with_user(self.owner).action_release()
        self.assertRecordValues(self.state, [{"held": False, "held_reason": False}])

    def test_nobody_else_releases_it(self):
        self.hold()
        for person in (self.viewer, self.member, self.admin):
            with self.subTest(person=person.login), self.assertRaises(AccessError):
                self.state.with_user(person).action_release()
        with self.assertRaises(AccessError):
            self.state.with_user(self.owner).write({"held": False})

    def test_counts_are_of_what_the_person_may_see(self):
        seen = self.state.with_user(self.viewer)
        before = seen.pending_count
        self.enqueue(self.subscribe())
        theirs = self.subscribe(company_id=self.other_company.id)
        self.enqueue(theirs, company_id=self.other_company.id)
        self.env.invalidate_all()
        self.assertEqual(seen.pending_count - before, 1)
        self.assertNotIn(theirs, seen.subscription_ids)

    def test_a_suspended_tenant_is_said_to_be_so(self):
        self.tenant.status = "suspended"
        self.env.invalidate_all()
        self.assertRecordValues(self.state, [{"tenant_suspended": True, "is_held": True}])
