from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import SmarterCase


@tagged("post_install", "-at_install")
class TestSettings(SmarterCase):
    def test_an_administrator_sees_and_changes_the_tenant(self):
        settings = self.env["res.config.settings"].with_user(self.user("base.group_system"))
        with Form(settings) as form:
            self.assertEqual(form.smarter_rut, self.tenant_rut)
            form.smarter_plan = "business"
            form.smarter_chatwoot_account_id = "12"
        form.record.execute()
        self.assertRecordValues(self.tenant, [{"plan": "business", "chatwoot_account_id": "12"}])

    def test_the_section_is_on_the_page(self):
        arch = self.env["res.config.settings"].get_view(view_type="form")["arch"]
        self.assertIn('name="smarter_base"', arch)

    def test_an_owner_without_system_rights_has_no_settings_page(self):
        settings = self.env["res.config.settings"].with_user(self.user("smarter_base.group_owner"))
        with self.assertRaises(AccessError):
            settings.create({}).execute()

    def test_an_owner_uses_the_form_of_the_tenant(self):
        tenant = self.tenant.with_user(self.user("smarter_base.group_owner"))
        with Form(tenant) as form:
            form.name = "Nuevo nombre"
        self.assertEqual(self.tenant.name, "Nuevo nombre")

    def test_the_form_does_not_let_an_owner_change_the_plan(self):
        tenant = self.tenant.with_user(self.user("smarter_base.group_owner"))
        with self.assertRaisesRegex(AssertionError, "readonly"), Form(tenant) as form:
            form.plan = "enterprise"
