"""Pure decisions: what is told by default over which channel, and how an entry is put into words."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from threadly.modules.notifications.types import CHANNELS, KINDS, ChannelName, Kind, Mode
from threadly.platform.actor import Actor
from threadly.platform.ids import UUID

__all__ = [
    "CHOICES",
    "DEFAULTS",
    "EXCERPT_LENGTH",
    "MOST_SHOWN",
    "NEEDS",
    "REPEATED",
    "excerpt_of",
    "kinds_for",
    "kinds_withheld_from",
    "modes_of",
    "title_of",
    "url_of",
]

# How many people an entry names or shows.
MOST_SHOWN = 3
EXCERPT_LENGTH = 140

# What only those are told of who hold a permission, for as long as they hold it.
NEEDS: Final[Mapping[Kind, str]] = {
    "case": "moderation.decide",
    "sale": "store.manage",
    "stock": "store.manage",
}

# At once what somebody waits for or said to this person; in the digest what can wait. Messages have a count
# of their own in the shell, orders a receipt by mail that is always sent; text messages cost money.
_BY_CHANNEL: Final[Mapping[Kind, tuple[Mode, Mode, Mode, Mode]]] = {
    "mention": ("now", "now", "now", "off"),
    "comment": ("now", "now", "now", "off"),
    "like": ("now", "digest", "off", "off"),
    "follow": ("now", "digest", "now", "off"),
    "post": ("now", "digest", "off", "off"),
    "message": ("off", "off", "now", "off"),
    "order": ("now", "off", "now", "off"),
    "moderation": ("now", "now", "now", "off"),
    "account": ("now", "off", "off", "off"),
    "case": ("now", "now", "now", "off"),
    "sale": ("now", "now", "now", "off"),
    "stock": ("now", "digest", "off", "off"),
}
DEFAULTS: Final[Mapping[Kind, Mapping[ChannelName, Mode]]] = {
    kind: dict(zip(CHANNELS, modes, strict=True)) for kind, modes in _BY_CHANNEL.items()
}
CHOICES: Final[Mapping[ChannelName, tuple[Mode, ...]]] = {
    "app": ("off", "now"),
    "mail": ("off", "now", "digest"),
    "push": ("off", "now"),
    "sms": ("off", "now"),
}
# Of these each is worth a mail of its own; of others only the first until the entry is read.
REPEATED: Final[frozenset[Kind]] = frozenset({"comment", "mention", "message", "order", "moderation"})

_ORDER: Final[Mapping[str, str]] = {
    "waiting": "We received your order {number} and confirm its payment soon",
    "paid": "Your order {number} is paid",
    "sent": "Your order {number} is on its way",
    "cancelled": "Your order {number} is cancelled",
    "refunded": "You got a refund for your order {number}",
}
_MODERATION: Final[Mapping[str, str]] = {
    "hidden": "A moderator hid your {what}",
    "released": "Your {what} can be seen again",
    "removed": "Your {what} was removed",
    "warned": "A moderator sent you a warning",
    "muted": "A moderator muted you{until}",
    "reinstated": "Your account is open again",
    "upheld": "A moderator acted on your report",
    "dismissed": "A moderator looked at your report and left things as they are",
    "granted": "Your appeal was granted",
    "refused": "Your appeal was refused",
}
_ACCOUNT: Final[Mapping[str, str]] = {
    "mail_returned": "Mail to {email} comes back, so you get none: confirm your address to change that",
}
_VARIANTS: Final[Mapping[Kind, Mapping[str, str]]] = {
    "order": _ORDER,
    "moderation": _MODERATION,
    "account": _ACCOUNT,
}


def title_of(
    kind: Kind,
    variant: str,
    *,
    names: Sequence[str],
    actor_count: int,
    count: int,
    detail: Mapping[str, Any],
    on_comment: bool = False,
) -> str:
    """One sentence without its full stop. `names` are the latest people's, who may be fewer than
    `actor_count`; `on_comment`: it is about a comment rather than a post."""
    who = people(names, actor_count)
    what = "comment" if on_comment else "post"
    match kind:
        case "follow":
            return f"{who} started to follow you"
        case "like":
            return f"{who} liked your {what}"
        case "comment":
            return f"{who} commented on your post"
        case "mention":
            return f"{who} mentioned you"
        case "post":
            return f"{who} published {'a post' if count == 1 else f'{count} posts'}"
        case "message":
            return f"{who} sent you {'a message' if count == 1 else f'{count} messages'}"
        case "order" | "moderation" | "account":
            return _title_of_variant(kind, variant, detail)
        case "case" | "sale" | "stock":
            return _title_for_staff(kind, count, detail)


def _title_of_variant(
    kind: Literal["order", "moderation", "account"], variant: str, detail: Mapping[str, Any]
) -> str:
    until = f" until {detail['until']}" if detail.get("until") else ""
    return _VARIANTS[kind][variant].format(
        number=detail.get("number", ""),
        what=detail.get("what", "post"),
        until=until,
        email=detail.get("email", "you"),
    )


def _title_for_staff(kind: Literal["case", "sale", "stock"], count: int, detail: Mapping[str, Any]) -> str:
    if kind == "case":
        return "A new case waits" if count == 1 else f"{count} new cases wait"
    if kind == "sale":
        return "A new order" if count == 1 else f"{count} new orders"
    if not detail["of_several"]:
        return f"{detail['product']} is sold out"
    return f"{detail['product']} is sold out in {'one variant' if count == 1 else f'{count} variants'}"


def people(names: Sequence[str], actor_count: int) -> str:
    """ "Kareem", "Kareem and Bob", "Kareem, Bob and Ada", "Kareem and 12 others"."""
    if not names:
        return "Somebody" if actor_count < 2 else f"{actor_count} people"
    others = actor_count - len(names)
    if others <= 0:
        return _listed(names)
    # One name and a number reads faster than three names and a number.
    others = actor_count - 1
    return f"{names[0]} and {others} {'other' if others == 1 else 'others'}"


def url_of(
    kind: Kind,
    *,
    subject_id: UUID,
    thread_id: UUID | None,
    count: int,
    username: str | None,
    detail: Mapping[str, Any],
) -> str:
    """Where on this site an entry leads; `thread_id` is the post that a comment belongs to, `username` the
    latest person's."""
    if kind == "follow" or (kind == "post" and count > 1):
        return f"/people/{username}" if username else "/people"
    if kind == "message":
        return f"/messages/{subject_id}"
    if kind == "order":
        return f"/orders/{subject_id}"
    if kind in ("moderation", "account"):
        return str(detail.get("url", "/settings"))
    if kind == "case":
        return f"/moderate/cases/{subject_id}" if count == 1 else "/moderate"
    if kind == "sale":
        return f"/manage/orders/{subject_id}" if count == 1 else "/manage/orders"
    if kind == "stock":
        return f"/manage/products/{subject_id}"
    return f"/posts/{thread_id}#comment-{subject_id}" if thread_id else f"/posts/{subject_id}"


def excerpt_of(content: str | None) -> str:
    """The beginning of a text, on one line."""
    line = " ".join((content or "").split())
    return line if len(line) <= EXCERPT_LENGTH else f"{line[: EXCERPT_LENGTH - 1].rstrip()}…"


def kinds_for(actor: Actor) -> tuple[Kind, ...]:
    """Of what the actor may be told at present."""
    return tuple(kind for kind in KINDS if kind not in NEEDS or actor.may(NEEDS[kind]))


def kinds_withheld_from(actor: Actor) -> list[Kind]:
    """The rest: what was told before a permission was withdrawn is shown no more, either."""
    return [kind for kind, permission in NEEDS.items() if not actor.may(permission)]


def modes_of(
    chosen: Mapping[Kind, Mapping[ChannelName, Mode | None]], *, kinds: Iterable[Kind]
) -> dict[Kind, dict[ChannelName, Mode]]:
    """The whole table of these kinds, from what a person chose and the defaults."""
    return {
        kind: {channel: chosen.get(kind, {}).get(channel) or DEFAULTS[kind][channel] for channel in CHANNELS}
        for kind in kinds
    }


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} and {names[-1]}"
