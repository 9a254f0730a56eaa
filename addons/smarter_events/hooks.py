"""What happens once: when the module is installed and when it leaves."""


def post_init_hook(env):
    """Tell the outbox whose database this is; from then on the tenant's writes keep it so."""
    env["smarter.outbox"]._sync_tenant()


def uninstall_hook(env):
    """Drop the protocol first: a connector must not find functions whose tables are gone."""
    env.cr.execute("DROP SCHEMA IF EXISTS smarteros CASCADE")
    env.cr.execute(
        "DROP TABLE IF EXISTS smarter_external_ref, smarter_backfill, smarter_delivery,"
        " smarter_event, smarter_subscription_key, smarter_subscription, smarter_outbox_state,"
        " smarter_webhook_hour"
    )
