"""What is looked for, and what somebody who types may mean."""

from collections.abc import Sequence
from functools import partial
from typing import Final
from urllib.parse import quote_plus

import msgspec

from threadly.modules.search.embedder import MeaningOf
from threadly.modules.search.kinds import KINDS, Kind, kind_named, kind_of_type
from threadly.modules.search.repository.finding import (
    CURRENT,
    EXPAND,
    FIND_AUTHOR,
    MATCH_MEANING,
    MATCH_WORDS,
    STEMS,
    SUGGEST_WORDS,
    Expansion,
    Match,
)
from threadly.modules.search.repository.showing import SHOW, HitRow
from threadly.modules.search.rules.fusing import fuse
from threadly.modules.search.rules.highlights import excerpt_of, mark, words_in
from threadly.modules.search.rules.planning import (
    Plan,
    clean_question,
    has_meaning,
    make_plan,
    make_title_query,
)
from threadly.modules.search.types import Found, Hit, HitAuthor, Suggestion, Wanted
from threadly.platform.ids import UUID
from threadly.platform.money import Money
from threadly.platform.work import Work

__all__ = ["MEANT_WEIGHT", "MOST_FOUND", "SAID_WEIGHT", "find", "suggest"]

# Of each ranking so many are merged, and no more can be paged through.
MOST_FOUND: Final = 200
MOST_WORDS: Final = 16
MOST_BEGUN: Final = 10
MOST_SIMILAR: Final = 60
# Meanings farther apart than this have nothing to do with each other.
NEAREST: Final = 0.18
# What a place in a ranking is worth: by all of the words, by some of them, by meaning. Tuned on the golden
# set; the first so that on a first page what has the very words does not stand below what only means them.
SAID_WEIGHT, PARTLY_SAID_WEIGHT, MEANT_WEIGHT = 1.35, 0.3, 1.0
# Up to so many documents of a kind are compared one by one, which is exact; beyond, the graph finds the near
# ones.
EXACT_UP_TO: Final = 10_000
LONGEST_SHOWN: Final = 4_000

SUGGESTED_THINGS: Final = 3
SUGGESTED_WORDS: Final = 4
SHORTEST_TYPED: Final = 2

Key = tuple[str, UUID]


async def find(
    work: Work,
    *,
    question: str,
    wanted: Wanted,
    meaning_of: MeaningOf | None = None,
    by_words: bool = True,
    offset: int = 0,
    limit: int = 20,
) -> Found:
    """The things that fit `question` and that the actor may see, best first. `meaning_of` tells what a
    question means (`Asker.ready`); without it words decide. A page may hold fewer than `limit`: what has gone
    since it was found is not shown."""
    question = clean_question(question)
    kinds = _kinds_of(wanted)
    current = await work.one(CURRENT)
    if current is None or not question or not kinds:
        return Found([], None, None, by_meaning=False)
    filters = await _filters(work, wanted)
    if filters is None:
        return Found([], None, None, by_meaning=False)
    expansions = await work.all(EXPAND, current.id, question, MOST_WORDS, MOST_BEGUN, MOST_SIMILAR)
    asked = _Asked(question, expansions, sum(current.sizes.values()))
    plan = asked.plan()
    names = [kind.name for kind in kinds]
    near = partial(_match_meaning, work, names, filters, meaning_of)
    meant = await near(question)
    if plan and plan.corrected:
        # Which of the two has something nearer to it here was meant.
        other = await near(plan.corrected)
        if meant and _best(meant) > _best(other):
            plan = asked.plan(correcting=False)
        else:
            meant = other
    said: list[Match] = []
    if plan and by_words:
        scoring = (plan.wanted, plan.whole, plan.queries, plan.weights, plan.frequent)
        said = await work.all(MATCH_WORDS, names, *scoring, *filters, work.actor.user_id, MOST_FOUND)
    ranked = fuse(
        [((each.kind, each.id), SAID_WEIGHT if each.complete else PARTLY_SAID_WEIGHT) for each in said],
        [((each.kind, each.id), MEANT_WEIGHT) for each in meant],
    )[:MOST_FOUND]
    hits = await _show(work, ranked[offset : offset + limit], plan)
    more = offset + limit < len(ranked)
    corrected = plan.corrected if plan else None
    return Found(hits, offset + limit if more else None, corrected, by_meaning=bool(meant))


async def suggest(work: Work, *, typed: str) -> list[Suggestion]:
    """People and products whose name has a word that begins as `typed` ends, and words to go on with."""
    typed = clean_question(typed)
    if len(typed) < SHORTEST_TYPED:
        return []
    *before, begun = typed.split()
    words = await work.all(SUGGEST_WORDS, begun, SUGGESTED_WORDS)
    current = await work.one(CURRENT)
    if current is None:
        return []
    searches = [" ".join([*before, word]) for word in words]
    found = [Suggestion("query", text, f"/search?q={quote_plus(text)}", "") for text in searches]
    return [*found, *await _suggest_things(work, typed, index=current.id)]


async def _suggest_things(work: Work, typed: str, *, index: int) -> list[Suggestion]:
    expansions = await work.all(EXPAND, index, typed, MOST_WORDS, MOST_BEGUN, 0)
    titled = make_title_query(expansions)
    if titled is None:
        return []
    matches = await work.all(
        MATCH_WORDS,
        *([kind.name for kind in KINDS if kind.suggested], titled, titled, [titled], [1.0], False),
        *([], None, None, None, None, None, work.actor.user_id, SUGGESTED_THINGS),
    )
    hits = await _show(work, _keys(matches), None)
    return [_suggestion(hit) for hit in hits]


class _Asked(msgspec.Struct, frozen=True):
    question: str
    expansions: Sequence[Expansion]
    documents: int

    def plan(self, *, correcting: bool = True) -> Plan | None:
        return make_plan(self.question, self.expansions, documents=self.documents, correcting=correcting)


async def _match_meaning(
    work: Work,
    kinds: Sequence[str],
    filters: tuple[object, ...],
    meaning_of: MeaningOf | None,
    question: str,
) -> list[Match]:
    meaning = meaning_of(question) if meaning_of and has_meaning(question) else ""
    if not meaning:
        return []
    nearness = (meaning, NEAREST, EXACT_UP_TO)
    return await work.all(MATCH_MEANING, kinds, *nearness, *filters, work.actor.user_id, MOST_FOUND)


def _best(matches: Sequence[Match]) -> float:
    return matches[0].score if matches else 0.0


async def _filters(work: Work, wanted: Wanted) -> tuple[object, ...] | None:
    """What the functions that match take between the question and the viewer; None if nothing can fit."""
    marks = [f"#{wanted.tag.removeprefix('#').lower()}"] if wanted.tag else []
    if wanted.author:
        author_id = await work.one(FIND_AUTHOR, wanted.author.removeprefix("@"))
        if author_id is None:
            return None
        marks.append(f"@{author_id}")
    return (
        *(marks, wanted.since, wanted.until),
        *(wanted.min_price_minor, wanted.max_price_minor, wanted.available),
    )


def _kinds_of(wanted: Wanted) -> list[Kind]:
    chosen = KINDS if wanted.type is None else [kind for kind in (kind_of_type(wanted.type),) if kind]
    priced = (wanted.min_price_minor, wanted.max_price_minor, wanted.available) != (None, None, None)
    return [kind for kind in chosen if kind.has_price or not priced]


def _keys(matches: Sequence[Match]) -> list[Key]:
    return [(match.kind, match.id) for match in matches]


async def _show(work: Work, keys: Sequence[Key], plan: Plan | None) -> list[Hit]:
    """The things as they are now, in this order: a statement for each kind, and one for what is marked."""
    rows: dict[Key, HitRow] = {}
    for name in dict.fromkeys(name for name, _ in keys):
        ids = [id_ for kind, id_ in keys if kind == name]
        shown = await work.all(SHOW[name], ids, work.actor.user_id)
        rows |= {(name, row.id): row for row in shown}
    lexemes = plan.lexemes if plan else frozenset[str]()
    words = words_in(text for row in rows.values() for text in (row.title, row.body[:LONGEST_SHOWN]))
    stems = (
        {each.word: each.lexeme for each in await work.all(STEMS, sorted(words))} if lexemes and words else {}
    )
    return [_hit(kind_named(key[0]), rows[key], stems, lexemes) for key in keys if key in rows]


def _hit(kind: Kind, row: HitRow, stems: dict[str, str | None], lexemes: frozenset[str]) -> Hit:
    price = highest = None
    if row.currency and row.price_minor is not None:
        price = Money(row.price_minor, row.currency)
        highest = Money(row.highest_price_minor or row.price_minor, row.currency)
    author = None
    if row.author_id and row.author_username and row.author_name:
        author = HitAuthor(row.author_id, row.author_username, row.author_name, row.author_avatar_url)
    return Hit(
        type=kind.type,
        id=row.id,
        url=row.url,
        title=mark(row.title, stems=stems, lexemes=lexemes),
        excerpt=excerpt_of(row.body[:LONGEST_SHOWN], stems=stems, lexemes=lexemes),
        author=author,
        created_at=row.created_at,
        image_url=row.image_url,
        image_alt=row.image_alt,
        price=price,
        highest_price=highest,
        available=row.available,
    )


def _suggestion(hit: Hit) -> Suggestion:
    text = "".join(part.text for part in hit.title)
    detail = f"@{hit.author.username}" if hit.type == "users" and hit.author else str(hit.price or "")
    return Suggestion(hit.type, text, hit.url, detail)
