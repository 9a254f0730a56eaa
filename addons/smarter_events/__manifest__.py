{
    "name": "SmarterOS Events",
    "summary": "Every business event leaves Odoo once it has committed",
    "version": "19.0.1.0.0",
    "category": "SmarterOS",
    "author": "SmarterOS",
    "license": "LGPL-3",
    # Sale, stock, crm, purchase and point of sale are optional: their types sleep until installed.
    "depends": ["smarter_base", "mail"],
    "external_dependencies": {"python": ["smarteros"]},
    "data": [
        "security/groups.xml",
        "security/ir.model.access.csv",
        "security/rules.xml",
        "data/ir_cron.xml",
        "data/ir_cron_dead_letters.xml",
        "data/mail_activity_type.xml",
        "wizard/smarter_key_dialog_views.xml",
        # The subscription's form opens the replay.
        "wizard/smarter_replay_views.xml",
        "views/smarter_delivery_views.xml",
        "views/smarter_subscription_views.xml",
        "views/smarter_event_views.xml",
        "views/smarter_event_type_views.xml",
        "views/smarter_outbox_state_views.xml",
        "views/menus.xml",
    ],
    "assets": {
        "web.assets_backend": ["smarter_events/static/src/views/*.js"],
        "web.assets_tests": ["smarter_events/static/tests/tours/*.js"],
    },
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
