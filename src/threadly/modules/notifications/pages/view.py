"""What the pages of notifications show."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from threadly.modules.notifications.types import Kind, Notification
from threadly.web import Avatar, Moment, avatar_of, moment

__all__ = ["KIND_NAMES", "Day", "EntryView", "days_of", "entry_view", "zone_of"]

# How the kinds are called where people choose among them, and what they mean.
KIND_NAMES: Final[dict[Kind, tuple[str, str]]] = {
    "mention": ("Mentions", "Somebody writes your @name."),
    "comment": ("Comments", "Somebody comments on your post."),
    "like": ("Likes", "Somebody likes what you wrote."),
    "follow": ("Followers", "Somebody starts to follow you."),
    "post": ("Posts", "Somebody you follow publishes."),
    "message": ("Messages", "Somebody writes to you. Unread ones are counted beside “Messages”, too."),
    "order": ("Orders", "Where your orders stand. Receipts are always mailed."),
    "moderation": ("Moderation", "What moderators decide about you, your posts and your reports."),
    "account": ("Your account", "Mail to you comes back, for example."),
    "case": ("Cases", "Something was reported or held, and waits for a moderator."),
    "sale": ("Sales", "Somebody bought something in the shop."),
    "stock": ("Stock", "Something in the shop is sold out. It disappears when there is more."),
}
ICONS: Final[dict[Kind, str]] = {
    "mention": "at",
    "comment": "comment",
    "like": "heart",
    "follow": "person",
    "post": "edit",
    "message": "mail",
    "order": "receipt",
    "moderation": "shield",
    "account": "settings",
    "case": "alert",
    "sale": "bag",
    "stock": "store",
}


class EntryView(msgspec.Struct, frozen=True):
    """`faces` are the latest people's, the latest first; without any, the icon stands alone."""

    id: str
    kind: Kind
    icon: str
    title: str
    text: str
    url: str
    faces: list[Avatar]
    time: Moment
    unread: bool


class Day(msgspec.Struct, frozen=True):
    """Entries of one day. `label` is None where the day has begun on the page before."""

    date: str
    label: str | None
    entries: list[EntryView]


def days_of(
    entries: Sequence[Notification], *, now: datetime, zone: ZoneInfo, begun: str | None = None
) -> list[Day]:
    """The entries by the days of a clock in `zone`; the day `begun` (a date) has its heading already."""
    today = now.astimezone(zone).date()
    days = []
    for date, of_day in groupby(entries, key=lambda entry: entry.updated_at.astimezone(zone).date()):
        age = (today - date).days
        label = {0: "Today", 1: "Yesterday"}.get(age, f"{date:%A}, {date.day} {date:%B}")
        if date.year != today.year and age > 1:
            label = f"{label} {date.year}"
        shown = [entry_view(entry, now=now) for entry in of_day]
        days.append(Day(date.isoformat(), None if date.isoformat() == begun else label, shown))
    return days


def entry_view(entry: Notification, *, now: datetime) -> EntryView:
    return EntryView(
        id=str(entry.id),
        kind=entry.kind,
        icon=ICONS[entry.kind],
        title=entry.title,
        text=entry.text,
        url=entry.url,
        faces=[avatar_of(each.name, seed=str(each.id), url=each.avatar_url) for each in entry.actors],
        time=moment(entry.updated_at, now=now),
        unread=entry.read_at is None,
    )


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name, or UTC if this machine does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
