"""As much of a WebSocket client as it takes to be let in and thrown out (RFC 6455)."""

from __future__ import annotations

import json
import os
import socket
from typing import Any

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
TEXT, CLOSE = 0x81, 0x88


class WebSocket:
    """An open connection to ``/websocket`` of a host."""

    def __init__(self, port: int, host: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        headers = {"Host": host, "Origin": f"http://{host}", **UPGRADE}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._socket.sendall(f"GET /websocket?version=x HTTP/1.1\r\n{lines}\r\n".encode())
        self._file = self._socket.makefile("rb")
        assert b" 101 " in self._file.readline()
        while self._file.readline().strip():
            continue

    def __enter__(self) -> WebSocket:
        return self

    def __exit__(self, *problem: object) -> None:
        self._file.close()
        self._socket.close()

    def send(self, value: Any) -> None:
        """One text frame of up to 125 bytes, masked as a client must."""
        payload, mask = json.dumps(value).encode(), os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._socket.sendall(bytes([TEXT, 0x80 | len(payload)]) + mask + masked)

    def closed(self) -> bool:
        """Read until the server closes; False when it says nothing for half a minute."""
        try:
            while head := self._file.read(2):
                if head[0] == CLOSE:
                    return True
                self._file.read(head[1])
        except TimeoutError:
            return False
        return True
