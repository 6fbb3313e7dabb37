"""Who is asked before a member shows something of themselves: those above identity, whom it does not know.

`threadly.wiring` names them, once for the process.
"""

from collections.abc import Awaitable, Callable

from threadly.platform.work import Work

__all__ = ["Vet", "ask_before_showing", "vet"]

# Is given what is about to be said, empty for a picture or an invitation, and refuses it by raising.
Vet = Callable[[Work, str], Awaitable[None]]

_asked: list[Vet] = []


def ask_before_showing(who: Vet) -> None:
    if who not in _asked:
        _asked.append(who)


async def vet(work: Work, text: str) -> None:
    """Raises what those who are asked raise."""
    for each in _asked:
        await each(work, text)
