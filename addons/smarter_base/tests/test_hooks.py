from odoo.tests import TransactionCase, new_test_user, tagged

from ..hooks import post_init_hook, set_defaults
from .common import SmarterCase


@tagged("post_install", "-at_install")
class TestDefaults(TransactionCase):
    def test_spanish_of_chile_and_pesos_are_active(self):
        self.assertTrue(self.env["res.lang"]._lang_get("es_CL"))
        self.assertTrue(self.env.ref("base.CLP").active)

    def test_a_new_contact_speaks_it(self):
        partner = self.env["res.partner"].create({"name": "Ana"})
        self.assertEqual((partner.lang, partner.tz), ("es_CL", "America/Santiago"))

    def test_a_new_user_speaks_it(self):
        user = new_test_user(self.env, "nueva")
        self.assertEqual((user.lang, user.tz), ("es_CL", "America/Santiago"))

    def test_running_again_changes_nothing(self):
        set_defaults(self.env)
        before = self.snapshot()
        set_defaults(self.env)
        self.assertEqual(self.snapshot(), before)

    def test_what_a_person_chose_stays(self):
        partner = self.env.user.partner_id
        partner.write({"tz": "Pacific/Easter"})
        set_defaults(self.env)
        self.assertEqual(partner.tz, "Pacific/Easter")

    def snapshot(self):
        self.env.flush_all()
        defaults = self.env["ir.default"].search([]).mapped(lambda row: (row.id, row.json_value))
        partners = self.env["res.partner"].search([])
        return defaults, partners.mapped(lambda row: (row.id, row.lang, row.tz))


@tagged("post_install", "-at_install")
class TestInstallationWithAccounting(SmarterCase):
    def test_a_company_with_entries_keeps_country_and_currency(self):
        self.tenant.status = "provisioning"
        self.company.write({"vat": False, "country_id": self.env.ref("base.pe").id})
        currency = self.company.currency_id
        self.post_entry(self.company)
        post_init_hook(self.env)
        self.assertEqual((self.company.country_code, self.company.currency_id), ("PE", currency))

    def test_the_tenant_takes_the_rut_the_company_already_had(self):
        self.tenant.write({"status": "provisioning", "rut": False})
        self.post_entry(self.company)
        post_init_hook(self.env)
        self.assertEqual(self.tenant.rut, self.tenant_rut)
