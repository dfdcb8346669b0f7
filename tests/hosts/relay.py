"""A relay: what comes to a port of the bridge's address goes to the same port of loopback.

The sample cloud listens on loopback only, which each namespace has for itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def relay(address: str, ports: Iterable[int]) -> Iterator[None]:
    """Relay these ports until the end of the block."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    servers: list[asyncio.Server] = []

    async def serve() -> None:
        servers.extend(
            [await asyncio.start_server(_forward(p), address, p, backlog=256) for p in ports]
        )
        ready.set()
        await stop.wait()
        for server in servers:
            server.close()

    thread = threading.Thread(target=_run, args=(loop, serve()), name="relay", daemon=True)
    thread.start()
    try:
        if not ready.wait(10):
            raise RuntimeError(f"no relay on {address}")
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def _run(loop: asyncio.AbstractEventLoop, serving: Coroutine[Any, Any, None]) -> None:
    """Run until it has ended, then end what is still connected."""
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(serving)


def _forward(port: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        finally:
            back.close()
            writer.close()

    return connected


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until either side ends; then the other hears of it."""
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()
