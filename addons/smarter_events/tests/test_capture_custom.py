from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common_capture import CaptureCase

DOCUMENTS = "odoo.addons.smarter_events.capture.documents"


@tagged("post_install", "-at_install")
class TestCustomTypes(CaptureCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.author = new_test_user(
            cls.env, "author", "smarter_base.group_admin,base.group_partner_manager"
        )
        cls.partners = cls.user_env()["res.partner"]
        cls.ana = cls.partners.create({"name": "Ana", "phone": "1"})
        cls.next_transaction()
        cls.clear_events()

    def make(self, trigger, watched=(), sent=("name", "country_id"), **values):
        fields = self.env["ir.model.fields"]
        ids = {name: fields._get("res.partner", name).id for name in (*watched, *sent)}
        return (
            self.env["smarter.event.type"]
            .with_user(self.author)
            .create(
                {
                    "name": "Prueba",
                    "slug": "prueba",
                    "model_id": self.env["ir.model"]._get_id("res.partner"),
                    "trigger": trigger,
                    "trigger_field_ids": [(6, 0, [ids[name] for name in watched])],
                    "field_ids": [(6, 0, [ids[name] for name in sent])],
                    "company_id": False,
                }
                | values
            )
        )

    def test_a_changed_field_sends_the_chosen_ones(self):
        self.make("changed", ["phone"])
        self.ana.phone = "2"
        data = self.event("custom.prueba")["data"]
        self.assertEqual(data["fields"], {"name": "Ana", "country_id": None})

    def test_another_field_does_not_fire(self):
        self.make("changed", ["phone"])
        self.ana.email = "a@a.example"
        self.assertEqual(self.types(family="custom"), [])

    def test_a_value_that_is_reached_fires_once(self):
        self.make("reaches", ["is_company"], trigger_value="true")
        self.ana.is_company = True
        self.event("custom.prueba")

    def test_the_condition_decides(self):
        self.make("created", domain="[('name', '=', 'Eva')]")
        self.partners.create([{"name": "Eva"}, {"name": "Iris"}])
        self.assertEqual(self.event("custom.prueba")["data"]["name"], "Eva")

    def test_a_deleted_record_is_sent_as_it_was(self):
        self.make("deleted")
        self.ana.sudo().unlink()
        self.assertEqual(self.event("custom.prueba")["data"]["fields"]["name"], "Ana")

    def test_what_the_author_may_not_see_is_not_sent(self):
        self.make("changed", ["phone"])
        other = self.env["res.company"].create({"name": "Otra"})
        hidden = self.env["res.partner"].create({"name": "Ajena", "company_id": other.id})
        self.next_transaction()
        self.clear_events()
        hidden.phone = "2"
        self.assertEqual(self.types(family="custom"), [])

    @mute_logger(DOCUMENTS)
    def test_an_author_without_rights_makes_dead_events(self):
        self.make("changed", ["phone"])
        self.author.group_ids = [(6, 0, self.env.ref("base.group_portal").ids)]
        self.env["ir.model.access"].search(
            [
                ("model_id.model", "=", "res.partner"),
                ("group_id", "=", self.env.ref("base.group_portal").id),
            ]
        ).perm_read = False
        self.ana.phone = "2"
        self.assertEqual(self.rows("state", where="type LIKE 'custom.%'"), [("dead",)])

    @mute_logger("odoo.addons.smarter_events.capture.custom")
    def test_a_secret_field_written_past_the_form_is_refused(self):
        made = self.make("changed", ["phone"])
        secret = self.env["ir.model.fields"]._get("res.partner", "signup_type").id
        self.env.cr.execute(
            "INSERT INTO smarter_event_type_field VALUES (%s, %s)", [made.id, secret]
        )
        self.env["smarter.outbox"]._forget_watches()
        self.ana.phone = "2"
        self.assertEqual(self.types(family="custom"), [])
