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
    ],
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
}
