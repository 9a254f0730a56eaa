from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from smarter_domain.plans import Plan

from .common import SmarterCase, rut


@tagged("post_install", "-at_install")
class TestTenant(SmarterCase):
    def assertDatabaseRefuses(self, values):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.tenant.write(values)
            self.tenant.flush_recordset()

    def test_there_is_exactly_one(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.env["smarter.tenant"].create({"name": "Otro", "slug": "otro"})

    def test_current_is_the_record(self):
        self.assertEqual(self.env["smarter.tenant"]._current(), self.tenant)

    def test_identity_is_answered_from_memory(self):
        self.env["smarter.tenant"]._identity()
        with self.assertQueryCount(0):
            identity = self.env["smarter.tenant"]._identity()
        self.assertEqual((identity.rut, identity.slug), (self.tenant_rut, "ejemplo"))

    def test_identity_needs_no_role(self):
        tenant = self.env["smarter.tenant"].with_user(self.user())
        self.assertEqual(tenant._identity().rut, self.tenant_rut)

    def test_a_write_is_seen_at_once(self):
        self.assertEqual(self.env["smarter.tenant"]._identity().plan, "enterprise")
        self.tenant.plan = "business"
        self.assertEqual(self.env["smarter.tenant"]._identity().plan, "business")

    def test_a_missing_record_is_said_plainly(self):
        self.env.cr.execute("DELETE FROM smarter_tenant")
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        with self.assertRaises(UserError):
            self.env["smarter.tenant"]._current()

    def test_the_rut_is_stored_plain(self):
        self.tenant.write({"status": "provisioning", "rut": " 40.404.040-5 "})
        self.assertEqual(self.tenant.rut, "40404040-5")

    def test_a_wrong_rut_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "40.404.040-9"):
            self.tenant.rut = "40.404.040-9"

    def test_the_short_name_is_stored_in_lower_case(self):
        self.tenant.slug = " Los-Aromos2 "
        self.assertEqual(self.tenant.slug, "los-aromos2")

    def test_a_wrong_short_name_is_refused(self):
        for slug in ("-a", "a-", "los aromos", "ñandú", "a_b", "a" * 64, "a.b", "a\nb"):
            with self.assertRaises(ValidationError, msg=slug):
                self.tenant.slug = slug

    def test_only_a_tenant_being_prepared_may_lack_its_rut(self):
        self.tenant.write({"status": "provisioning", "rut": False})
        self.tenant.flush_recordset()
        self.assertDatabaseRefuses({"status": "suspended"})

    def test_it_becomes_active_only_with_a_company_of_its_rut(self):
        self.tenant.write({"status": "provisioning", "rut": rut(40404040)})
        with self.assertRaisesRegex(ValidationError, rut(40404040)):
            self.tenant.status = "active"

    def test_it_becomes_active_only_when_every_chilean_company_has_one(self):
        self.tenant.status = "provisioning"
        self.env["res.company"].create({"name": "Sin RUT", "country_id": self.chile.id})
        with self.assertRaisesRegex(ValidationError, "Sin RUT"):
            self.tenant.status = "active"

    def test_a_new_tenant_sells_in_the_currency_of_its_company(self):
        dollars = self.env.ref("base.USD").id
        values = {"name": "Lista", "company_id": self.company.id, "currency_id": dollars}
        empty = self.env["product.pricelist"].create(values)
        priced = empty.copy({"item_ids": [(0, 0, {"fixed_price": 5})]})
        self.tenant.status = "provisioning"
        self.env["smarter.tenant"]._provision(
            self.tenant_rut, "Comercial Ejemplo SpA", "ejemplo", "enterprise"
        )
        self.assertEqual(empty.currency_id, self.company.currency_id)
        self.assertEqual(priced.currency_id.name, "USD")

    def test_provisioning_twice_changes_nothing(self):
        before = self.tenant.read()[0]
        self.env["smarter.tenant"]._provision(
            self.tenant_rut, "Comercial Ejemplo SpA", "ejemplo", "enterprise"
        )
        self.assertEqual({**self.tenant.read()[0], "write_date": before["write_date"]}, before)

    def test_provisioning_refuses_a_wrong_rut(self):
        with self.assertRaises(ValidationError):
            self.env["smarter.tenant"]._provision("77.654.321-0", "Ejemplo", "ejemplo")

    def test_plans_are_those_of_the_domain(self):
        codes = [code for code, _label in self.tenant._fields["plan"].selection]
        self.assertEqual(codes, [plan.value for plan in Plan])

    def test_a_change_of_plan_is_written_in_its_history(self):
        tenant = self.tenant.with_context(tracking_disable=False)
        tenant.plan = "business"
        self.env.flush_all()
        self.cr.flush()  # runs the pre-commit hooks, where tracking writes its messages
        self.assertIn("plan", tenant.message_ids.tracking_value_ids.field_id.mapped("name"))
