"""The process: proxies, board and book on one loop, until asked to stop."""

import asyncio
import gc
import os
import signal
from collections.abc import Callable
from json import loads
from pathlib import Path

from threadly.faults.board import Board
from threadly.faults.book import Book
from threadly.faults.killing import find_processes
from threadly.faults.places import Place
from threadly.faults.proxy import Proxy

__all__ = ["run_faults"]


def run_faults(arguments: list[str]) -> None:
    """Serve until SIGTERM or SIGINT."""
    ready_file, told = Path(arguments[0]), loads(arguments[1])
    proxies = {
        name: Proxy(Place(**route["listen"]), Place(**route["upstream"])) for name, route in told.items()
    }
    asyncio.run(_serve(proxies, os.environ["DATABASE_URL"], on_ready=ready_file.touch))


async def _serve(proxies: dict[str, Proxy], database_url: str, *, on_ready: Callable[[], None]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    supervisor = os.getppid()
    book = Book(database_url)
    board = Board(proxies, book, find=lambda program: find_processes(program, supervisor=supervisor))
    for proxy in proxies.values():
        await proxy.start()
    keeping = asyncio.create_task(book.keep(board.take))
    gc.collect()
    gc.freeze()
    on_ready()
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({stopping, keeping}, return_when=asyncio.FIRST_COMPLETED)
    for proxy in proxies.values():
        await proxy.stop()
    if keeping.done():
        keeping.result()  # a bug: the supervisor starts this process again
    keeping.cancel()
