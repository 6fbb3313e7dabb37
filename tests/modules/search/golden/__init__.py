"""The golden set: a small community of our own writing, questions, and what a person would want to find.

`documents.txt` and `queries.txt` say in their first line how they are read. `measure` asks all the questions
and tells how good the answers are: nDCG@10, the mean over the questions, with gains of 2^grade - 1.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from math import log2
from pathlib import Path

import msgspec

from threadly.modules import feed, identity, search, store
from threadly.modules.identity.permissions import permissions_of
from threadly.modules.search.embedder import asker
from threadly.platform.ids import UUID
from threadly.platform.money import Money
from threadly.platform.work import SYSTEM, Actor, Tenant, Work, Works

__all__ = ["Document", "Quality", "Question", "measure", "ndcg", "read_documents", "read_questions", "settle"]

HERE = Path(__file__).parent
AT = 10
INDEX_PATIENCE_S, POLL_S = 60.0, 0.5
PRICE_MINOR = 2_500
JOINED_AT = datetime(2025, 1, 1, tzinfo=UTC)


class Document(msgspec.Struct, frozen=True):
    name: str
    kind: str
    title: str
    text: str


class Question(msgspec.Struct, frozen=True):
    text: str
    judged: dict[str, int]


class Quality(msgspec.Struct, frozen=True):
    """nDCG@10 by words alone, by meaning alone, merged."""

    words: float
    meaning: float
    merged: float


def read_documents() -> list[Document]:
    return [Document(*fields) for fields in _lines("documents.txt")]


def read_questions() -> list[Question]:
    pairs = [(text, [each.split("=") for each in judged.split()]) for text, judged in _lines("queries.txt")]
    return [Question(text, {name: int(grade) for name, grade in judged}) for text, judged in pairs]


def _lines(name: str) -> list[list[str]]:
    lines = (HERE / name).read_text().splitlines()
    return [[field.strip() for field in line.split("|")] for line in lines if line and line[0] != "#"]


async def settle(works: Works, tenant: Tenant) -> dict[UUID, str]:
    """Makes all documents in the community, and its index. Returns their names by id."""
    documents = read_documents()
    people = [each for each in documents if each.kind == "user"]
    members = [_member(each) for each in people]
    async with works.write(tenant, SYSTEM) as work:
        await identity.import_members(work, members=members, password_hash="none")
    names = {member.id: each.name for member, each in zip(members, people, strict=True)}
    # Each writes some: who writes all would be held to be a machine.
    for number, member in enumerate(members):
        author = Actor(member.id, permissions_of(["user", "seller"]))
        theirs = [each for each in documents if each.kind != "user"][number :: len(members)]
        async with works.write(tenant, author) as work:
            names |= {await _make(work, each): each.name for each in theirs}
    await _index(works, tenant)
    return names


async def _index(works: Works, tenant: Tenant) -> None:
    """By us, after a worker that has just found a community without an index."""
    deadline = asyncio.get_running_loop().time() + INDEX_PATIENCE_S
    while True:
        try:
            async for _ in search.rebuild_now(works, tenant):
                pass
            return
        except search.RebuildRunning:
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(POLL_S)


def _member(document: Document) -> identity.NewMember:
    username = document.title.lower().replace(" ", "")
    return identity.NewMember(
        username=username,
        email=f"{username}@golden.example",
        name=document.title,
        bio=document.text,
        created_at=JOINED_AT,
    )


async def _make(work: Work, document: Document) -> UUID:
    if document.kind == "post":
        return (await feed.publish_post(work, content=document.text)).id
    variant = store.NewVariant(price=Money(PRICE_MINOR, "USD"), on_hand=3)
    new = store.NewProduct(
        title=document.title, description=f"<p>{document.text}</p>", status="active", variants=[variant]
    )
    return (await store.create_product(work, product=new)).id


async def measure(works: Works, tenant: Tenant, names: dict[UUID, str]) -> Quality:
    scores: list[tuple[float, float, float]] = []
    for question in read_questions():
        words = await _ranked(works, tenant, names, question, by_words=True, by_meaning=False)
        meaning = await _ranked(works, tenant, names, question, by_words=False, by_meaning=True)
        merged = await _ranked(works, tenant, names, question, by_words=True, by_meaning=True)
        scores.append(tuple(ndcg(each, question.judged) for each in (words, meaning, merged)))  # type: ignore[arg-type]  # three
    return Quality(*(sum(column) / len(scores) for column in zip(*scores, strict=True)))


async def _ranked(
    works: Works,
    tenant: Tenant,
    names: dict[UUID, str],
    question: Question,
    *,
    by_words: bool,
    by_meaning: bool,
) -> list[str]:
    meaning_of = await asker.ready(patience_s=10) if by_meaning else None
    async with works.read(tenant) as work:
        found = await search.find(
            work,
            question=question.text,
            wanted=search.Wanted(),
            meaning_of=meaning_of,
            by_words=by_words,
            limit=AT,
        )
    return [names[hit.id] for hit in found.hits]


def ndcg(ranked: Sequence[str], judged: dict[str, int]) -> float:
    """How good the order is, 1 the best there can be (Järvelin and Kekäläinen, 2002)."""
    best = sorted(judged.values(), reverse=True)
    return _gain([judged.get(name, 0) for name in ranked]) / _gain(best)


def _gain(grades: Sequence[int]) -> float:
    return sum((2.0**grade - 1) / log2(place + 1) for place, grade in enumerate(grades[:AT], start=1))
