"""A relay: what comes to a port of the bridge's address goes to the same port of loopback.

The sample cloud listens on loopback only, which each namespace has for itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def relay(address: str, ports: Iterable[int]) -> Iterator[None]:
    """Relay these ports until the end of the block."""
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        for port in ports:
            await asyncio.start_server(_forward(port), address, port, backlog=256)
        ready.set()

    def run() -> None:
        task = loop.create_task(serve())
        loop.run_forever()
        task.cancel()

    thread = threading.Thread(target=run, name="relay", daemon=True)
    thread.start()
    if not ready.wait(10):
        raise RuntimeError(f"no relay on {address}")
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


def _forward(port: int):
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            there, back = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_copy(reader, back), _copy(there, writer))

    return connected


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()
