"""The types of event that are shipped, one module a family. Odoo modules are never imported here:
a type whose model is missing sleeps until the model is there."""

from . import contact

SHIPPED = (*contact.TYPES,)
BY_NAME = {declared.name: declared for declared in SHIPPED}
