from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from .common_ui import SubscriptionCase


@tagged("post_install", "-at_install")
class TestNeutralize(SubscriptionCase):
    def test_a_copy_for_tests_sends_nothing_and_has_no_keys(self):
        subscription = self.subscribe()
        self.enqueue(subscription)
        for query in get_neutralization_queries(["smarter_events"]):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.assertFalse(self.keys(subscription))
        self.assertEqual(subscription.status, "disabled")
        answer = subscription._call_protocol("claim", {})
        self.assertEqual((answer["held"], answer["deliveries"]), (True, []))
