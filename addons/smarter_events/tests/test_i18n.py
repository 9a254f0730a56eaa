from odoo.addons.smarter_base.tests import i18n
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestI18n(TransactionCase):
    def test_every_term_is_translated(self):
        i18n.assert_translated(self.env, "smarter_events")

    def test_states_are_shown_in_spanish(self):
        fields = self.env["smarter.delivery"].with_context(lang="es_CL").fields_get(["state"])
        self.assertEqual(dict(fields["state"]["selection"])["dead"], "Muerta")
