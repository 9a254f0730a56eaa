"""The n8n workflows in docs/n8n, put together from the two scripts they all share.

Webhook (raw body) -> Verificar -> new? -> the work -> Anotar -> 200; anything else is answered with
what Verificar says. The answer comes after the work: work that fails is answered with 500 and the
connector tries again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devkit.paths import REPO

FOLDER = REPO / "docs" / "n8n"
Node = dict[str, Any]


@dataclass(frozen=True)
class Workflow:
    """``work`` is the node between Verificar and Anotar, ``note`` what the canvas says about it."""

    file: str
    id: str
    name: str
    path: str
    webhook_id: str
    wanted: tuple[str, ...]
    work: Node
    note: str


_ORDER_TEXT = (
    "={{ JSON.stringify({ content: 'Pedido ' + $json.event.data.name + ' de ' + "
    "$json.event.data.partner.name + ' por ' + $json.event.data.currency + ' ' + "
    "$json.event.data.total, message_type: 'outgoing', private: true }) }}"
)
_STOCK_TEXT = (
    "={{ $json.event.data.product.name }} ({{ $json.event.data.sku || 'sin SKU' }})\n"
    "Disponible: {{ $json.event.data.available }}\nMínimo: {{ $json.event.data.minimum }}\n"
    "Bodega: {{ $json.event.data.warehouse ? $json.event.data.warehouse.name : 'todas' }}"
)
_OVERDUE_TEXT = (
    "=Estimado cliente {{ $json.event.data.partner.name }}:\n\n"
    "La factura {{ $json.event.data.name }} venció el {{ $json.event.data.due_date }} y tiene un "
    "saldo de {{ $json.event.data.currency }} {{ $json.event.data.residual }}.\n"
    "Si ya pagó, no considere este mensaje."
)


def _email(to: str, subject: str, text: str) -> Node:
    return {
        "type": "n8n-nodes-base.emailSend",
        "typeVersion": 2.1,
        "parameters": {
            "fromEmail": "avisos@su-empresa.example",
            "toEmail": to,
            "subject": subject,
            "emailFormat": "text",
            "text": text,
            "options": {"appendAttribution": False},
        },
    }


_CHAT: Node = {
    "type": "n8n-nodes-base.httpRequest",
    "typeVersion": 4.2,
    "parameters": {
        "method": "POST",
        "url": "https://chat.su-empresa.example/api/v1/accounts/1/conversations/1/messages",
        "authentication": "genericCredentialType",
        "genericAuthType": "httpHeaderAuth",
        "sendBody": True,
        "specifyBody": "json",
        "jsonBody": _ORDER_TEXT,
        "options": {"timeout": 10000},
    },
}

WORKFLOWS = (
    Workflow(
        "verificar-y-deduplicar.json",
        "smarterosEventos",
        "SmarterOS: verificar y deduplicar",
        "smarteros-eventos",
        "5b0f6d0e-1d6b-4c3e-9a51-0c1f2a7d0001",
        ("*",),
        {"type": "n8n-nodes-base.noOp", "typeVersion": 1, "parameters": {}},
        "Ponga su trabajo en lugar de «Trabajo». Cada elemento trae un evento en $json.event.",
    ),
    Workflow(
        "stock-bajo-a-correo.json",
        "smarterosStockBajo",
        "SmarterOS: stock bajo a correo",
        "smarteros-stock-bajo",
        "5b0f6d0e-1d6b-4c3e-9a51-0c1f2a7d0002",
        ("stock.low",),
        _email(
            "bodega@su-empresa.example", "=Stock bajo: {{ $json.event.data.name }}", _STOCK_TEXT
        ),
        "Suscriba stock.low. Elija su cuenta SMTP en «Trabajo» y cambie las direcciones.",
    ),
    Workflow(
        "pedido-nuevo-a-chat.json",
        "smarterosPedidoNuevo",
        "SmarterOS: pedido nuevo a chat",
        "smarteros-pedido-nuevo",
        "5b0f6d0e-1d6b-4c3e-9a51-0c1f2a7d0003",
        ("order.confirmed",),
        _CHAT,
        "Suscriba order.confirmed. La dirección es la de una conversación de Chatwoot; la "
        "credencial lleva la cabecera api_access_token. Otro chat: cambie dirección y cuerpo.",
    ),
    Workflow(
        "factura-vencida-recordatorio.json",
        "smarterosFacturaVencida",
        "SmarterOS: recordatorio de factura vencida",
        "smarteros-factura-vencida",
        "5b0f6d0e-1d6b-4c3e-9a51-0c1f2a7d0004",
        ("invoice.overdue",),
        _email(
            "={{ $json.event.data.partner.email || 'cobranza@su-empresa.example' }}",
            "=Factura {{ $json.event.data.name }} vencida",
            _OVERDUE_TEXT,
        ),
        "Suscriba invoice.overdue. Sin correo del cliente, el aviso va a cobranza.",
    ),
)


def written() -> dict[Path, str]:
    """Each workflow file and the text it should have."""
    return {
        FOLDER / workflow.file: json.dumps(build(workflow), ensure_ascii=False, indent=2) + "\n"
        for workflow in WORKFLOWS
    }


def build(workflow: Workflow) -> dict[str, Any]:
    """The workflow as n8n imports it, inactive."""
    placed = {**_nodes(workflow), "Nota": _note(workflow.note)}
    return {
        "id": workflow.id,
        "name": workflow.name,
        "active": False,
        "settings": {"executionOrder": "v1"},
        "nodes": [
            {"id": f"{workflow.id}-{number}", "name": name, **node}
            for number, (name, node) in enumerate(placed.items(), 1)
        ],
        "connections": {
            "Webhook": _to("Verificar"),
            "Verificar": _to("¿Evento nuevo?"),
            "¿Evento nuevo?": _to("Trabajo", "Responder sin trabajo"),
            "Trabajo": _to("Anotar"),
            "Anotar": _to("Responder"),
        },
    }


def _nodes(workflow: Workflow) -> dict[str, Node]:
    verify = _script("verificar.js").replace("['*']", _list(workflow.wanted), 1)
    return {
        "Webhook": _webhook(workflow),
        "Verificar": _code(verify, 220, 0),
        "¿Evento nuevo?": _is_fresh(),
        "Trabajo": {**workflow.work, "position": [660, -100]},
        "Anotar": _code(_script("anotar.js"), 880, -100),
        "Responder": _respond({"respondWith": "noData"}, "200", 1100, -100),
        "Responder sin trabajo": _respond(
            {"respondWith": "text", "responseBody": "={{ $json.reason }}"},
            "={{ $json.status }}",
            660,
            120,
        ),
    }


def _webhook(workflow: Workflow) -> Node:
    return {
        "type": "n8n-nodes-base.webhook",
        "typeVersion": 2.1,
        "position": [0, 0],
        "webhookId": workflow.webhook_id,
        "parameters": {
            "httpMethod": "POST",
            "path": workflow.path,
            "responseMode": "responseNode",
            "options": {"rawBody": True},
        },
    }


def _code(script: str, x: int, y: int) -> Node:
    return {
        "type": "n8n-nodes-base.code",
        "typeVersion": 2,
        "position": [x, y],
        "parameters": {
            "language": "javaScript",
            "mode": "runOnceForAllItems",
            "jsCode": script,
        },
    }


def _is_fresh() -> Node:
    condition = {
        "id": "fresh",
        "leftValue": "={{ $json.fresh }}",
        "rightValue": "",
        "operator": {"type": "boolean", "operation": "true", "singleValue": True},
    }
    options = {"caseSensitive": True, "leftValue": "", "typeValidation": "strict", "version": 2}
    rule = {"options": options, "conditions": [condition], "combinator": "and"}
    return {
        "type": "n8n-nodes-base.if",
        "typeVersion": 2.2,
        "position": [440, 0],
        "parameters": {"conditions": rule, "options": {}},
    }


def _respond(parameters: Node, code: str, x: int, y: int) -> Node:
    status = int(code) if code.isdigit() else code
    return {
        "type": "n8n-nodes-base.respondToWebhook",
        "typeVersion": 1.4,
        "position": [x, y],
        "parameters": {**parameters, "options": {"responseCode": status}},
    }


def _note(text: str) -> Node:
    content = f"{text}\n\nLa clave de firma va en «Verificar». Ver docs/n8n/README.md."
    return {
        "type": "n8n-nodes-base.stickyNote",
        "typeVersion": 1,
        "position": [0, -300],
        "parameters": {"content": content, "height": 180, "width": 420},
    }


def _to(*names: str) -> dict[str, Any]:
    return {"main": [[{"node": name, "type": "main", "index": 0}] for name in names]}


def _script(name: str) -> str:
    return (FOLDER / "fuente" / name).read_text(encoding="utf-8")


def _list(wanted: tuple[str, ...]) -> str:
    return "[" + ", ".join(f"'{name}'" for name in wanted) + "]"
