from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import SmarterCase


@tagged("post_install", "-at_install")
class TestSettings(SmarterCase):
    def settings_form(self):
        return Form(self.env["res.config.settings"].with_user(self.user("base.group_system")))

    def test_an_administrator_sees_the_tenant_and_names_its_systems(self):
        with self.settings_form() as form:
            self.assertEqual((form.smarter_rut, form.smarter_plan), (self.tenant_rut, "enterprise"))
            form.smarter_chatwoot_account_id = "12"
        form.record.execute()
        self.assertEqual(self.tenant.chatwoot_account_id, "12")

    def test_not_even_an_administrator_changes_the_mirror_there(self):
        for name in ("smarter_plan", "smarter_status", "smarter_rut", "smarter_slug"):
            with self.assertRaisesRegex(AssertionError, "readonly", msg=name):
                setattr(self.settings_form(), name, "business")

    def test_the_page_shows_what_is_used(self):
        self.assertIn("users", self.settings_form().smarter_usage_ids[:].mapped("code"))

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
