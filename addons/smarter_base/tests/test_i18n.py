from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from . import i18n


@tagged("post_install", "-at_install")
class TestI18n(TransactionCase):
    def test_every_term_is_translated(self):
        i18n.assert_translated(self.env, "smarter_base")

    def test_a_missing_translation_is_named(self):
        shipped = i18n.translations("smarter_base")
        shipped["Tenant"] = ""
        with patch.object(i18n, "translations", return_value=shipped):
            with self.assertRaisesRegex(AssertionError, "'Tenant'"):
                i18n.assert_translated(self.env, "smarter_base")

    def test_a_stale_translation_is_named(self):
        shipped = {**i18n.translations("smarter_base"), "Nobody says this": "Nadie lo dice"}
        with patch.object(i18n, "translations", return_value=shipped):
            with self.assertRaisesRegex(AssertionError, "Nobody says this"):
                i18n.assert_translated(self.env, "smarter_base")

    def test_labels_are_shown_in_spanish(self):
        fields = self.env["smarter.tenant"].with_context(lang="es_CL").fields_get(["status"])
        self.assertEqual(dict(fields["status"]["selection"])["active"], "Activa")
