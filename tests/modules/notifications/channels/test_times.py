"""Quiet hours and digests keep to the person's own clock, also on the days when clocks change."""

from datetime import UTC, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import asyncpg
import pytest

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

BERLIN = "Europe/Berlin"
ZONES = ("UTC", BERLIN, "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo")
QUIET = (("22:00", "07:00"), ("00:30", "02:30"), ("02:15", "02:45"), ("23:59", "00:01"), ("08:00", "20:00"))
# Around the days on which some of those clocks change, and a quiet one.
DAYS = ("2026-03-28", "2026-03-29", "2026-04-04", "2026-07-01", "2026-10-24", "2026-10-25", "2026-10-31")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def after_quiet(owner: Owner, at: datetime, begins: str, ends: str, zone: str) -> datetime:
    hours = time.fromisoformat(begins), time.fromisoformat(ends)
    told = await owner.fetchval("SELECT notifications.after_quiet_hours($1, $2, $3, $4)", at, *hours, zone)
    assert isinstance(told, datetime)
    return told


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-01-15 20:59", "2026-01-15 20:59"),  # 21:59 in winter: at once
        ("2026-01-15 21:00", "2026-01-16 06:00"),
        ("2026-07-15 20:30", "2026-07-16 05:00"),  # 22:30 in summer
        ("2026-01-16 05:59", "2026-01-16 06:00"),
        ("2026-01-16 06:00", "2026-01-16 06:00"),
        # The night in which clocks are put forward is an hour shorter, the other one an hour longer.
        ("2026-03-28 21:30", "2026-03-29 05:00"),
        ("2026-10-24 20:30", "2026-10-25 06:00"),
    ],
)
async def test_what_happens_at_night_is_told_in_the_morning(owner: Owner, at: str, told: str) -> None:
    assert await after_quiet(owner, utc(at), "22:00", "07:00", BERLIN) == utc(told)


async def test_nobody_is_told_while_it_is_quiet_nor_later_than_a_day(owner: Owner) -> None:
    asked = [
        (utc(day) + timedelta(minutes=minutes), *map(time.fromisoformat, hours), zone)
        for day in DAYS
        for minutes in range(0, 1_440, 30)
        for hours in QUIET
        for zone in ZONES
    ]
    columns = [list(column) for column in zip(*asked, strict=True)]
    told = await owner.fetch(
        """
        SELECT at, quiet_from, quiet_until, zone,
               notifications.after_quiet_hours(at, quiet_from, quiet_until, zone) AS told
        FROM unnest($1::timestamptz[], $2::time[], $3::time[], $4::text[])
             AS each (at, quiet_from, quiet_until, zone)
        """,
        *columns,
    )
    for at, begins, ends, zone, then in told:
        where = f"{at} {begins} {ends} {zone}"
        assert at <= then <= at + timedelta(hours=25), where
        assert not _is_quiet(then, begins, ends, zone), where
        assert (then == at) == (not _is_quiet(at, begins, ends, zone)), where


def _is_quiet(at: datetime, begins: time, ends: time, zone: str) -> bool:
    shown = at.astimezone(ZoneInfo(zone)).time()
    return begins <= shown < ends if begins <= ends else shown >= begins or shown < ends


async def test_digests_come_once_a_day_or_a_week(owner: Owner) -> None:
    async def following(at: datetime, rhythm: str, hour: int, weekday: int, zone: str) -> datetime:
        found = await owner.fetchval(
            "SELECT notifications.next_digest($1, $2, $3, $4, $5)", at, rhythm, hour, weekday, zone
        )
        assert isinstance(found, datetime)
        return found

    for zone in ZONES:
        for hour in (0, 2, 8, 23):
            days = [utc("2026-03-24 12:00")]
            while len(days) < 20:
                days.append(await following(days[-1], "daily", hour, 1, zone))
            there = [each.astimezone(ZoneInfo(zone)).date() for each in days[1:]]
            assert there == [there[0] + timedelta(days=number) for number in range(19)], (zone, hour)
            weekly = await following(days[0], "weekly", hour, 7, zone)
            assert weekly in days
            assert weekly.astimezone(ZoneInfo(zone)).isoweekday() == 7
