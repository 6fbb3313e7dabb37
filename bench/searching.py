"""How soon a search is answered, and how good the answer is."""

import secrets
import subprocess
import sys
import time
from collections.abc import Sequence
from random import Random

import asyncpg
import httpx
import msgspec

from bench.findings import Finding, Table, percentile
from bench.installation import SEED, Installation, environment
from tests.modules.search.golden import Quality, measure, read_documents, read_questions, settle
from threadly.platform.db import Database
from threadly.platform.embedded import EmbeddedPostgres
from threadly.platform.work import Tenant, Works
from threadly.settings import Settings

__all__ = ["measure_search"]

QUESTIONS = 400
WARM_UP = 20
TARGET_S = 0.050
REBUILD_TIMEOUT_S = 600.0
# Of the words of the community, the more documents have one, the likelier it is asked for.
WORDS = "SELECT word, documents FROM search.words WHERE tenant_id = 1 AND length(word) > 2 ORDER BY word"


class Timings(msgspec.Struct):
    """Seconds, by what was asked."""

    took_s: dict[str, list[float]] = {}


async def measure_search(installation: Installation, *, posts: int) -> Finding:
    rebuilt_s = _rebuild(installation)
    connection = await installation.connect()
    try:
        await connection.execute("VACUUM (ANALYZE)")
        words = [(row["word"], row["documents"]) for row in await connection.fetch(WORDS)]
        quality = await _quality(installation, connection)
    finally:
        await connection.close()
    timings = await _ask(installation, words)
    return _found(timings, quality, posts=posts, rebuilt_s=rebuilt_s)


def _rebuild(installation: Installation) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "threadly", "search", "rebuild", "--home", str(installation.home)],
        env=environment({}),
        cwd=installation.home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
        timeout=REBUILD_TIMEOUT_S,
    )
    return time.perf_counter() - began


async def _ask(installation: Installation, words: Sequence[tuple[str, int]]) -> Timings:
    """One after the other, as somebody would who is not signed in."""
    timings, chance = Timings(), Random(SEED)
    async with httpx.AsyncClient(base_url=installation.url, timeout=30.0) as client:
        for number in range(WARM_UP + QUESTIONS):
            kind, question = _question(chance, words, number)
            began = time.perf_counter()
            answer = await client.get("/api/v1/search", params={"q": question, "type": "posts"})
            answer.raise_for_status()
            if number >= WARM_UP:
                timings.took_s.setdefault(kind, []).append(time.perf_counter() - began)
    return timings


def _question(chance: Random, words: Sequence[tuple[str, int]], number: int) -> tuple[str, str]:
    chosen = chance.choices([word for word, _ in words], [count for _, count in words], k=3)
    match number % 4:
        case 0:
            return "One word", chosen[0]
        case 1:
            return "Three words", " ".join(chosen)
        case 2:
            return "A word only begun", chosen[0][: max(3, len(chosen[0]) - 2)]
        case _:
            wrong = chosen[0]
            place = chance.randrange(len(wrong) - 1)
            swapped = wrong[:place] + wrong[place + 1] + wrong[place] + wrong[place + 2 :]
            return "Two words, one misspelt", f"{swapped} {chosen[1]}"


async def _quality(installation: Installation, connection: "asyncpg.Connection[asyncpg.Record]") -> Quality:
    """The golden set, in a community of its own."""
    slug = f"golden{secrets.token_hex(4)}"
    tenant_id = await connection.fetchval(
        "INSERT INTO platform.tenants (slug, name) VALUES ($1, $1) RETURNING id", slug
    )
    url = EmbeddedPostgres(installation.home).urls().app_url
    database = Database(url)
    await database.start()
    try:
        works = Works(database, Settings(database_url=url))
        tenant = Tenant(tenant_id, slug, slug)
        return await measure(works, tenant, await settle(works, tenant))
    finally:
        await database.stop()


def _found(timings: Timings, quality: Quality, *, posts: int, rebuilt_s: float) -> Finding:
    every = [each for took in timings.took_s.values() for each in took]
    slowest = percentile(every, 0.95)
    return Finding(
        title="Search",
        target=f"p95 ≤ {TARGET_S * 1e3:.0f} ms on {posts:,} posts; merged beats words and meaning alone",
        measured=f"p95 {slowest * 1e3:.0f} ms; nDCG@10 {quality.words:.2f} by words, {quality.meaning:.2f} "
        f"by meaning, {quality.merged:.2f} merged",
        met=slowest <= TARGET_S and quality.merged > max(quality.words, quality.meaning),
        how=f"{QUESTIONS} questions over the API, one after the other, made of the community's own words, "
        "the more frequent the likelier; each by words and by meaning. The quality is that of the golden set "
        f"(tests/modules/search/golden): {len(read_questions())} questions, {len(read_documents())} "
        f"documents. The index was built in {rebuilt_s:.0f} s before, beside the running site.",
        table=Table(
            ("", "Count", "p50, ms", "p95, ms", "Most, ms"),
            [_row(kind, took) for kind, took in timings.took_s.items()],
        ),
    )


def _row(name: str, seconds: list[float]) -> tuple[str, ...]:
    spread = [percentile(seconds, share) * 1e3 for share in (0.5, 0.95, 1.0)]
    return (name, str(len(seconds)), *(f"{each:.1f}" for each in spread))
