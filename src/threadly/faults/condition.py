"""What an experiment makes of the way to a dependency."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["CLEAR", "CONDITIONS", "Condition", "together"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """`refuses`: connections are closed, and no new one is taken. `to_server_s` and `to_client_s`: how late
    whatever was sent that way arrives. `loses_answers`: every second request gets through and its answer does
    not."""

    refuses: bool = False
    to_server_s: float = 0.0
    to_client_s: float = 0.0
    loses_answers: bool = False


CLEAR: Final = Condition()
# By the kind of an experiment: the routes that it concerns, and what becomes of them.
CONDITIONS: Final[dict[str, tuple[tuple[str, ...], Condition]]] = {
    "provider-down": (("sandbox",), Condition(refuses=True)),
    "provider-slow": (("sandbox",), Condition(to_client_s=3.0)),
    "provider-silent": (("sandbox",), Condition(loses_answers=True)),
    "database-slow": (("postgresql", "postgresql-replica"), Condition(to_server_s=0.5)),
    "valkey-gone": (("valkey",), Condition(refuses=True)),
}


def together(conditions: Iterable[Condition]) -> Condition:
    """The worst of each."""
    found = list(conditions)
    return Condition(
        refuses=any(each.refuses for each in found),
        to_server_s=max((each.to_server_s for each in found), default=0.0),
        to_client_s=max((each.to_client_s for each in found), default=0.0),
        loses_answers=any(each.loses_answers for each in found),
    )
