"""Names, times and counts as people read them."""

from datetime import UTC, datetime, timedelta

import pytest

from threadly.web import FILTERS, asset, avatar_of, moment

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("age", "label"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=1), "1m"),
        (timedelta(minutes=59, seconds=59), "59m"),
        (timedelta(hours=23), "23h"),
        (timedelta(days=6, hours=23), "6d"),
        (timedelta(days=7), "13 Nov"),
        (timedelta(days=365), "20 Nov 2025"),
    ],
)
def test_a_moment_is_relative_for_a_week_and_then_a_date(age: timedelta, label: str) -> None:
    assert moment(NOW - age, now=NOW).label == label


def test_a_moment_is_exact_for_machines_and_whole_for_people() -> None:
    exact = moment(NOW.replace(microsecond=123), now=NOW)
    assert exact.iso == "2026-11-20T12:00:00Z"
    assert exact.full == "20 November 2026, 12:00 UTC"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1K"),
        (1290, "1.2K"),
        (12_345, "12K"),
        (999_999, "999K"),
        (5_600_000, "5.6M"),
    ],
)
def test_a_count_is_short_and_never_more_than_the_truth(count: int, text: str) -> None:
    assert FILTERS["compact"](count) == text


@pytest.mark.parametrize(
    ("name", "initials"),
    [("Sarah Johnson", "SJ"), ("Ada", "A"), ("Ana María de la Cruz", "AC"), ("  ", "?"), ("ßeta", "S")],
)
def test_initials_are_of_the_first_and_the_last_name(name: str, initials: str) -> None:
    assert avatar_of(name, seed="1").initials == initials


def test_a_new_name_keeps_the_colour() -> None:
    assert avatar_of("Ada", seed="7").hue == avatar_of("Ada Lovelace", seed="7").hue


def test_an_asset_has_an_address_that_follows_its_content() -> None:
    assert asset("app.css").startswith("/static/app.css?v=")


def test_a_missing_asset_is_refused() -> None:
    with pytest.raises(FileNotFoundError):
        asset("no-such-file.css")
