from odoo.fields import Domain
from odoo.tests import tagged

from .common import SmarterCase

FORMATS = ("54.321.098-6", "543210986", "54321098-6", " 54 321 098-6", "CL543210986")


@tagged("post_install", "-at_install")
class TestPartnerSearch(SmarterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.env["res.partner"].with_user(cls.user())
        cls.zeta = cls.env["res.partner"].create(
            {"name": "Zeta SpA", "country_id": cls.chile.id, "vat": "54321098-6", "ref": "R-54"}
        )

    def found(self, domain):
        return self.partners.search(domain) & self.zeta

    def test_a_dropdown_finds_it_in_every_format(self):
        for text in FORMATS:
            ids = [partner_id for partner_id, _name in self.partners.name_search(text)]
            self.assertEqual(ids, self.zeta.ids, text)

    def test_the_filter_of_the_tax_number_finds_it_in_every_format(self):
        for text in FORMATS:
            for operator in ("ilike", "="):
                self.assertEqual(self.found([("vat", operator, text)]), self.zeta, text)

    def test_a_list_of_numbers_finds_it(self):
        self.assertEqual(self.found([("vat", "in", ["1-9", "54.321.098-6", False])]), self.zeta)
        self.assertFalse(self.found([("vat", "not in", ["54.321.098-6"])]))

    def test_the_search_box_of_contacts_finds_it(self):
        view = self.env.ref("base.view_res_partner_filter")
        arch = self.partners.get_view(view.id, "search")["arch"]
        self.assertIn('name="vat"', arch)
        box = Domain.OR(
            Domain(name, "ilike", "54.321.098-6")
            for name in ("complete_name", "ref", "email", "vat", "company_registry")
        )
        self.assertEqual(self.partners.search(box), self.zeta)

    def test_a_begun_number_with_dots_finds_it(self):
        for text in ("54.321", "54.321.09", "54.321.098-"):
            self.assertTrue(self.found([("vat", "ilike", text)]), text)
            self.assertIn(self.zeta.id, dict(self.partners.name_search(text)), text)

    def test_a_begun_number_without_dots_still_finds_it(self):
        self.assertTrue(self.found([("vat", "ilike", "543210")]))

    def test_a_lower_case_k_finds_the_upper_case(self):
        self.zeta.vat = "40000000-K"
        self.assertIn(self.zeta.id, dict(self.partners.name_search("40.000.000-k")))

    def test_another_number_does_not_find_it(self):
        self.assertFalse(self.found([("vat", "=", "12.345.678-5")]))
        self.assertEqual(self.partners.name_search("54.321.098-4"), [])

    def test_text_is_searched_as_ever(self):
        for text in ("Zeta", "R-54", "zeta spa"):
            self.assertIn(self.zeta.id, dict(self.partners.name_search(text)), text)

    def test_exclusion_keeps_its_meaning(self):
        self.assertTrue(self.found([("vat", "!=", "12345678-5")]))
        self.assertFalse(self.found([("vat", "not ilike", "54321098")]))
        self.assertFalse(self.found(["!", ("vat", "=", "54.321.098-6")]))

    def test_a_condition_through_a_relation_works(self):
        child = self.env["res.partner"].create({"name": "Luis", "parent_id": self.zeta.id})
        for domain in (
            [("parent_id.vat", "=", "54.321.098-6")],
            [("parent_id", "ilike", "54.321.098-6")],
        ):
            self.assertEqual(self.partners.search(domain), child, domain)

    def test_a_company_is_found_in_every_format(self):
        companies = self.env["res.company"].with_user(self.user())
        for text in ("77.654.321-7", "776543217", "77654321-7"):
            self.assertEqual(companies.search([("vat", "=", text)]), self.company, text)
            self.assertIn(self.company.id, dict(companies.name_search(text)), text)
        self.assertFalse(companies.search([("vat", "=", "12.345.678-5")]))
