"""What a text must be to become a post, and what in it becomes a link."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from threadly.modules.feed import PostEmpty, PostTooLong, PostUnreadable
from threadly.modules.feed.rules import (
    MOST_CHARACTERS,
    clean_content,
    first_id_at,
    hashtags_of,
    linkify,
    mentions_of,
)
from threadly.platform.ids import new_id

FAMILY = "👨‍👩‍👧‍👦"


@given(st.text())
def test_any_text_is_cleaned_or_refused_and_cleaning_again_changes_nothing(raw: str) -> None:
    try:
        content = clean_content(raw)
    except (PostEmpty, PostTooLong, PostUnreadable):
        return
    assert clean_content(content) == content
    assert content == content.strip()
    assert unicodedata.is_normalized("NFC", content)
    assert 1 <= len(regex.findall(r"\X", content)) <= MOST_CHARACTERS
    assert not regex.search(r"[\p{Cc}\p{Cs}--\n]", content, regex.V1)
    content.encode()


@given(st.text(alphabet=" \n\t\u200b\u200c\u200d\u2060\ufeff\u00ad\u3164\u2800\u180e\u034f\ufe0f\u2028"))
def test_a_text_that_shows_nothing_is_empty(raw: str) -> None:
    with pytest.raises(PostEmpty):
        clean_content(raw)


@pytest.mark.parametrize("character", ["a", "é", "e\u0301", FAMILY, "🇩🇪", "한", "\u0915\u094d\u0937"])
def test_length_is_counted_in_characters_as_people_see_them(character: str) -> None:
    assert clean_content(character * MOST_CHARACTERS)
    with pytest.raises(PostTooLong):
        clean_content(character * (MOST_CHARACTERS + 1))


def test_a_tower_of_accents_is_too_long_however_few_characters_it_seems() -> None:
    with pytest.raises(PostTooLong):
        clean_content("a" + "\u0301\u0316" * 100_000)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x9f", chr(0xD800), chr(0xDFFF)])
def test_control_characters_and_lone_surrogates_are_refused(character: str) -> None:
    with pytest.raises(PostUnreadable):
        clean_content(f"a{character}b")


def test_line_ends_become_newlines_and_tabs_become_spaces() -> None:
    assert clean_content("a\r\nb\rc\u2028d\te") == "a\nb\nc\nd e"


def test_spaces_and_zero_width_characters_at_the_ends_go() -> None:
    assert clean_content(" \u200b \ufeff a \u200b b \u2060\n") == "a \u200b b"


def test_an_emoji_keeps_the_invisible_characters_that_make_it() -> None:
    assert clean_content(f"{FAMILY} ❤\ufe0f") == f"{FAMILY} ❤\ufe0f"


def test_mentions_are_found_once_in_lower_case() -> None:
    assert mentions_of("@AlexSmith and @bob, again @alexsmith! (@ada_1)") == ["alexsmith", "bob", "ada_1"]


@pytest.mark.parametrize("text", ["mail me at bob@example.com", "https://x.org/@bob", "@", "@@bob", "@b@c"])
def test_what_only_looks_like_a_mention_is_none(text: str) -> None:
    assert mentions_of(text) == []


def test_hashtags_are_found_once_in_lower_case() -> None:
    assert hashtags_of("#Python #python, (#été) #café_2 #日本") == ["python", "été", "café_2", "日本"]


@pytest.mark.parametrize("text", ["#1", "# tag", "a#b", "&#39;", "https://x.org/#top", "#" + "a" * 51])
def test_what_only_looks_like_a_hashtag_is_none(text: str) -> None:
    assert hashtags_of(text) == []


@given(st.text(alphabet="ab @#:/.()_\nhtps"), st.lists(st.sampled_from(["a", "ab", "b_b"])))
def test_linkify_loses_nothing(content: str, mentions: list[str]) -> None:
    assert "".join(part.text for part in linkify(content, mentions)) == content


def test_linkify_links_members_tags_and_addresses() -> None:
    parts = linkify("Ask @Bob or @nobody about #Été: (see https://x.org/a_(b)?c=d).", ["bob"])
    assert [(part.kind, part.text, part.href) for part in parts if part.kind != "text"] == [
        ("mention", "@Bob", "/people/bob"),
        ("tag", "#Été", "/tags/%C3%A9t%C3%A9"),
        ("link", "https://x.org/a_(b)?c=d", "https://x.org/a_(b)?c=d"),
    ]


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "http://", "ftp://x.org", "//x.org"]
)
def test_only_web_addresses_become_links(text: str) -> None:
    assert [part.kind for part in linkify(text, [])] == ["text"]


def test_linkify_escapes_nothing_because_templates_do() -> None:
    (part,) = linkify("<script>alert('x')</script>", [])
    assert part.text == "<script>alert('x')</script>"


def test_the_first_id_of_a_time_divides_ids_by_time() -> None:
    made = new_id()
    now = datetime.now(UTC)
    assert first_id_at(now - timedelta(seconds=5)) < made < first_id_at(now + timedelta(seconds=5))


def test_what_grows_too_long_when_it_is_composed_is_refused() -> None:
    with pytest.raises(PostTooLong):
        clean_content(("a" + "\u0344" * 9) * 280)
