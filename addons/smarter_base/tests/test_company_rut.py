from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import SmarterCase, rut


@tagged("post_install", "-at_install")
class TestCompanyRut(SmarterCase):
    def create_company(self, name="Segunda SpA", **values):
        return self.env["res.company"].create({"name": name, "country_id": self.chile.id, **values})

    def test_it_is_stored_plain_whatever_was_typed(self):
        company = self.create_company(vat="40.404.040-5")
        self.assertEqual((company.vat, company.smarter_rut), ("40404040-5", "40404040-5"))

    def test_the_form_accepts_dots_and_lower_case(self):
        with Form(self.env["res.company"]) as form:
            form.name = "Segunda SpA"
            form.country_id = self.chile
            form.l10n_cl_activity_description = "Comercio"
            form.vat = "40.000.000-k"
        self.assertEqual(form.record.smarter_rut, "40000000-K")

    def test_a_wrong_check_digit_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "40.404.040-9"):
            self.create_company(vat="40.404.040-9")

    def test_a_chilean_company_of_an_active_tenant_needs_one(self):
        with self.assertRaisesRegex(ValidationError, "Segunda SpA"):
            self.create_company()

    def test_a_foreign_company_needs_none(self):
        company = self.create_company(country_id=self.env.ref("base.pe").id)
        self.assertFalse(company.smarter_rut)

    def test_a_tenant_being_prepared_may_have_companies_without(self):
        self.tenant.status = "provisioning"
        self.assertFalse(self.create_company().smarter_rut)

    def test_it_cannot_be_taken_away_while_the_tenant_is_active(self):
        company = self.create_company(vat=rut(40404040))
        with self.assertRaisesRegex(ValidationError, "has no RUT|no tiene RUT"):
            company.vat = False

    def test_two_companies_cannot_share_one(self):
        with self.assertRaisesRegex(ValidationError, self.tenant_rut):
            self.create_company(vat=self.tenant_rut)

    def test_an_archived_company_keeps_its_own(self):
        self.create_company(vat=rut(40404040)).active = False
        with self.assertRaisesRegex(ValidationError, rut(40404040)):
            self.create_company("Tercera SpA", vat=rut(40404040))

    def test_the_database_itself_refuses_a_repeated_one(self):
        company = self.create_company(vat=rut(40404040))
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.env.cr.execute(
                "UPDATE res_company SET smarter_rut = %s WHERE id = %s",
                [self.tenant_rut, company.id],
            )

    def test_it_may_be_corrected_before_there_is_accounting(self):
        company = self.create_company(vat=rut(40404040))
        company.vat = rut(76086429)
        self.assertEqual(company.smarter_rut, rut(76086429))

    def test_it_is_fixed_once_entries_are_posted(self):
        company = self.create_company(vat=rut(40404040), currency_id=self.env.ref("base.CLP").id)
        self.post_entry(company)
        with self.assertRaisesRegex(ValidationError, rut(40404040)):
            company.vat = rut(76086429)

    def test_writing_the_same_one_again_is_no_change(self):
        company = self.create_company(vat=rut(40404040), currency_id=self.env.ref("base.CLP").id)
        self.post_entry(company)
        company.vat = "40.404.040-5"
        self.assertEqual(company.smarter_rut, rut(40404040))

    def test_the_principal_one_of_the_tenant_must_stay_on_a_company(self):
        with self.assertRaisesRegex(ValidationError, self.tenant_rut):
            self.company.vat = rut(40404040)


@tagged("post_install", "-at_install")
class TestBranchRut(SmarterCase):
    def create_branch(self, **values):
        return self.env["res.company"].create(
            {"name": "Sucursal Temuco", "parent_id": self.company.id, **values}
        )

    def test_a_branch_gets_the_one_of_its_company(self):
        branch = self.create_branch()
        self.assertEqual((branch.smarter_rut, branch.vat), (self.tenant_rut, self.tenant_rut))

    def test_a_branch_of_a_branch_too(self):
        branch = self.create_branch()
        small = self.create_branch(name="Bodega", parent_id=branch.id)
        self.assertEqual(small.smarter_rut, self.tenant_rut)

    def test_a_branch_with_another_one_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "Sucursal Temuco"):
            self.create_branch(vat=rut(40404040), country_id=self.chile.id)

    def test_branches_follow_a_correction(self):
        self.tenant.status = "provisioning"
        branch = self.create_branch()
        self.company.vat = rut(40404040)
        self.assertEqual((branch.smarter_rut, branch.vat), (rut(40404040), rut(40404040)))
