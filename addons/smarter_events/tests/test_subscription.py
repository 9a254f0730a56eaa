from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from .common_ui import SubscriptionCase


@tagged("post_install", "-at_install")
class TestSubscription(SubscriptionCase):
    def test_an_address_without_tls_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "own network"):
            self.subscribe(url="http://n8n.example.cl/webhook")

    def test_an_address_of_the_own_network_may_do_without_tls(self):
        for url in ("http://n8n:5678/webhook/a", "http://10.0.0.7/x", "http://localhost:1/"):
            self.assertEqual(self.subscribe(url=url).url, url)

    def test_addresses_that_cannot_work_are_refused(self):
        for url in (
            "n8n.example.cl",
            "ftp://a.cl/",
            "https://u:p@a.cl/",
            "https://a.cl/#x",
            "",
            "x y",
        ):
            with self.subTest(url=url), self.assertRaises(ValidationError):
                self.subscribe(url=url)

    def test_the_warehouse_needs_no_address(self):
        self.assertFalse(self.subscribe(target="warehouse", url=False).url)

    def test_a_pattern_that_cannot_be_read_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "cannot be read"):
            self.subscribe(patterns="order.confirmed\n!!")

    def test_a_pattern_that_no_type_matches_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "ordr"):
            self.subscribe(patterns="ordr.confirmed")

    def test_types_that_match_are_listed(self):
        found = self.subscribe(patterns="order.*").matching_types.splitlines()
        self.assertEqual(found, ["order.cancelled", "order.confirmed", "order.updated"])

    def test_a_filter_over_several_kinds_of_record_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "one kind"):
            self.subscribe(patterns="*", filter_domain="[('id', '>', 1)]")

    def test_a_filter_on_the_only_kind_of_record_is_kept(self):
        domain = "[('is_company', '=', True)]"
        subscription = self.subscribe(patterns="contact.*", filter_domain=domain)
        self.assertEqual(subscription.filter_domain, domain)

    def test_broken_and_confidential_filters_are_refused(self):
        for domain in (
            "[('is_company'",
            "[('nada', '=', 1)]",
            "[('signup_type', '=', 'x')]",
            "[('user_ids.password', '=', 'x')]",
            "[('id', '=', __import__('os').getpid())]",
        ):
            with self.subTest(domain=domain), self.assertRaises(ValidationError):
                self.subscribe(patterns="contact.*", filter_domain=domain)

    def test_a_filter_goes_only_where_its_author_may_read(self):
        author = self.user("smarter_base.group_admin")  # without any right in the accounts
        for path in ("invoice_ids.amount_total", "child_ids.invoice_ids.name"):
            with self.subTest(path=path), self.assertRaisesRegex(ValidationError, path):
                self.filtered(author, f"[('{path}', '!=', False)]")
        self.assertTrue(self.filtered(author, "[('country_id.code', '=', 'CL')]"))

    def test_no_way_into_the_systems_own_records(self):
        for domain in (
            "[('user_ids', 'any', [('login', 'like', 'a')])]",
            "[('company_id.partner_id.user_ids.login', 'like', 'a')]",
            "[('child_ids', 'any', [('user_id', 'any', [('login', 'like', 'a')])])]",
            "[('child_ids', 'any!', [('name', '=', 'a')])]",
            "[('child_ids', 'any', [('child_ids', 'any!', [('name', '=', 'a')])])]",
        ):
            with self.subTest(domain=domain), self.assertRaises(ValidationError):
                self.filtered(self.admin, domain)

    def test_a_way_that_ends_where_nothing_can_be_searched_is_refused(self):
        with self.assertRaises(ValidationError):
            self.filtered(self.admin, "[('child_ids.contact_address', '=', 'x')]")

    def test_who_changes_what_a_filter_tells_answers_for_it(self):
        subscription = self.filtered(self.admin, "[('is_company', '=', True)]")
        self.assertEqual(subscription.author_id, self.admin)
        subscription.with_user(self.owner).write({"author_id": self.admin.id, "name": "Otra"})
        self.assertEqual(subscription.author_id, self.admin)
        subscription.with_user(self.owner).patterns = "contact.updated"
        self.assertEqual(subscription.author_id, self.owner)

    def filtered(self, person, domain):
        subscriptions = self.env["smarter.subscription"].with_user(person)
        values = {"name": "Filtro", "url": "https://a.cl/x", "patterns": "contact.*"}
        return subscriptions.create(
            values | {"company_id": self.company.id, "filter_domain": domain}
        )

    def test_of_a_request_a_person_says_only_what_is_wanted(self):
        subscription = self.subscribe()
        made = {"state": "done", "cursor": {"contact.updated": 9}, "captured": 7, "error": "x"}
        request = (
            self.env["smarter.backfill"]
            .with_user(self.admin)
            .create({"subscription_id": subscription.id, "company_id": self.company.id} | made)
        )
        asked = {"state": "pending", "cursor": {}, "captured": 0, "error": False}
        self.assertRecordValues(request, [asked])
        with self.assertRaises(AccessError):
            request.write({"state": "done"})

    def test_nobody_sends_a_subscription_the_records_of_another_company(self):
        requests = self.env["smarter.backfill"].with_user(self.everywhere)
        requests = requests.with_context(allowed_company_ids=self.everywhere.company_ids.ids)
        with self.assertRaisesRegex(ValidationError, "own company"):
            requests.create(
                {"subscription_id": self.subscribe().id, "company_id": self.other_company.id}
            )

    def test_the_target_cannot_change(self):
        with self.assertRaisesRegex(UserError, "another"):
            self.subscribe().target = "webhook"

    def test_batch_size_stays_within_the_protocols_bounds(self):
        for size in (0, 501):
            with self.subTest(size=size), self.assertRaises(ValidationError):
                self.subscribe(batch_size=size)

    def test_settings_of_chatwoot_are_fields_of_the_form(self):
        subscription = self.subscribe(
            target="chatwoot",
            url="https://chat.example.cl",
            chatwoot_account_id=3,
            chatwoot_inbox_id=4,
            chatwoot_token_ref="env:SMARTER_SECRET_CHATWOOT",
            chatwoot_note_types="invoice.overdue\n invoice.paid ",
        )
        expected = {
            "account_id": 3,
            "inbox_id": 4,
            "api_token": "env:SMARTER_SECRET_CHATWOOT",
            "note_types": ["invoice.overdue", "invoice.paid"],
        }
        self.env.invalidate_all()
        self.assertEqual(subscription.config, expected)
        self.assertEqual(subscription.chatwoot_note_types, "invoice.overdue\ninvoice.paid")

    def test_an_emptied_setting_leaves_the_configuration(self):
        subscription = self.subscribe(timeout_seconds=30)
        subscription.timeout_seconds = 0
        self.env.invalidate_all()
        self.assertEqual(subscription.config, {})

    def test_a_secret_itself_is_never_stored(self):
        for token in ("abc123", "env:lower", "file:relative", "file:/run/../etc/shadow"):
            with self.subTest(token=token), self.assertRaisesRegex(ValidationError, "secrets"):
                self.subscribe(target="chatwoot", chatwoot_token_ref=token)

    def test_a_setting_that_the_target_does_not_know_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "does not know"):
            self.subscribe(config={"password": "x"})

    def test_a_subscription_with_deliveries_is_archived_not_deleted(self):
        subscription = self.subscribe()
        self.enqueue(subscription)
        with self.assertRaisesRegex(UserError, "Archive"):
            subscription.unlink()

    def test_a_subscription_without_deliveries_goes_with_its_keys(self):
        subscription = self.subscribe()
        subscription_id = subscription.id
        subscription.with_user(self.admin).unlink()
        self.env.cr.execute(
            "SELECT count(*) FROM smarter_subscription_key WHERE subscription_id = %s",
            [subscription_id],
        )
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_a_target_that_went_away_is_enabled_again(self):
        subscription = self.subscribe()
        subscription._call_protocol(
            "disable", {"subscription_id": subscription.id, "reason": "410 Gone"}
        )
        self.assertEqual(subscription.status, "disabled")
        subscription.with_user(self.admin).action_enable()
        self.assertRecordValues(subscription, [{"active": True, "disabled_reason": False}])

    def test_a_test_event_goes_to_this_subscription_alone(self):
        mine, other = self.subscribe(), self.subscribe(name="Otra")
        mine.with_user(self.admin).action_send_test()
        delivery = self.env["smarter.delivery"].search(
            [("subscription_id", "in", (mine + other).ids)]
        )
        self.assertRecordValues(
            delivery, [{"subscription_id": mine.id, "event_type": "test.ping", "state": "pending"}]
        )

    def test_no_test_is_sent_to_what_is_archived(self):
        with self.assertRaisesRegex(UserError, "Activate"):
            self.subscribe(active=False).action_send_test()

    def test_existing_records_are_asked_for_once_at_a_time(self):
        subscription = self.subscribe().with_user(self.admin)
        subscription.action_backfill()
        self.assertTrue(subscription.backfill_running)
        with self.assertRaisesRegex(UserError, "already"):
            subscription.action_backfill()

    def test_all_companies_are_for_who_works_in_all(self):
        with self.assertRaisesRegex(AccessError, "every company"):
            self.subscribe(company_id=False).with_user(self.owner).action_renew_key()
        subscription = self.subscribe(company_id=False).with_user(self.everywhere)
        subscription.patterns = "order.*"
        self.assertEqual(subscription.patterns, "order.*")

    def test_widening_a_subscription_to_all_companies_is_refused(self):
        with self.assertRaisesRegex(AccessError, "every company"):
            self.subscribe().with_user(self.admin).company_id = False


@tagged("post_install", "-at_install")
class TestPlan(SubscriptionCase):
    """Plan free includes five automations."""

    def setUp(self):
        super().setUp()
        self.env["smarter.subscription"].search([]).active = False
        self.tenant.plan = "free"
        self.mine = [self.subscribe(name=f"Flujo {number}") for number in range(5)]

    def as_owner(self, **values):
        values = {"name": "Sexta", "url": "https://n8n.example.cl/webhook/odoo"} | values
        return self.env["smarter.subscription"].with_user(self.owner).create(values)

    def test_one_more_automation_than_the_plan_includes_is_refused(self):
        with self.assertRaisesRegex(ValidationError, "Free includes 5.*Starter includes 10"):
            self.as_owner(target="webhook")

    def test_enabling_one_again_is_refused_too(self):
        self.mine[0].active = False
        self.as_owner()
        with self.assertRaisesRegex(ValidationError, "Free includes 5"):
            self.mine[0].with_user(self.owner).action_enable()
            self.env.flush_all()

    def test_what_is_part_of_the_product_does_not_count(self):
        self.assertTrue(self.as_owner(target="warehouse", url=False).active)
