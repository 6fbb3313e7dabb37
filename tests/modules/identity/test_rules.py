"""What names, addresses and passwords may be."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from threadly.modules.identity.rules import (
    RESERVED,
    BadField,
    bio_of,
    device_of,
    email_of,
    email_or_none,
    name_of,
    password_of,
    session_end,
    username_of,
    username_or_none,
    website_of,
)

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u3164\u115f\u2800 \u3000"
FAMILY = "👩‍👩‍👧‍👦"


@given(st.from_regex(r"[A-Za-z0-9_]{3,30}", fullmatch=True))
def test_a_well_formed_username_is_kept_in_lower_case_unless_it_is_reserved(text: str) -> None:
    if text.lower() in RESERVED:
        with pytest.raises(BadField):
            username_of(text)
    else:
        assert username_of(f" {text} ") == text.lower() == username_or_none(text)


@given(st.text(max_size=40))
def test_whatever_is_accepted_as_a_username_is_plain(text: str) -> None:
    try:
        username = username_of(text)
    except BadField:
        return
    assert 3 <= len(username) <= 30
    assert username.isascii()
    assert username == username.lower() == username_of(username)


@pytest.mark.parametrize(
    "text", ["ab", "a" * 31, "a b", "a-b", "ünal", "al.ex", "İstanbul", "al\nex", "", "\x00abc"]
)
def test_what_is_no_username_is_refused(text: str) -> None:
    with pytest.raises(BadField):
        username_of(text)


@pytest.mark.parametrize("text", ["admin", "Settings", "THREADLY"])
def test_reserved_usernames_are_refused(text: str) -> None:
    with pytest.raises(BadField, match="reserved"):
        username_of(text)


@given(st.text(min_size=1, max_size=300))
def test_whatever_is_accepted_as_a_name_is_visible_short_and_stable(text: str) -> None:
    try:
        name = name_of(text)
    except BadField:
        return
    assert 1 <= len(regex.findall(r"\X", name)) <= 60
    assert not any(unicodedata.category(each) in ("Cc", "Cs") for each in name)
    assert name.strip(INVISIBLE)
    assert name_of(name) == name


@given(st.text(alphabet=INVISIBLE, max_size=20))
def test_a_name_that_nobody_can_see_is_refused(text: str) -> None:
    with pytest.raises(BadField):
        name_of(text)


@pytest.mark.parametrize("text", ["Alex\x00Smith", "Alex\x1bSmith", "\u202eAlex", "Al\u2066ex", "\ud800"])
def test_control_characters_and_direction_overrides_are_refused_in_names(text: str) -> None:
    with pytest.raises(BadField):
        name_of(text)


def test_a_name_is_counted_as_people_see_it() -> None:
    assert name_of("é" * 60) == "é" * 60
    assert name_of("e\u0301" * 60) == "é" * 60
    assert name_of(FAMILY * 20) == FAMILY * 20
    with pytest.raises(BadField):
        name_of("e" * 61)
    with pytest.raises(BadField):
        name_of("a" + "\u0301" * 1000)


def test_a_bio_may_be_empty_and_keeps_its_lines() -> None:
    assert bio_of("  one\r\ntwo  ") == "one\ntwo"
    assert bio_of("\u200b") == ""
    for wrong in ("x" * 161, "a\x00b"):
        with pytest.raises(BadField):
            bio_of(wrong)


@pytest.mark.parametrize(
    "text", ["a@b.co", "Alex.Smith+tag@mail.example.com", " o'neil@example.org ", f"{'a' * 64}@example.com"]
)
def test_usual_addresses_are_accepted(text: str) -> None:
    assert email_of(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alex",
        "alex@",
        "@example.com",
        "alex@example",
        "a@b@example.com",
        "alex@-example.com",
        "al ex@example.com",
        "alex.@example.com",
        "alex@exam_ple.com",
        "älex@example.com",
        "alex@example.com\nBcc: everyone@example.com",
        "alex@example.com\x00",
        f"{'a' * 65}@example.com",
        f"alex@{'a.' * 130}com",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert email_or_none(text) is None


@given(st.text(max_size=80))
def test_an_accepted_address_can_stand_in_a_mail_header(text: str) -> None:
    email = email_or_none(f"{text}@example.com")
    assert email is None or (email.isascii() and email.isprintable() and " " not in email)


@pytest.mark.parametrize(
    "text", ["https://example.com/me", "http://example.com", " https://a.example:8080/?q=1#x "]
)
def test_a_website_is_http(text: str) -> None:
    assert website_of(text) == text.strip()


def test_the_scheme_of_a_website_is_kept_in_lower_case() -> None:
    assert website_of("HTTPS://Example.com/A") == "https://Example.com/A"


@pytest.mark.parametrize(
    "text",
    [
        "example.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.com",
        "https://",
        "https://example.com\njavascript:x",
        "https://bank.example@evil.example",
        'https://example.com/"onmouseover=',
        "https://[broken",
        f"https://example.com/{'x' * 200}",
    ],
)
def test_what_is_no_website_is_refused(text: str) -> None:
    with pytest.raises(BadField):
        website_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "short77",
        "x" * 129,
        "password",
        "PASSWORD1",
        "aaaaaaaa",
        "ada@example.com",
        "ada_lovelace",
        "Ada_Lovelace ",
    ],
)
def test_passwords_that_others_try_first_are_refused(text: str) -> None:
    with pytest.raises(BadField):
        password_of(text, email="ada@example.com", username="ada_lovelace")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=12, max_size=128))
def test_long_passwords_are_taken_as_typed(text: str) -> None:
    if len(set(text.strip().casefold())) > 1:
        assert password_of(text, email="a@b.co", username="ada") == text


def test_a_device_is_short_and_printable() -> None:
    assert device_of("Mozilla\x00/5.0\n" + "x" * 500) == "Mozilla/5.0" + "x" * 189


def test_a_session_slides_until_its_year_is_over() -> None:
    opened = datetime(2026, 1, 1, tzinfo=UTC)
    assert session_end(created_at=opened, now=opened) == opened + timedelta(days=30)
    late = opened + timedelta(days=350)
    assert session_end(created_at=opened, now=late) == opened + timedelta(days=365)
