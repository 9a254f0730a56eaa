"""Chatwoot: customers of Odoo as contacts, and business events as private notes.

Written for Chatwoot 4.x. What is done, in which order, and what is never done:

* A contact is known by ``identifier`` = ``<tenant RUT>:<partner id>``; nothing else ties the two.
* Odoo leads for the fields that have a value there; an empty field of Odoo erases nothing.
* When another contact already has the e-mail or the phone: if that contact has no identifier
  (somebody who wrote before being a customer) it becomes ours, with its conversations; if it has
  one, our contact is kept without the field that is taken. Contacts are never merged or deleted.
* An event that comes late never overwrites newer data; each event leaves at most one note.
"""

from smarter_connector.sinks.chatwoot.sink import ChatwootSink

__all__ = ["ChatwootSink"]
