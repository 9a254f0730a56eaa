{
    "name": "SmarterOS Server",
    "summary": "Leads each host to its tenant's database, and keeps every other door shut",
    "version": "19.0.1.0.0",
    "category": "SmarterOS",
    "author": "SmarterOS",
    "license": "LGPL-3",
    "depends": ["rpc", "web"],
    "external_dependencies": {"python": ["smarteros"]},
    # Loaded by the server (--load=base,rpc,web,smarter_server), never installed in a database:
    # it has no models, and a tenant's schema must not depend on how the tenant is reached.
    "installable": False,
    "post_load": "post_load",
}
