from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools.safe_eval import safe_eval

from .common import SmarterCase


@tagged("post_install", "-at_install")
class TestPeople(SmarterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.user("smarter_base.group_owner")
        cls.admin = cls.user("smarter_base.group_admin")
        cls.clerk = cls.user("smarter_base.group_member")

    def person(self, author, user=None, **values):
        people = self.env["smarter.person"].with_user(author)
        form = Form(people.with_context(default_user_id=user.id if user else False))
        for name, value in values.items():
            form[name] = value
        return form.save()

    def invite(self, author, role="member"):
        person = self.person(author, name="Ana", email=f"ana-{role}@ejemplo.invalid", role=role)
        person.action_apply()
        return self.env["res.users"].search([("login", "=", f"ana-{role}@ejemplo.invalid")])

    def test_the_owner_invites_into_each_role(self):
        for role in ("viewer", "member", "admin", "owner"):
            user = self.invite(self.owner, role)
            self.assertEqual(user._smarter_role(), role)
            self.assertFalse(user.has_group("base.group_erp_manager"))

    def test_members_work_in_the_applications_and_viewers_do_not(self):
        contacts = "base.group_partner_manager"
        self.assertTrue(self.invite(self.owner, "member").has_group(contacts))
        self.assertFalse(self.invite(self.owner, "viewer").has_group(contacts))

    def test_another_role_takes_the_place_of_the_present_one(self):
        self.person(self.owner, self.clerk, role="viewer").action_apply()
        self.assertEqual(self.clerk._smarter_role(), "viewer")
        self.assertFalse(self.clerk.has_group("smarter_base.group_member"))

    def test_who_leaves_is_archived_and_may_come_back(self):
        self.person(self.admin, self.clerk, active=False).action_apply()
        self.assertFalse(self.clerk.active)
        self.person(self.admin, self.clerk, active=True).action_apply()
        self.assertTrue(self.clerk.active)

    def test_the_plan_limits_invitations_too(self):
        self.tenant.plan = "free"
        with self.assertRaisesRegex(ValidationError, "1 users"):
            self.invite(self.owner)

    def test_members_invite_nobody(self):
        with self.assertRaises(AccessError):
            self.invite(self.clerk)

    def test_an_admin_makes_no_owner_and_changes_none(self):
        with self.assertRaises(AccessError):
            self.invite(self.admin, "owner")
        with self.assertRaises(AccessError):
            self.person(self.admin, self.owner, role="viewer").action_apply()

    def test_nobody_changes_themselves(self):
        with self.assertRaises(UserError):
            self.person(self.owner, self.owner, role="viewer").action_apply()

    def test_accounts_of_the_operator_are_out_of_reach(self):
        system, access = self.user("base.group_system"), self.user("base.group_erp_manager")
        for user in (self.env.ref("base.user_admin"), self.env.ref("base.user_root"),
                     system, access, self.env.ref("base.public_user")):  # fmt: skip
            wizard = self.env["smarter.person"].with_user(self.owner).create(
                {"user_id": user.id, "name": "x", "email": "x", "role": "viewer", "active": False}
            )  # fmt: skip
            with self.assertRaises(AccessError, msg=user.login):
                wizard.action_apply()

    def test_the_list_shows_the_people_and_nobody_of_the_operator(self):
        action = self.env.ref("smarter_base.smarter_people_action")
        people = self.env["res.users"].with_user(self.owner).with_context(active_test=False)
        shown = people.search(safe_eval(action.domain))
        self.assertIn(self.clerk, shown)
        self.assertFalse(shown & (self.env.ref("base.user_admin") | self.env.ref("base.user_root")))

    def test_somebody_of_another_company_is_out_of_reach(self):
        other = self.env["res.company"].create({"name": "Otra"})
        self.clerk.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        with self.assertRaises(AccessError):
            self.person(self.owner, self.clerk, role="viewer").action_apply()

    def test_a_suspended_tenant_changes_nobody(self):
        person = self.person(self.owner, self.clerk, role="viewer")
        self.tenant.write({"status": "suspended"})
        with self.assertRaisesRegex(AccessError, "suspended"):
            person.action_apply()
