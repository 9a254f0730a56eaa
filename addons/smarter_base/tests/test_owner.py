from odoo.exceptions import AccessDenied, AccessError, UserError
from odoo.tests import HttpCase, tagged

from ..models.res_groups_privilege import ADMINISTRATION
from .common import SmarterCase


class OwnerCase(SmarterCase):
    """The customer's first account as a new tenant has it, and the operator's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.env.ref("smarter_base.user_owner")
        cls.owner.write(
            {"active": True, "login": "duena@ejemplo.invalid", "password": "una-clave-larga"}
        )
        cls.env["smarter.tenant"]._grant_apps_to_owners()
        cls.operator = cls.env.ref("base.user_admin")
        cls.operator.write({"login": "operador@ejemplo.invalid", "email": False})

    def as_owner(self, model):
        return self.env[model].with_user(self.owner)


@tagged("post_install", "-at_install")
class TestOwner(OwnerCase):
    def test_it_has_the_highest_group_of_each_application(self):
        for privilege in self.env["res.groups.privilege"]._smarter_applications():
            if levels := privilege._smarter_levels():
                self.assertIn(levels[-1], self.owner.all_group_ids, privilege.name)

    def test_it_administers_nothing_of_odoo(self):
        for name in ADMINISTRATION:
            self.assertFalse(self.owner.has_group(name), name)

    def test_a_group_that_brings_administration_is_never_granted(self):
        privilege = self.env["res.groups.privilege"].create({"name": "Trampa"})
        system = self.env.ref("base.group_system")
        group = self.env["res.groups"].create(
            {"name": "Jefe", "privilege_id": privilege.id, "implied_ids": system.ids}
        )
        self.assertNotIn(group, self.env["smarter.tenant"]._grant_apps_to_owners())
        self.assertFalse(self.owner.has_group("base.group_system"))

    def test_a_later_application_leaves_the_others_as_they_are(self):
        contacts = self.env.ref("base.group_partner_manager")
        self.owner.group_ids -= contacts
        granted = self.env["smarter.tenant"]._grant_apps_to_owners(["account"])
        self.assertFalse(contacts & granted)

    def test_members_get_nothing_by_it(self):
        member = self.user("smarter_base.group_member")
        before = member.group_ids
        self.env["smarter.tenant"]._grant_apps_to_owners()
        self.assertEqual(member.group_ids, before)

    def test_it_writes_no_rights_no_code_and_no_parameters(self):
        attempts = {
            "res.groups": {"name": "Míos"},
            "ir.actions.server": {"name": "x", "model_id": 1, "state": "code", "code": "1"},
            "ir.cron": {"name": "x", "model_id": 1, "state": "code", "code": "1"},
            "ir.config_parameter": {"key": "x", "value": "y"},
            "ir.model.access": {"name": "x", "model_id": 1},
            "ir.model.data": {"module": "base", "name": "user_admin2", "model": "res.users"},
            "ir.module.module": {"name": "x"},
            "res.users": {"name": "x", "login": "x"},
        }
        for model, values in attempts.items():
            with self.assertRaises(AccessError, msg=model):
                self.as_owner(model).create(values)

    def test_it_reads_no_parameters(self):
        with self.assertRaises(AccessError):
            self.as_owner("ir.config_parameter").search([])

    def test_it_gives_nobody_a_group_not_even_itself(self):
        system = self.env.ref("base.group_system")
        with self.assertRaises(AccessError):
            self.owner.with_user(self.owner).write({"group_ids": [(4, system.id)]})
        with self.assertRaises(AccessError):
            system.with_user(self.owner).write({"user_ids": [(4, self.owner.id)]})

    def test_its_menus_hold_no_settings(self):
        visible = self.env["ir.ui.menu"].with_user(self.owner)._visible_menu_ids()
        self.assertNotIn(self.env.ref("base.menu_administration").id, visible)
        self.assertIn(self.env.ref("smarter_base.smarter_people_menu").id, visible)


@tagged("post_install", "-at_install")
class TestOperator(OwnerCase):
    def test_it_takes_no_place_of_the_plan(self):
        counted = self.env["res.users"]._smarter_count()
        self.operator.active = False
        self.env.flush_all()
        self.assertEqual(self.env["res.users"]._smarter_count(), counted)

    def test_its_password_is_sent_to_nobody(self):
        self.operator.email = "ajena@ejemplo.invalid"
        with self.assertRaisesRegex(UserError, "operator-access"):
            self.operator.action_reset_password()
        for login in ("operador@ejemplo.invalid", "ajena@ejemplo.invalid"):
            with self.assertRaisesRegex(UserError, "operator-access"):
                self.env["res.users"].sudo().reset_password(login)

    def test_the_owner_takes_neither_account_nor_address(self):
        account, address = self.operator.with_user(self.owner), self.operator.partner_id
        for values in ({"password": "mía"}, {"login": "x"}, {"active": False}):
            with self.assertRaises(AccessError, msg=values):
                account.write(values)
        with self.assertRaises(AccessError):
            address.with_user(self.owner).email = "duena@ejemplo.invalid"

    def test_without_a_password_nobody_is_it(self):
        self.env.cr.execute("UPDATE res_users SET password = NULL WHERE id = %s", self.operator.ids)
        for password in ("admin", "", False):
            with self.assertRaises(AccessDenied):
                self.operator.with_user(self.operator)._check_credentials(
                    {"type": "password", "login": self.operator.login, "password": password},
                    {"interactive": False},
                )


@tagged("post_install", "-at_install")
class TestOwnerHttp(OwnerCase, HttpCase):
    def test_the_owner_logs_in_and_sees_applications_but_no_settings(self):
        self.authenticate(self.owner.login, "una-clave-larga")
        params = {"model": "ir.ui.menu", "method": "load_menus", "args": [False], "kwargs": {}}
        answer = self.url_open("/web/dataset/call_kw", json={"params": params}).json()["result"]
        names = {answer[str(menu)]["xmlid"] for menu in answer["root"]["children"]}
        self.assertIn("smarter_base.smarter_root_menu", names)
        self.assertNotIn("base.menu_administration", names)

    def test_nobody_makes_an_account_uninvited(self):
        self.assertEqual(self.url_open("/web/signup").status_code, 404)
