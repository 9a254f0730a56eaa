from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import SmarterCase

ROLES = ("viewer", "member", "admin", "owner")


@tagged("post_install", "-at_install")
class TestRoles(SmarterCase):
    def as_role(self, role):
        return self.tenant.with_user(self.user(f"smarter_base.group_{role}"))

    def test_each_role_includes_the_lesser_ones(self):
        groups = [self.env.ref(f"smarter_base.group_{role}") for role in ROLES]
        for index, group in enumerate(groups):
            included = [other in group.all_implied_ids | group for other in groups]
            self.assertEqual(included, [number <= index for number in range(len(groups))])

    def test_every_role_is_an_internal_user_and_none_administers_odoo(self):
        forbidden = self.env.ref("base.group_system") | self.env.ref("base.group_erp_manager")
        for role in ROLES:
            implied = self.env.ref(f"smarter_base.group_{role}").all_implied_ids
            self.assertIn(self.env.ref("base.group_user"), implied)
            self.assertFalse(forbidden & implied, role)

    def test_roles_are_one_choice_on_the_form_of_the_user(self):
        privilege = self.env.ref("smarter_base.res_groups_privilege_smarteros")
        expected = [self.env.ref(f"smarter_base.group_{role}").id for role in ROLES]
        self.assertEqual(privilege.group_ids.sorted("sequence").ids, expected)

    def test_every_role_reads_the_tenant(self):
        for role in ROLES:
            self.assertEqual(self.as_role(role).name, "Comercial Ejemplo SpA")

    def test_without_role_nobody_reads_the_record(self):
        with self.assertRaises(AccessError):
            self.tenant.with_user(self.user()).read(["name"])

    def test_owner_and_admin_change_names_and_identifiers(self):
        for role in ("admin", "owner"):
            self.as_role(role).write({"name": f"Nombre {role}", "chatwoot_account_id": "7"})
            self.assertEqual(self.tenant.name, f"Nombre {role}")

    def test_viewer_and_member_change_nothing(self):
        for role in ("viewer", "member"):
            with self.assertRaises(AccessError):
                self.as_role(role).name = "Otro"

    def test_nobody_changes_what_mirrors_the_registry(self):
        values = {"rut": "12345678-5", "slug": "otro", "plan": "enterprise",
                  "status": "suspended", "status_reason": "Porque sí"}  # fmt: skip
        for group in ("smarter_base.group_owner", "base.group_system"):
            tenant = self.tenant.with_user(self.user(group))
            for name, value in values.items():
                with self.assertRaisesRegex(AccessError, "scripts/tenant", msg=name):
                    tenant.write({name: value})

    def test_no_role_decides_who_logs_in(self):
        with self.assertRaises(AccessError):
            self.as_role("owner").clerk_org_id = "org_2"

    def test_a_system_administrator_does(self):
        self.tenant.with_user(self.user("base.group_system")).clerk_org_id = "org_1"
        self.assertEqual(self.tenant.clerk_org_id, "org_1")

    def test_nobody_creates_or_deletes_a_tenant(self):
        for group in ("smarter_base.group_owner", "base.group_system"):
            tenant = self.tenant.with_user(self.user(group))
            with self.assertRaises(AccessError):
                tenant.create({"name": "Otro", "slug": "otro"})
            with self.assertRaises(AccessError):
                tenant.unlink()

    def test_not_even_code_with_all_rights_deletes_it(self):
        with self.assertRaises(UserError):
            self.tenant.sudo().unlink()

    def test_the_menu_is_for_roles_only(self):
        menu = self.env.ref("smarter_base.smarter_root_menu")
        without, with_role = self.user(), self.user("smarter_base.group_viewer")
        self.assertNotIn(menu.id, self.env["ir.ui.menu"].with_user(without)._visible_menu_ids())
        self.assertIn(menu.id, self.env["ir.ui.menu"].with_user(with_role)._visible_menu_ids())
