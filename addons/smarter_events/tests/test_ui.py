from odoo.addons.smarter_base.tests.common import SmarterCase
from odoo.tests import HttpCase, tagged


@tagged("post_install", "-at_install")
class TestUi(SmarterCase, HttpCase):
    """The browser: what a person sees and what never reaches their eyes again."""

    def test_the_owner_subscribes_and_sees_the_key_once(self):
        owner = self.user("smarter_base.group_owner")
        owner.lang = "es_CL"
        self.start_tour(
            "/odoo/action-smarter_events.smarter_subscription_action",
            "smarter_subscription_tour",
            login=owner.login,
        )
        subscription = self.env["smarter.subscription"].search(
            [("name", "=", "Pedidos de la tienda")]
        )
        self.assertRecordValues(
            subscription,
            [{"url": "https://n8n.example.cl/webhook/tienda", "create_uid": owner.id}],
        )
        sent = self.env["smarter.delivery"].search([("subscription_id", "=", subscription.id)])
        self.assertEqual(sent.mapped("event_type"), ["test.ping"])

    def test_a_viewer_opens_the_other_pages_without_error(self):
        viewer = self.user("smarter_base.group_viewer")
        for name in ("delivery", "event_type", "outbox_state"):
            with self.subTest(page=name):
                self.browser_js(
                    f"/odoo/action-smarter_events.smarter_{name}_action",
                    "console.log('test successful')",
                    "!!document.querySelector('.o_view_controller')",
                    login=viewer.login,
                )
