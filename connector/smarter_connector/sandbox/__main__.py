"""``python -m smarter_connector.sandbox --port 8100``: serve until interrupted."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from smarter_connector.sandbox.server import NotLoopback, Sandbox


def main(arguments: list[str] | None = None) -> int:
    """Serve; 0 after SIGINT or SIGTERM, 2 when it cannot serve."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_serve(options))
    except (NotLoopback, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="smarter_connector.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="an address of this machine alone")
    parser.add_argument("--port", type=int, default=8100, help="0: any free one")
    parser.add_argument("--chatwoot-token-file", type=Path, help="token that Chatwoot's part wants")
    parser.add_argument("--metabase-key-file", type=Path, help="key that Metabase's part wants")
    parser.add_argument(
        "--open-conversations",
        action="store_true",
        help="every new contact has an open conversation",
    )
    return parser


async def _serve(options: argparse.Namespace) -> None:
    sandbox = Sandbox(host=options.host, port=options.port)
    sandbox.chatwoot.token = _secret(options.chatwoot_token_file)
    sandbox.metabase.api_key = _secret(options.metabase_key_file)
    sandbox.chatwoot.open_conversations = options.open_conversations
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with sandbox:
        print(f"sandbox: {sandbox.url}", flush=True)
        await stop.wait()


def _secret(path: Path | None) -> str:
    return path.read_text(encoding="utf-8").strip() if path else ""


if __name__ == "__main__":
    sys.exit(main())
