from collections import Counter

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, TransactionCase, tagged

from .common import SmarterCase

# Comunas of each region, by its two digits (SUBDERE, 2018).
COUNTS = {
    "15": 4, "01": 7, "02": 9, "03": 9, "04": 15, "05": 38, "13": 52, "06": 33,
    "07": 30, "16": 21, "08": 33, "09": 32, "14": 12, "10": 30, "11": 10, "12": 11,
}  # fmt: skip


@tagged("post_install", "-at_install")
class TestComunaTable(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.comunas = cls.env["smarter.comuna"].search([])

    def test_there_are_346(self):
        self.assertEqual(len(self.comunas), 346)

    def test_each_region_has_its_own(self):
        self.assertEqual(Counter(comuna.code[:2] for comuna in self.comunas), COUNTS)

    def test_the_code_begins_with_the_region(self):
        for comuna in self.comunas:
            region = self.env.ref(f"base.state_cl_{comuna.code[:2]}")
            self.assertEqual(comuna.state_id, region, comuna.name)

    def test_names_and_aliases_are_unambiguous(self):
        keys = [key for comuna in self.comunas for key in comuna.search_name.split(";")]
        self.assertEqual([key for key, count in Counter(keys).items() if count > 1], [])

    def test_known_codes(self):
        known = {"13101": "Santiago", "05109": "Viña del Mar", "16101": "Chillán", "15101": "Arica"}
        found = {code: self.env.ref(f"smarter_base.comuna_{code}").name for code in known}
        self.assertEqual(found, known)

    def test_a_code_of_four_digits_is_refused(self):
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._load("1101", "Nueva")

    def test_a_repeated_name_is_refused(self):
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self._load("99999", "Santiago")

    def _load(self, code, name):
        region = self.env.ref("base.state_cl_13")
        result = self.env["smarter.comuna"].load(
            ["code", "name", "state_id/.id"], [[code, name, str(region.id)]]
        )
        if result["messages"]:
            raise ValidationError(result["messages"][0]["message"])

    def test_search_ignores_accents_and_knows_other_names(self):
        names = {"nunoa": "Ñuñoa", "NUÑOA": "Ñuñoa", "la calera": "Calera", "13120": "Ñuñoa"}
        for text, name in names.items():
            found = self.env["smarter.comuna"].name_search(text)
            self.assertEqual([label for _id, label in found], [name], text)

    def test_exact_name_finds_one_although_others_contain_it(self):
        found = self.env["smarter.comuna"].name_search("maule", operator="=")
        self.assertEqual([label for _id, label in found], ["Maule"])


@tagged("post_install", "-at_install")
class TestComunaOfAddress(SmarterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.user("base.group_partner_manager")
        cls.partners = cls.env["res.partner"].with_user(cls.clerk)
        cls.nunoa = cls.env.ref("smarter_base.comuna_13120")
        cls.metropolitana = cls.env.ref("base.state_cl_13")

    def test_a_comuna_fills_city_region_and_country(self):
        partner = self.partners.create({"name": "Ana", "smarter_comuna_id": self.nunoa.id})
        self.assertRecordValues(
            partner,
            [{
                "city": "Ñuñoa",
                "state_id": self.metropolitana.id,
                "country_id": self.chile.id,
            }],
        )  # fmt: skip

    def test_the_form_fills_them_at_once(self):
        with Form(self.partners) as form:
            form.name = "Ana"
            form.country_id = self.chile
            form.smarter_comuna_id = self.nunoa
            self.assertEqual((form.city, form.state_id), ("Ñuñoa", self.metropolitana))

    def test_another_city_may_be_written_beside_the_comuna(self):
        values = {"name": "Ana", "smarter_comuna_id": self.nunoa.id, "city": "Santiago"}
        partner = self.partners.create(values)
        self.assertEqual((partner.city, partner.smarter_comuna_id), ("Santiago", self.nunoa))

    def test_an_imported_city_is_recognised(self):
        values = {"name": "Ana", "country_id": self.chile.id, "city": "ñuñoa "}
        self.assertEqual(self.partners.create(values).smarter_comuna_id, self.nunoa)

    def test_a_city_of_another_region_is_not(self):
        values = {
            "name": "Ana",
            "country_id": self.chile.id,
            "state_id": self.env.ref("base.state_cl_05").id,
            "city": "Ñuñoa",
        }
        self.assertFalse(self.partners.create(values).smarter_comuna_id)

    def test_a_foreign_city_of_the_same_name_is_not(self):
        values = {"name": "Ana", "country_id": self.env.ref("base.es").id, "city": "Santiago"}
        self.assertFalse(self.partners.create(values).smarter_comuna_id)

    def test_moving_to_another_region_drops_the_comuna(self):
        partner = self.partners.create({"name": "Ana", "smarter_comuna_id": self.nunoa.id})
        partner.write({"state_id": self.env.ref("base.state_cl_05").id, "city": "Valparaíso"})
        self.assertEqual(partner.smarter_comuna_id.code, "05101")

    def test_contacts_follow_the_address_of_their_company(self):
        parent = self.partners.create({"name": "Ana SpA", "is_company": True})
        child = self.partners.create({"name": "Ana", "parent_id": parent.id})
        parent.smarter_comuna_id = self.nunoa
        self.assertEqual(child.smarter_comuna_id, self.nunoa)

    def test_a_company_has_its_comuna_too(self):
        self.company.smarter_comuna_id = self.nunoa
        self.assertEqual((self.company.city, self.company.state_id.code), ("Ñuñoa", "CL-RM"))

    def test_nobody_changes_the_table(self):
        admin = self.user("smarter_base.group_owner")
        with self.assertRaises(AccessError):
            self.nunoa.with_user(admin).name = "Otra"
