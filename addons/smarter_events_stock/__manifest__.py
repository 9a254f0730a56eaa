{
    "name": "SmarterOS Events for Inventory",
    "summary": "Tells of stock quants that Odoo merges past the ORM",
    "version": "19.0.1.0.0",
    "category": "SmarterOS",
    "author": "SmarterOS",
    "license": "LGPL-3",
    "depends": ["smarter_events", "stock"],
    # Needed wherever both are: without it the warehouse would count merged quants twice.
    "auto_install": True,
}
