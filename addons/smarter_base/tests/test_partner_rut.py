from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .common import SmarterCase, rut


@tagged("post_install", "-at_install")
class TestPartnerRut(SmarterCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.clerk = cls.user("base.group_partner_manager")
        cls.partners = cls.env["res.partner"].with_user(cls.clerk)

    def create_partner(self, vat, **values):
        return self.partners.create(
            {"name": "Ana Rojas", "country_id": self.chile.id, "vat": vat, **values}
        )

    def test_every_way_of_writing_is_stored_the_same(self):
        for text in ("12.345.678-5", "123456785", "12345678-5", " 12 345 678-5 ", "012345678-5"):
            partner = self.create_partner(text)
            self.assertEqual((partner.vat, partner.smarter_rut), ("12345678-5",) * 2, text)

    def test_a_rut_without_a_type_is_a_rut(self):
        rut_type = self.env.ref("l10n_cl.it_RUT")
        for country_id in (self.chile.id, False):
            partner = self.create_partner("12.345.678-5", country_id=country_id)
            self.assertEqual(partner.l10n_latam_identification_type_id, rut_type)

    def test_a_type_that_was_chosen_and_a_foreign_number_keep_theirs(self):
        passport = self.env.ref("l10n_latam_base.it_pass")
        chosen = self.create_partner("12345678-5", l10n_latam_identification_type_id=passport.id)
        self.assertEqual(chosen.l10n_latam_identification_type_id, passport)
        abroad = self.create_partner("12345678-5", country_id=self.env.ref("base.us").id)
        self.assertEqual(
            abroad.l10n_latam_identification_type_id, self.env.ref("l10n_latam_base.it_vat")
        )

    def test_lower_case_k_becomes_upper_case(self):
        self.assertEqual(self.create_partner("40000000-k").vat, "40000000-K")

    def test_a_short_one_is_valid_too(self):
        self.assertEqual(self.create_partner("1-9").smarter_rut, "1-9")

    def test_a_write_is_normalised_like_a_create(self):
        partner = self.create_partner(False)
        partner.vat = "11.111.111-1"
        self.assertEqual(partner.vat, "11111111-1")

    def test_the_form_shows_the_stored_format_while_typing(self):
        with Form(self.partners) as form:
            form.name = "Ana Rojas"
            form.country_id = self.chile
            form.vat = "12.345.678-5"
            self.assertEqual(form.vat, "12345678-5")

    def test_a_wrong_check_digit_is_refused_saying_what_and_where(self):
        with self.assertRaises(ValidationError) as caught:
            self.create_partner("12.345.678-9")
        self.assertIn("12.345.678-9", str(caught.exception))
        self.assertIn("Ana Rojas", str(caught.exception))

    def test_the_message_is_spanish_for_who_reads_spanish(self):
        with self.assertRaisesRegex(ValidationError, "El dígito verificador no corresponde"):
            self.create_partner(False).with_context(lang="es_CL").vat = "12.345.678-9"

    def test_what_is_not_a_rut_is_refused(self):
        for text in ("abc", "123456789012", "12345678-"):
            with self.assertRaises(ValidationError, msg=text), self.cr.savepoint():
                self.create_partner(text)

    def test_a_slash_says_there_is_none(self):
        partner = self.create_partner("/")
        self.assertEqual((partner.vat, partner.smarter_rut), ("/", False))

    def test_a_foreign_number_is_left_to_odoo(self):
        partner = self.create_partner("213123432-1", country_id=self.env.ref("base.co").id)
        self.assertEqual((partner.vat, partner.smarter_rut), ("213123432-1", False))

    def test_without_country_what_is_written_as_a_rut_is_one(self):
        for text in ("12.345.678-5", " 12 345 678-5", "cl12345678-5", "CL123456785"):
            partner = self.create_partner(text, country_id=False)
            self.assertEqual((partner.vat, partner.smarter_rut), ("12345678-5", "12345678-5"), text)

    def test_without_country_a_wrong_one_is_refused(self):
        with self.assertRaises(ValidationError):
            self.create_partner("12.345.678-9", country_id=False)

    def test_without_country_other_numbers_stay_as_they_are(self):
        partner = self.create_partner("BE0477472701", country_id=False)
        self.assertEqual((partner.vat, partner.smarter_rut), ("BE0477472701", False))

    def test_the_type_of_identification_rut_needs_no_country(self):
        for xmlid in ("l10n_cl.it_RUT", "l10n_cl.it_RUN"):
            kind = {
                "country_id": False,
                "l10n_latam_identification_type_id": self.env.ref(xmlid).id,
            }
            self.assertEqual(self.create_partner("123456785", **kind).smarter_rut, "12345678-5")
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.create_partner("123456789", **kind)

    def test_becoming_chilean_checks_the_number(self):
        partner = self.create_partner("123456789", country_id=self.env.ref("base.us").id)
        with self.assertRaises(ValidationError):
            partner.country_id = self.chile

    def test_two_contacts_may_share_one_and_the_form_warns(self):
        first, second = self.create_partner(rut(40404040)), self.create_partner(rut(40404040))
        self.assertEqual(second.same_vat_partner_id, first)

    def test_the_anonymous_buyer_is_shared_without_warning(self):
        self.create_partner("66666666-6")
        self.assertFalse(self.create_partner("66.666.666-6").same_vat_partner_id)

    def test_contacts_inherit_the_one_of_their_company(self):
        parent = self.create_partner(rut(40404040), is_company=True)
        child = self.partners.create({"name": "Luis", "parent_id": parent.id})
        self.assertEqual(child.smarter_rut, rut(40404040))

    def test_an_import_of_trusted_data_is_not_checked_and_has_no_rut(self):
        partners = self.partners.with_context(no_vat_validation=True)
        partner = partners.create(
            {"name": "Ana", "country_id": self.chile.id, "vat": "12.345.678-9"}
        )
        self.assertFalse(partner.smarter_rut)

    def test_a_write_asks_the_database_nothing_more_than_odoo_does(self):
        partner = self.create_partner("12345678-5")
        partner._smarter_companies()
        with self.assertQueryCount(0):
            self.assertFalse(partner._smarter_companies())
            self.assertTrue(partner._smarter_has_rut())
            self.assertTrue(partner._smarter_chile())
