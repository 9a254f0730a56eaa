from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests import tagged

from smarter_domain.events.catalogue import EVENT_TYPES

from ..types import SHIPPED
from ..types.invoice import OVERDUE
from .common_capture import CaptureCase

LEAD = "crm.lead"


@tagged("post_install", "-at_install")
class TestDormantTypes(CaptureCase):
    """Types whose model is not installed, as in a database without CRM."""

    @contextmanager
    def without_leads(self):
        outbox = self.env["smarter.outbox"]
        with patch.dict(self.registry.models):
            del self.registry.models[LEAD]
            outbox._forget_watches()
            yield outbox
        outbox._forget_watches()

    def setUp(self):
        super().setUp()
        if LEAD not in self.env:
            self.skipTest("crm is not installed")

    def test_a_type_without_its_model_sleeps_and_others_are_captured(self):
        with self.without_leads() as outbox:
            self.assertNotIn(LEAD, outbox._watches())
            partner = self.user_env()["res.partner"].create({"name": "Ana"})
            self.assertEqual(self.types(partner), ["contact.created"])
            self.assertIn("lead.created", [one.name for one in outbox._declarations()])

    def test_it_wakes_when_its_model_is_there(self):
        with self.without_leads() as outbox:
            outbox._watches()
        lead = self.user_env()[LEAD].create({"name": "Obra", "type": "opportunity"})
        self.event("lead.created", lead)

    def test_a_backfill_passes_over_what_sleeps(self):
        request = self.env["smarter.backfill"].create(
            {"subscription_id": self.subscribe("lead.*,tenant.*")}
        )
        with self.without_leads() as outbox:
            [wanted] = outbox._wanted_of(request.subscription_id)
            asleep = {declared.model for declared in request._types(wanted)}
        awake = {declared.model for declared in request._types(wanted)}
        self.assertEqual((asleep, awake - asleep), ({"smarter.tenant"}, {LEAD}))

    def test_a_type_that_watches_a_field_of_a_missing_addon_sleeps(self):
        self.env["smarter.outbox"]._forget_watches()
        with patch.dict(self.registry[LEAD]._fields__):
            del self.registry[LEAD]._fields__["won_status"]
            routes = self.env["smarter.outbox"]._watches()[LEAD].routes
        self.env["smarter.outbox"]._forget_watches()
        names = {route.type.name for route in routes}
        self.assertEqual(names, {"lead.created", "record.deleted"})

    def test_every_type_of_the_catalogue_is_declared_on_its_model(self):
        declared = {(one.name, one.model) for one in (*SHIPPED, OVERDUE)}
        shipped = [kind for name, kind in EVENT_TYPES.items() if name != "test.ping"]
        self.assertEqual({name for name, _ in declared}, {kind.name for kind in shipped})
        self.assertLessEqual({(kind.name, kind.model) for kind in shipped if kind.model}, declared)
