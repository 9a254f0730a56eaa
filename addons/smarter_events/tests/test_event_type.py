from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..models.field_policy import field_problem, model_problem
from .common_ui import SubscriptionCase


@tagged("post_install", "-at_install")
class TestEventType(SubscriptionCase):
    def make(self, person=None, model="res.partner", **values):
        self.made = getattr(self, "made", 0) + 1
        types = self.env["smarter.event.type"].with_user(person or self.admin)
        values = {"name": f"Contacto grande {self.made}", "trigger": "created"} | values
        fields = values.pop("send", ["name", "email"])
        watched = values.pop("watch", [])
        return types.create(
            values
            | {
                "model_id": self.env["ir.model"]._get_id(model),
                "field_ids": self.fields(model, fields),
                "trigger_field_ids": self.fields(model, watched),
            }
        )

    def fields(self, model, names):
        get = self.env["ir.model.fields"]._get
        return [(6, 0, [get(model, name).id for name in names])]

    def test_its_name_gives_the_type(self):
        event_type = self.make(name="Cotización Ñandú 2")
        self.assertEqual(event_type.type, "custom.cotizacion-nandu-2")

    def test_a_form_is_all_an_administrator_needs(self):
        with Form(self.env["smarter.event.type"].with_user(self.admin)) as form:
            form.name = "Contacto con correo"
            form.model_id = self.env["ir.model"]._get("res.partner")
            form.trigger = "changed"
            form.trigger_field_ids.add(self.env["ir.model.fields"]._get("res.partner", "email"))
            form.field_ids.add(self.env["ir.model.fields"]._get("res.partner", "name"))
        self.assertEqual(form.record.type, "custom.contacto-con-correo")

    def test_subscriptions_know_it_at_once(self):
        self.make(name="Contacto grande")
        found = self.subscribe(patterns="custom.*").matching_types
        self.assertEqual(found, "custom.contacto-grande")

    def test_models_of_the_system_are_refused(self):
        for model in ("ir.cron", "res.users", "res.users.log", "certificate.certificate"):
            if model in self.env:
                with self.subTest(model=model), self.assertRaisesRegex(ValidationError, "system"):
                    self.make(self.everywhere, model=model, send=["id"])

    def test_what_is_of_the_system_is_known_by_its_name_alone(self):
        for model in ("certificate.key", "ir.mail_server", "res.users.apikeys", "payment.token"):
            self.assertEqual(model_problem(self.env, model), "system", model)

    def test_a_field_whose_name_tells_of_a_secret_is_refused_though_everybody_may_read_it(self):
        self.assertFalse(self.env["account.move"]._fields["access_token"].groups)
        self.assertEqual(field_problem(self.env, "account.move", "access_token"), "secret")

    def test_a_model_the_author_may_not_read_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "may not read"):
            self.make(model="account.payment", send=["name"])

    def test_files_and_confidential_fields_are_refused(self):
        for name in ("image_1920", "signup_type", "user_ids"):
            with self.subTest(field=name), self.assertRaisesRegex(ValidationError, "Take it out"):
                self.make(send=["name", name])

    def test_a_field_that_leads_to_a_closed_one_is_as_closed(self):
        self.assertEqual(field_problem(self.env, "crm.team.member", "email"), "relation")
        self.assertIsNone(field_problem(self.env, "product.product", "name"))

    def test_a_field_of_another_model_is_refused(self):
        other = self.env["ir.model.fields"]._get("res.company", "name")
        event_type = self.make()
        with self.assertRaisesRegex(ValidationError, "does not belong"):
            event_type.field_ids = other

    def test_a_watched_field_must_be_stored(self):
        with self.assertRaisesRegex(ValidationError, "calculated"):
            self.make(trigger="changed", watch=["contact_address"])

    def test_a_value_must_be_one_the_field_has(self):
        with self.assertRaisesRegex(ValidationError, "It can be"):
            self.make(trigger="reaches", watch=["type"], trigger_value="nada")
        made = self.make(trigger="reaches", watch=["type"], trigger_value="invoice")
        self.assertIn("invoice (", made.trigger_hint)

    def test_a_value_needs_exactly_one_watched_field(self):
        for watched in ([], ["type", "email"]):
            with self.subTest(watched=watched), self.assertRaises(ValidationError):
                self.make(trigger="reaches", watch=watched, trigger_value="x")

    def test_a_condition_obeys_the_same_rules_as_the_fields(self):
        for domain in ("[('", "[('nada', '=', 1)]", "[('user_ids.password', '!=', False)]"):
            with self.subTest(domain=domain), self.assertRaisesRegex(ValidationError, "condition"):
                self.make(domain=domain)
        self.assertTrue(self.make(domain="[('country_id.code', '=', 'CL')]"))

    def test_who_changes_what_is_sent_answers_for_it(self):
        event_type = self.make()
        self.assertEqual(event_type.author_id, self.admin)
        event_type.with_user(self.owner).write({"field_ids": self.fields("res.partner", ["name"])})
        self.assertEqual(event_type.author_id, self.owner)

    def test_nobody_chooses_another_author(self):
        event_type = self.make(author_id=self.owner.id)
        event_type.write({"author_id": self.owner.id, "name": "Otro"})
        self.assertEqual(event_type.author_id, self.admin)

    def test_without_its_author_it_pauses_until_somebody_takes_it_over(self):
        event_type = self.make()
        outbox = self.env["smarter.outbox"]
        self.subscribe(patterns="custom.*")
        self.admin.active = False
        self.assertEqual(event_type.status, "paused")
        self.assertNotIn(event_type.type, self.declared())
        self.assertRecordValues(event_type.activity_ids, [{"user_id": self.told(event_type).id}])
        event_type.with_user(self.owner).action_take_over()
        self.assertEqual((event_type.status, event_type.author_id), ("active", self.owner))
        self.assertIn(event_type.type, self.declared())
        self.assertFalse(event_type.activity_ids)
        self.assertIs(outbox._watches(), outbox._watches())

    def told(self, event_type):
        told = event_type.activity_ids.user_id
        self.assertTrue(told.has_group("smarter_base.group_owner"))
        return told

    def declared(self):
        return [declared.name for declared in self.env["smarter.outbox"]._declarations()]

    def test_an_author_who_comes_back_takes_it_along(self):
        event_type = self.make()
        for active in (False, True):
            self.admin.active = active
        self.assertEqual((event_type.status, len(event_type.activity_ids)), ("active", 0))

    def test_nobody_takes_over_what_they_may_not_read(self):
        author = self.user("smarter_base.group_admin", "account.group_account_manager")
        event_type = self.make(author, model="account.payment", send=["name"])
        author.active = False
        with self.assertRaisesRegex(ValidationError, "may not read"):
            event_type.with_user(self.admin).action_take_over()
        with self.assertRaises(AccessError):
            event_type.with_user(self.member).action_take_over()

    def test_its_name_outside_never_changes(self):
        with self.assertRaisesRegex(ValidationError, "cannot change"):
            self.make().slug = "otro"

    def test_two_types_cannot_share_a_name(self):
        self.make(name="Contacto")
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.make(name="Contacto")

    def test_others_make_no_types(self):
        for person in (self.viewer, self.member):
            with self.subTest(person=person.login), self.assertRaises(AccessError):
                self.make(person)
