from odoo.addons.http_routing.tests.common import MockRequest
from odoo.exceptions import AccessDenied, AccessError
from odoo.tests import tagged

from .common import SmarterCase

REASON = "Factura de octubre impaga"


@tagged("post_install", "-at_install")
class TestSuspension(SmarterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.user(
            "smarter_base.group_owner", "base.group_partner_manager", "base.group_allow_export"
        )
        cls.partners = cls.env["res.partner"].with_user(cls.clerk)
        cls.customer = cls.partners.create({"name": "Cliente"})
        cls.customer.message_post(body="Llamó ayer")
        cls.entry = cls.env["account.move"].create({"move_type": "entry"})
        cls.tenant.write({"status": "suspended", "status_reason": REASON})

    def assertFrozen(self):
        return self.assertRaisesRegex(AccessError, REASON)

    def test_nothing_is_created_changed_or_deleted(self):
        with self.assertFrozen():
            self.partners.create({"name": "Otro"})
        with self.assertFrozen():
            self.customer.name = "Otro"
        with self.assertFrozen():
            self.customer.unlink()

    def test_the_refusal_is_in_spanish(self):
        with self.assertRaisesRegex(AccessError, "está suspendida"):
            self.customer.with_context(lang="es_CL").name = "Otro"

    def test_not_even_by_an_administrator_of_the_system(self):
        system = self.user("base.group_system")
        with self.assertFrozen():
            self.customer.with_user(system).name = "Otro"

    def test_everything_is_read_and_exported(self):
        self.assertEqual(self.customer.read(["name"])[0]["name"], "Cliente")
        self.assertEqual(self.customer.export_data(["name"])["datas"], [["Cliente"]])
        self.assertIn("Llamó ayer", self.customer.message_ids[0].body)

    def test_forms_offer_nothing_that_would_be_refused(self):
        self.assertFalse(self.partners.has_access("create"))
        self.assertTrue(self.partners.has_access("read"))
        self.assertIn('create="False"', self.partners.get_view(view_type="form")["arch"])

    def test_a_note_is_refused(self):
        with self.assertFrozen():
            self.customer.message_post(body="Hola")

    def test_own_preferences_and_password_may_change(self):
        user = self.clerk.with_user(self.clerk)
        user.write({"lang": "en_US", "signature": "Ana"})
        user.env["res.users"].with_user(self.clerk).env.user._change_password("otra-clave-larga")
        user._check_credentials(
            {"type": "password", "login": user.login, "password": "otra-clave-larga"},
            {"interactive": True},
        )

    def test_another_ones_account_may_not(self):
        manager = self.user("base.group_erp_manager")
        with self.assertFrozen():
            self.clerk.with_user(manager).name = "Otra"

    def test_saved_filters_and_lists_of_an_export_are_ones_own(self):
        kept = (
            self.env["ir.filters"]
            .with_user(self.clerk)
            .create(
                {"name": "Mis clientes", "model_id": "res.partner", "user_ids": [self.clerk.id]}
            )
        )
        offered = self.env["ir.filters"].with_user(self.clerk).get_filters("res.partner")
        self.assertIn(kept.id, [one["id"] for one in offered])

    def test_wizards_open_but_what_they_do_is_refused(self):
        wizards = self.env["base.partner.merge.automatic.wizard"].with_user(self.clerk)
        wizard = wizards.create({})
        other = self.customer.sudo().copy()
        with self.assertRaises(AccessError):
            wizard._merge((self.customer | other).ids, self.customer)

    def test_provisioning_goes_on(self):
        self.customer.sudo().name = "Otro"
        self.assertEqual(self.customer.name, "Otro")

    def test_a_request_with_all_rights_touches_no_document(self):
        with MockRequest(self.env):
            for touch in (lambda: self.entry.write({"ref": "Otra"}), self.entry.copy,
                          self.entry.unlink):  # fmt: skip
                with self.assertRaisesRegex(AccessError, "suspended"):
                    touch()

    def test_looking_at_a_document_still_writes_its_link(self):
        with MockRequest(self.env):
            self.assertTrue(self.entry._portal_ensure_token())

    def test_outsiders_are_not_told_the_reason(self):
        public = self.env.ref("base.public_user")
        error = self.env["smarter.tenant"].with_user(public)._suspended_error()
        self.assertNotIn(REASON, str(error))

    def test_an_active_tenant_works_again(self):
        self.tenant.status = "active"
        self.customer.name = "Otro"
        self.assertTrue(self.partners.has_access("create"))


@tagged("post_install", "-at_install")
class TestWhoLogsIn(SmarterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk, cls.system = cls.user(), cls.user("base.group_system")

    def log_in(self, user):
        """What Odoo answers to the right password."""
        return (
            user.with_user(user)
            .sudo(False)
            ._check_credentials(
                {"type": "password", "login": user.login, "password": user.login},
                {"interactive": True},
            )
        )

    def set_up(self, status):
        self.tenant.status = status
        for user in self.clerk | self.system:
            user.password = user.login

    def test_people_of_an_active_or_suspended_tenant_log_in(self):
        for status in ("active", "suspended"):
            self.set_up(status)
            self.assertEqual(self.log_in(self.clerk)["uid"], self.clerk.id)

    def test_one_being_prepared_is_the_administrators_alone(self):
        self.set_up("provisioning")
        with self.assertRaisesRegex(AccessDenied, "closed"):
            self.log_in(self.clerk)
        self.log_in(self.system)

    def test_nobody_logs_into_a_deleted_one(self):
        self.set_up("deleted")
        for user in self.clerk | self.system:
            with self.assertRaisesRegex(AccessDenied, "closed"):
                self.log_in(user)


@tagged("post_install", "-at_install")
class TestJobs(SmarterCase):
    def rests(self, xmlid):
        return self.env.ref(xmlid)._smarter_rests()

    def test_jobs_rest_while_suspended_or_deleted(self):
        for status in ("suspended", "deleted"):
            self.tenant.status = status
            self.assertTrue(self.rests("mail.ir_cron_mail_scheduler_action"))

    def test_tidying_and_measuring_go_on(self):
        self.tenant.status = "suspended"
        self.assertFalse(self.rests("base.autovacuum_job"))
        self.assertFalse(self.rests("smarter_base.ir_cron_measure"))

    def test_an_active_tenants_jobs_run(self):
        self.assertFalse(self.rests("mail.ir_cron_mail_scheduler_action"))

    def test_a_resting_job_keeps_its_date_and_its_triggers(self):
        self.tenant.status = "suspended"
        cron = self.env.ref("mail.ir_cron_mail_scheduler_action")
        trigger = cron._trigger()
        before = cron.nextcall
        job = {"id": cron.id, "user_id": cron.user_id.id}
        self.registry["ir.cron"]._process_job(self.env.cr, job)
        self.env.invalidate_all()
        self.assertTrue(trigger.exists())
        self.assertEqual(cron.nextcall, before)
