"""Servers wait for open streams before they tell the application that they stop: here it hears first."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["before_stopping"]

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def before_stopping(act: Callable[[], object]) -> Iterator[None]:
    """While it is entered, a stop signal has `act` called on the running loop, and then does what it did.

    The server's own handlers must be set already. Elsewhere than in the main thread, where no signals
    arrive, nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(act)
        server = before[number]
        if callable(server):
            server(number, frame)
        elif server == signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    before = {int(number): signal.getsignal(number) for number in STOP_SIGNALS}
    for number in STOP_SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in STOP_SIGNALS:
            signal.signal(number, before[number])
