"""The Chatwoot of the sandbox: the calls under ``/api/v1/accounts/{id}`` that the connector makes.

Shapes follow Chatwoot 4.8: its OpenAPI file for names, its controllers for what that leaves open
(search is a substring match of 15 a page and 100 a minute; a flooded conversation refuses with 422;
posting labels replaces the set). An account exists as soon as it is spoken to.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from aiohttp import web

from smarter_connector.sandbox.chatwoot_state import Account, Contact, Conversation, Invalid
from smarter_connector.sandbox.limits import Bounded

PER_PAGE = 15
MESSAGES_BEFORE = 20
MESSAGES_AFTER = 100
MAX_ACCOUNTS = 100
FILTERS = ("identifier", "email", "phone_number", "name")
MODELS = {0: "conversation_attribute", 1: "contact_attribute"}
TYPES = ("text", "number", "currency", "percent", "link", "date", "list", "checkbox")

Answer = Callable[[web.Request, Account], Awaitable[web.Response]]


class Chatwoot:
    """The stand-in for Chatwoot. An empty ``token`` accepts any token that is not empty.

    With ``open_conversations`` every new contact has an open conversation, as if the customer had
    just written: that is what a private note needs.
    """

    def __init__(self, wall, monotonic, token: str = "") -> None:
        self._wall = wall
        self._monotonic = monotonic
        self.token = token
        self.open_conversations = False
        self.forget()

    def forget(self) -> None:
        """Lose every account, as a Chatwoot restored from nothing."""
        self.accounts: Bounded[int, Account] = Bounded(MAX_ACCOUNTS)
        self.requests = 0

    def account(self, number: int) -> Account:
        """The account of that number, made on first use."""
        if number not in self.accounts:
            self.accounts[number] = Account(self._wall, self._monotonic)
        return self.accounts[number]

    def routes(self) -> list[web.RouteDef]:
        """The paths this part serves, each behind the token."""
        base = r"/api/v1/accounts/{account_id:\d{1,9}}"
        contact = base + r"/contacts/{id:\d{1,12}}"
        messages = base + r"/conversations/{id:\d{1,12}}/messages"
        definitions = base + "/custom_attribute_definitions"
        table = [
            ("GET", base + "/contacts/search", self.search),
            ("POST", base + "/contacts/filter", self.filter),
            ("POST", base + "/contacts", self.create_contact),
            ("GET", contact, self.show_contact),
            ("PUT", contact, self.update_contact),
            ("DELETE", contact, self.delete_contact),
            ("GET", contact + "/conversations", self.contact_conversations),
            ("GET", contact + "/labels", self.labels),
            ("POST", contact + "/labels", self.labels),
            ("POST", base + "/conversations", self.create_conversation),
            ("POST", base + r"/conversations/{id:\d{1,12}}/toggle_status", self.toggle_status),
            ("GET", messages, self.messages),
            ("POST", messages, self.create_message),
            ("GET", definitions, self.definitions),
            ("POST", definitions, self.create_definition),
        ]
        return [web.route(method, path, self._guard(answer)) for method, path, answer in table]

    def _guard(self, answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def guarded(request: web.Request) -> web.Response:
            self.requests += 1
            given = request.headers.get("api_access_token", "")
            if not given or not hmac.compare_digest(given.encode(), (self.token or given).encode()):
                return _error("Invalid Access Token", 401)
            try:
                return await answer(request, self.account(int(request.match_info["account_id"])))
            except Invalid as error:
                document = {"message": str(error), "attributes": error.attributes}
                return web.json_response(document, status=422)
            except KeyError:
                return _error("Resource could not be found", 404)
            except ValueError:
                return _error("There was a problem parsing the JSON", 400)

        return guarded

    async def search(self, request: web.Request, account: Account) -> web.Response:
        """Substring search, and the limit that makes callers remember ids."""
        wait = account.searches.wait()
        if wait:
            headers = {"Retry-After": str(math.ceil(wait))}
            return web.Response(text="Retry later\n", status=429, headers=headers)
        wanted = request.query.get("q", "").strip().lower()
        if not wanted:
            return _error("Specify search string with parameter q", 422)
        found = [contact for contact in account.contacts.values() if _contains(contact, wanted)]
        return _page(found, request)

    async def filter(self, request: web.Request, account: Account) -> web.Response:
        """Exact filter on one plain field, as far as the connector needs it."""
        conditions = (await _body(request)).get("payload")
        if not isinstance(conditions, list) or len(conditions) != 1:
            return _error("The sandbox filters by one condition", 422)
        key = conditions[0].get("attribute_key")
        if key not in FILTERS or conditions[0].get("filter_operator") != "equal_to":
            return _error(f"Invalid attribute key - [{key}]", 422)
        wanted = {str(value).lower() for value in conditions[0].get("values") or []}
        contacts = account.contacts.values()
        found = [one for one in contacts if (getattr(one, key) or "").lower() in wanted]
        return _page(found, request)

    async def create_contact(self, request: web.Request, account: Account) -> web.Response:
        """Create a contact; 422 when a unique field is taken."""
        contact = account.create_contact(await _body(request))
        if self.open_conversations:
            account.open_conversation(contact.id, (contact.inboxes or [1])[0], "open")
        box = contact.to_json()["contact_inboxes"][:1]
        payload = {"contact": contact.to_json(), "contact_inbox": box[0] if box else None}
        return web.json_response({"payload": payload})

    async def show_contact(self, request: web.Request, account: Account) -> web.Response:
        """One contact."""
        return web.json_response({"payload": _contact(request, account).to_json()})

    async def update_contact(self, request: web.Request, account: Account) -> web.Response:
        """Replace plain fields, merge attributes."""
        contact = account.save_contact(_contact(request, account), await _body(request))
        return web.json_response({"payload": contact.to_json()})

    async def delete_contact(self, request: web.Request, account: Account) -> web.Response:
        """Remove a contact, as an agent would."""
        del account.contacts[_contact(request, account).id]
        return web.Response(status=200)

    async def contact_conversations(self, request: web.Request, account: Account) -> web.Response:
        """Conversations of a contact, newest first."""
        found = account.of_contact(_contact(request, account).id)
        return web.json_response({"payload": [one.to_json() for one in found]})

    async def labels(self, request: web.Request, account: Account) -> web.Response:
        """Show, or replace, the labels of a contact."""
        contact = _contact(request, account)
        if request.method == "POST":
            wanted = (await _body(request)).get("labels") or []
            contact.labels = list(dict.fromkeys(str(label) for label in wanted))
        return web.json_response({"payload": contact.labels})

    async def create_conversation(self, request: web.Request, account: Account) -> web.Response:
        """Start a conversation."""
        body = await _body(request)
        contact = account.contacts[body.get("contact_id")]
        status = body.get("status") or "open"
        inbox = body.get("inbox_id") or 1
        return web.json_response(account.open_conversation(contact.id, inbox, status).to_json())

    async def toggle_status(self, request: web.Request, account: Account) -> web.Response:
        """Open or resolve a conversation."""
        conversation = _conversation(request, account)
        conversation.status = str((await _body(request)).get("status") or "resolved")
        payload = {"success": True, "conversation_id": conversation.id}
        payload["current_status"] = conversation.status
        return web.json_response({"meta": {}, "payload": payload})

    async def messages(self, request: web.Request, account: Account) -> web.Response:
        """The last 20 messages, or 100 after an id."""
        found = list(_conversation(request, account).messages.values())
        if "after" in request.query:
            after = int(request.query["after"])
            found = [message for message in found if message["id"] > after][:MESSAGES_AFTER]
        else:
            before = int(request.query.get("before", "0")) or math.inf
            found = [message for message in found if message["id"] < before][-MESSAGES_BEFORE:]
        return web.json_response({"meta": {}, "payload": found})

    async def create_message(self, request: web.Request, account: Account) -> web.Response:
        """Append a message or a private note; this call rescues its own errors in Chatwoot."""
        conversation = _conversation(request, account)
        try:
            message = account.add_message(conversation, await _body(request))
        except Invalid as error:
            return _error(f"Validation failed: {error}", 422)
        return web.json_response(message)

    async def definitions(self, request: web.Request, account: Account) -> web.Response:
        """The attribute definitions of one model."""
        model = MODELS[int(request.query.get("attribute_model", "0"))]
        every = account.definitions.values()
        return web.json_response([one for one in every if one["attribute_model"] == model])

    async def create_definition(self, request: web.Request, account: Account) -> web.Response:
        """Define an attribute; 422 when its key is taken."""
        body = await _body(request)
        key, model = str(body.get("attribute_key") or ""), int(body.get("attribute_model") or 0)
        if not key or (key, model) in account.definitions:
            raise Invalid({"attribute_key": "Attribute key has already been taken"})
        definition = {
            "id": account.next_id("definition"),
            "attribute_display_name": str(body.get("attribute_display_name") or ""),
            "attribute_display_type": TYPES[int(body.get("attribute_display_type") or 0)],
            "attribute_description": str(body.get("attribute_description") or ""),
            "attribute_key": key,
            "attribute_model": MODELS[model],
        }
        account.definitions[key, model] = definition
        return web.json_response(definition)

    def summary(self) -> dict[str, Any]:
        """How much there is of each."""
        accounts = self.accounts.values()
        conversations = [one for account in accounts for one in account.conversations.values()]
        messages = [one for found in conversations for one in found.messages.values()]
        return {
            "requests": self.requests,
            "contacts": sum(len(account.contacts) for account in self.accounts.values()),
            "conversations": len(conversations),
            "notes": sum(message["private"] for message in messages),
        }


async def _body(request: web.Request) -> Mapping[str, Any]:
    document = orjson.loads(await request.read() or b"{}")
    if not isinstance(document, dict):
        raise ValueError("no object")
    return document


def _contact(request: web.Request, account: Account) -> Contact:
    return account.contacts[int(request.match_info["id"])]


def _conversation(request: web.Request, account: Account) -> Conversation:
    return account.conversations[int(request.match_info["id"])]


def _contains(contact: Contact, wanted: str) -> bool:
    fields = (contact.name, contact.email, contact.phone_number, contact.identifier)
    return any(wanted in (text or "").lower() for text in fields)


def _page(found: list[Contact], request: web.Request) -> web.Response:
    page = max(int(request.query.get("page", "1")), 1)
    shown = found[(page - 1) * PER_PAGE : page * PER_PAGE]
    meta = {"count": len(found), "current_page": str(page)}
    return web.json_response({"meta": meta, "payload": [one.to_json() for one in shown]})


def _error(message: str, status: int) -> web.Response:
    return web.json_response({"error": message}, status=status)
