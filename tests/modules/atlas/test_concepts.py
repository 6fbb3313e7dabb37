"""The cards hold what they promise: each points at code that exists, and at nothing that does not"""

import ast
import re
from collections import Counter
from hashlib import blake2b
from itertools import chain
from pathlib import Path

import pytest

import threadly
from threadly.modules import atlas
from threadly.modules.atlas import Concept, Home
from threadly.modules.payments.providers.configured import LABELS
from threadly.wiring import JOBS, make_reactions

ROOT = Path(threadly.__file__).parent
CONCEPTS = {concept.slug: concept for concept in atlas.CONCEPTS}
each_concept = pytest.mark.parametrize("concept", atlas.CONCEPTS, ids=list(CONCEPTS))
# What declares or opens something that a trace shows, by the name of what is called.
NAMING = {"sql", "span"}
SCRIPTING = {"Script"}


@each_concept
def test_a_card_points_at_code_that_is_there(concept: Concept) -> None:
    for home in concept.homes:
        place = atlas.find_place(home)
        lines = (ROOT / home.path).read_text().splitlines()
        assert place.excerpt.splitlines()[0] == lines[place.line - 1].strip()


def test_a_long_source_is_cut_after_its_first_lines() -> None:
    whole = atlas.find_place(Home("platform/ids.py", "new_id", "Short.")).excerpt
    cut = atlas.find_place(Home("platform/work.py", "Work", "Long.")).excerpt
    assert whole.endswith("return uuid7()")
    assert cut.splitlines()[-1] == "…"
    assert len(cut.splitlines()) == 15


def test_a_definition_begins_with_its_decorators() -> None:
    place = atlas.find_place(Home("modules/feed/rest/posts.py", "publish_post", "An endpoint."))
    assert place.excerpt.startswith('@post("/posts"')


@pytest.mark.parametrize(
    "gone",
    [
        Home("platform/no_such_file.py", "Cache", "Nothing."),
        Home("platform/cache.py", "Cache.no_such_method", "Nothing."),
        Home("platform/cache.py", "TTL_JITTER.Cache", "Nothing."),
        Home("migrations/versions/0001_platform.py", "CREATE TABLE of nothing", "Nothing."),
        Home("web/static/app.css", "Cache", "Nothing."),
    ],
    ids=lambda home: f"{home.path} {home.symbol}",
)
def test_a_card_that_points_at_nothing_is_found(gone: Home) -> None:
    with pytest.raises(atlas.SourceGone):
        atlas.find_place(gone)


@each_concept
def test_a_card_leads_to_other_cards_only(concept: Concept) -> None:
    assert set(concept.related) <= CONCEPTS.keys() - {concept.slug}
    assert len(set(concept.related)) == len(concept.related)


@each_concept
def test_the_spans_of_a_card_are_opened_somewhere(concept: Concept) -> None:
    assert set(concept.spans) <= SPANS


def test_a_span_that_nobody_opens_is_found() -> None:
    assert "feed.no_such_statement" not in SPANS
    assert {"platform.commit", "store.reserve", "feed.fan_out", "sandbox.charge"} <= SPANS


@each_concept
def test_a_card_is_complete_and_short(concept: Concept) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", concept.slug)
    assert 1 <= len(concept.homes) <= 4
    for text in (concept.what, concept.why):
        assert 1 <= len(_sentences(text)) <= 3
        assert 60 <= len(text) <= 420
        assert text.endswith(".")
    assert all(home.says.endswith(".") for home in concept.homes)


def test_no_two_cards_share_a_slug_or_a_name() -> None:
    slugs = Counter(concept.slug for concept in atlas.CONCEPTS)
    names = Counter(concept.name.casefold() for concept in atlas.CONCEPTS)
    assert [each for each, count in (*slugs.items(), *names.items()) if count > 1] == []


def test_no_two_cards_say_the_same_sentence() -> None:
    said = Counter(
        sentence.casefold()
        for concept in atlas.CONCEPTS
        for text in (concept.what, concept.why)
        for sentence in _sentences(text)
    )
    assert [sentence for sentence, count in said.items() if count > 1] == []


def test_every_layer_has_cards_in_the_order_of_the_layers() -> None:
    order = [layer.slug for layer in atlas.LAYERS]
    assert list(dict.fromkeys(concept.layer for concept in atlas.CONCEPTS)) == order


@each_concept
def test_a_card_is_in_words_of_its_own(concept: Concept) -> None:
    """Not in those of the list that the cards were planned by, of which the fingerprints are kept here."""
    for text in (concept.what, concept.why, *(home.says for home in concept.homes)):
        words = _words(text)
        for count, digest in PLANNED:
            runs = (words[at : at + count] for at in range(len(words) - count + 1))
            assert all(_fingerprint(run) != digest for run in runs), f"{concept.slug} copies {count} words"


def test_a_copied_phrase_is_found() -> None:
    copied = _words("one client starves the rest")
    assert (len(copied), _fingerprint(copied)) in PLANNED


def _sentences(text: str) -> list[str]:
    return [each for each in re.split(r"(?<=[.?!]) ", text) if each]


def _words(text: str) -> list[str]:
    return re.findall(r"[\w’']+", text.lower())


def _fingerprint(words: list[str]) -> str:
    return blake2b(" ".join(words).encode(), digest_size=8).hexdigest()


def _read_planned() -> set[tuple[int, str]]:
    lines = Path(__file__).with_name("planned_phrases.txt").read_text().splitlines()
    return {(int(count), digest) for count, digest in (line.split() for line in lines)}


def _read_spans() -> set[str]:
    """Every name that a trace can show: of statements, spans, scripts, commands, reactions, jobs, calls."""
    found: set[str] = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                found |= _names_in(node)
    reactions = make_reactions()
    found |= {each.name for each in chain.from_iterable(reactions.of(event) for event in reactions.known)}
    return found | {job.name for job in JOBS}


def _names_in(call: ast.Call) -> set[str]:
    match call.args:
        case [ast.Constant(value=str(name)), *_]:
            pass
        case _:
            return {name for name in _keyword(call, "name") if _called(call) == "begin_journey"}
    match call.func:
        case ast.Name(id=called) if called in NAMING:
            return {name}
        case ast.Name(id=called) if called in SCRIPTING:
            return {f"valkey {name}"}
        case ast.Attribute(attr="call", value=ast.Attribute(attr="valkey" | "_valkey")):
            return {f"valkey {name}"}
        case ast.Attribute(attr="call" | "call_repeatedly", value=ast.Name(id="line")):
            return {f"{provider}.{name}" for provider in LABELS}
    return set()


def _keyword(call: ast.Call, name: str) -> list[str]:
    return [
        each.value.value
        for each in call.keywords
        if each.arg == name and isinstance(each.value, ast.Constant) and isinstance(each.value.value, str)
    ]


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


PLANNED = _read_planned()
SPANS = _read_spans()
