"""What is found, by whom, and how soon."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg
import pytest

from tests.cast import Visit
from tests.modules.feed.acts import follow, publish
from tests.modules.identity.runs import run_queued_jobs
from tests.modules.search.asking import ask, ids_of, text_of, texts_of
from tests.modules.search.conftest import Join
from tests.modules.store.goods import product, seller, variant
from threadly.modules import feed, identity, moderation, search
from threadly.modules.moderation import ContentHidden, ContentReleased
from threadly.modules.search.building import embed_pending
from threadly.modules.search.embedder import Embedder, embedder
from threadly.modules.search.jobs import JOBS, WATCHES, embed
from threadly.modules.search.repository.generations import RECOUNT
from threadly.platform.db import sql
from threadly.platform.durable.due import look
from threadly.platform.ids import new_id
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Works

pytestmark = pytest.mark.usefixtures("index")
Drain = Callable[[], Awaitable[int]]

KNOWN_WORDS = sql("search.test_known_words", "SELECT word FROM search.words", into=str)


async def test_a_post_is_found_by_its_words_beginnings_and_errors(join: Join, drain: Drain) -> None:
    alex = await join("alexsmith")
    learning = "Learning Python with small programs, no #beginners left behind"
    await publish(alex, learning)
    await publish(alex, "The café in the harbour bakes wonderful bread")
    await publish(alex, "محمد يكتب عن القهوة")
    await drain()
    for question in (
        *("python", "PYTHON", "pyth", "pyhton", "program learned", "#beginners", "pytohn programms"),
        "who is learning the python",
    ):
        assert (await texts_of(alex, question))[:1] == [learning], question
    assert await texts_of(alex, "cafe") == ["The café in the harbour bakes wonderful bread"]
    assert await texts_of(alex, "القهوة") == ["محمد يكتب عن القهوة"]
    assert await texts_of(alex, "walrus") == []
    found = await ask(alex, "pyhton")
    assert found.corrected == "python"
    assert [part.text for part in found.hits[0].excerpt if part.marked] == ["Python"]
    assert (await ask(alex, "bred")).corrected is None


async def test_meaning_finds_what_words_do_not(
    join: Join, drain: Drain, works: Works, tenant: Tenant, helper: Embedder
) -> None:
    ada = await seller(works, tenant)
    headphones = await product(
        ada, "Wireless headphones", variant(5_999), description="<p>Noise cancelling</p>"
    )
    await product(ada, "Clay teapot", variant(2_999), description="<p>Holds a litre</p>")
    kareem = await join("kareem")
    await drain()
    assert await embed_pending(works, tenant, helper) == 2
    assert await embed_pending(works, tenant, helper) == 0
    assert await ids_of(kareem, "cordless headset") == []
    found = await ask(kareem, "cordless headset", meaning=True)
    assert found.hits[0].id == headphones.id
    assert found.by_meaning
    assert found.corrected is None
    misspelt = await ask(kareem, "wireless haedphones", meaning=True)
    assert (misspelt.hits[0].id, misspelt.corrected) == (headphones.id, "wireless headphones")


async def test_what_is_edited_soon_after_gets_its_new_meaning_as_soon_as_the_first(
    join: Join, drain: Drain, works: Works, runtime: Runtime, tenant: Tenant
) -> None:
    alex = await join("alexsmith")
    post_id = await publish(alex, "Cooking pasta for a large family")
    (watch,) = (each for each in WATCHES if each.job is embed)

    async def embedded() -> int:
        """How many jobs there were for it, though the workers look again and again."""
        await drain()
        for _ in range(3):
            await look(works, runtime.tenants, watch)
        return await run_queued_jobs(works, tenant, jobs=JOBS)

    await runtime.tenants.refresh()
    try:
        assert await embedded() == 1
        assert await ids_of(alex, "wireless earphones", meaning=True) == []
        new = "Noise cancelling headphones, without any cable"
        await alex.write(lambda work: feed.edit_post(work, post_id=post_id, content=new))
        assert await embedded() == 1
        assert await ids_of(alex, "wireless earphones", meaning=True) == [post_id]
        assert await embedded() == 0
    finally:
        await embedder.stop()


async def test_what_few_may_see_few_find(join: Join, drain: Drain) -> None:
    alex, bob, kareem = await join("alexsmith"), await join("bob"), await join("kareem")
    await follow(bob, alex)
    post_id = await publish(alex, "The secret zeppelin lands at midnight", visibility="followers")
    await drain()
    anybody = Visit(alex._works, alex.tenant)  # the same, signed out
    assert await ids_of(alex, "zeppelin") == await ids_of(bob, "zeppelin") == [post_id]
    assert await ids_of(kareem, "zeppelin") == await ids_of(anybody, "zeppelin") == []
    # Nor is the word suggested, or known as what somebody may have meant.
    assert await kareem.read(lambda work: search.suggest(work, typed="zepp")) == []
    assert "zeppelin" not in await kareem.read(lambda work: work.all(KNOWN_WORDS))
    await alex.write(lambda work: feed.edit_post(work, post_id=post_id, visibility="public"))
    await drain()
    assert await ids_of(kareem, "zepelin") == [post_id]
    await alex.write(lambda work: feed.edit_post(work, post_id=post_id, content="The balloon is off"))
    await drain()
    assert await ids_of(alex, "zeppelin") == []
    assert "zeppelin" not in await kareem.read(lambda work: work.all(KNOWN_WORDS))
    assert await ids_of(kareem, "balloon") == [post_id]


async def test_what_is_gone_hidden_or_muted_is_not_found(
    join: Join, drain: Drain, works: Works, tenant: Tenant
) -> None:
    alex, bob, mona = await join("alexsmith"), await join("bob"), await join("mona")
    deleted, hidden = await publish(alex, "A walrus at noon"), await publish(alex, "A walrus at dusk")
    of_bob = await publish(bob, "A walrus in the bath")
    await drain()
    assert set(await ids_of(mona, "walrus")) == {deleted, hidden, of_bob}
    await alex.write(lambda work: feed.delete_post(work, post_id=deleted))
    case_id = new_id()
    async with works.write(tenant, SYSTEM) as work:
        work.emit(ContentHidden(case_id=case_id, kind="post", subject_id=hidden, author_id=alex.actor.me))
    # What its own module has withdrawn is not shown even before the index hears of it.
    assert deleted not in await ids_of(mona, "walrus")
    await drain()
    assert await ids_of(mona, "walrus") == [of_bob]
    async with works.write(tenant, SYSTEM) as work:
        work.emit(ContentReleased(case_id=case_id, kind="post", subject_id=hidden, author_id=alex.actor.me))
    await drain()
    await mona.write(lambda work: moderation.mute_member(work, member=str(bob.actor.me)))
    assert set(await ids_of(bob, "walrus")) >= {of_bob}
    assert of_bob not in await ids_of(mona, "walrus")


async def test_who_deletes_the_account_leaves_no_word_behind(
    join: Join, drain: Drain, works: Works, tenant: Tenant, helper: Embedder
) -> None:
    bob, kareem = await join("bob"), await join("kareem")
    await bob.write(lambda work: identity.edit_profile(work, bio="Collector of ocarinas"))
    await publish(bob, "My ocarina museum opens")
    await drain()
    await embed_pending(works, tenant, helper)
    assert len(await ids_of(kareem, "ocarina")) == 2
    await bob.write(lambda work: identity.delete_account(work, user_id=bob.actor.me))
    await drain()
    assert await ids_of(kareem, "ocarina", meaning=True) == []
    assert not {"ocarina", "ocarinas", "museum"} & set(await kareem.read(lambda work: work.all(KNOWN_WORDS)))


async def test_filters_kinds_and_pages(join: Join, drain: Drain, works: Works, tenant: Tenant) -> None:
    ada, alex, bob = await seller(works, tenant), await join("alexsmith"), await join("bob")
    cheap = await product(ada, "Green teapot", variant(1_000))
    dear = await product(ada, "Blue teapot", variant(9_000, on_hand=0), tags=["Gift"])
    tagged = await publish(alex, "Every teapot drips #tea")
    plain = await publish(bob, "My teapot never drips")
    await bob.write(lambda work: identity.edit_profile(work, bio="Owner of one teapot"))
    await drain()
    assert set(await ids_of(bob, "teapot")) == {cheap.id, dear.id, tagged, plain, bob.actor.me}
    assert await ids_of(bob, "teapot", type="courses") == []
    assert await ids_of(bob, "teapot", type="users") == [bob.actor.me]
    assert set(await ids_of(bob, "teapot", type="products")) == {cheap.id, dear.id}
    assert await ids_of(bob, "teapot", max_price_minor=5_000) == [cheap.id]
    assert await ids_of(bob, "teapot", min_price_minor=5_000) == [dear.id]
    assert await ids_of(bob, "teapot", available=True) == [cheap.id]
    assert await ids_of(bob, "teapot", tag="#TEA") == [tagged]
    assert await ids_of(bob, "teapot", tag="gift") == [dear.id]
    assert set(await ids_of(bob, "teapot", author="@Bob")) == {plain, bob.actor.me}
    assert await ids_of(bob, "teapot", author="nobody") == []
    made = await bob.read(lambda work: feed.get_post(work, post_id=plain))
    assert await ids_of(bob, "teapot", type="posts", since=made.created_at) == [plain]
    assert await ids_of(bob, "teapot", type="posts", until=made.created_at) == [tagged]
    pages: list[object] = []
    offset: int | None = 0
    while offset is not None:
        look = partial(search.find, question="teapot", wanted=search.Wanted(), offset=offset, limit=2)
        page = await bob.read(look)
        pages += [hit.id for hit in page.hits]
        offset = page.next_offset
    assert len(pages) == len(set(pages)) == 5


async def test_one_community_finds_nothing_of_another(
    join: Join, drain: Drain, works: Works, other_tenant: Tenant
) -> None:
    alex = await join("alexsmith")
    await publish(alex, "An armadillo in the garden")
    await drain()
    stranger = Visit(works, other_tenant)
    async for _ in search.rebuild_now(works, other_tenant):
        pass
    assert await ids_of(stranger, "armadillo") == []
    assert await ids_of(stranger, "armadilo") == []
    assert await stranger.read(lambda work: search.suggest(work, typed="armad")) == []
    assert len(await ids_of(alex, "armadilo")) == 1


async def test_suggestions_complete_words_and_name_people_and_products(
    join: Join, drain: Drain, works: Works, tenant: Tenant
) -> None:
    ada, alex = await seller(works, tenant), await join("alexsmith")
    await alex.write(lambda work: identity.edit_profile(work, bio="Potter"))
    await product(ada, "Alexandrite ring", variant(99_00))
    await publish(alex, "Alexandria had a library")
    await drain()
    found = await alex.read(lambda work: search.suggest(work, typed="ale"))
    assert {(each.type, each.text) for each in found} == {
        ("query", "alex"),
        ("query", "alexandria"),
        ("query", "alexandrite"),
        ("query", "alexsmith"),
        ("users", "Alex Smith"),
        ("products", "Alexandrite ring"),
    }
    further = await alex.read(lambda work: search.suggest(work, typed="alex smi"))
    assert [each.text for each in further] == ["alex smith", "Alex Smith"]
    assert await alex.read(lambda work: search.suggest(work, typed="a")) == []


@pytest.mark.parametrize(
    "question",
    [
        *("", "   ", "\x00", "a\x00b", "!", "& | ! ( ) :* <->", "'; DROP TABLE search.documents; --", "\\"),
        *(
            "'\\'",
            "§1/post",
            "🦦" * 50,
            "👩‍👩‍👧‍👦",
            "שלום עולם",
            "‮right to left",
            "a" * 10_000,
            "word " * 2_000,
        ),
        *("%", "_", "http://example.com/a?b=c#d", "\ud800", "1e309", "-- x", "c++ c# .net", "the and of"),
    ],
)
async def test_any_question_has_an_answer(question: str, tenant: Tenant, works: Works) -> None:
    anybody = Visit(works, tenant)
    assert (await ask(anybody, question, meaning=True)).hits == []
    assert await anybody.read(lambda work: search.suggest(work, typed=question)) == []


async def test_a_page_of_results_is_a_handful_of_statements(
    join: Join, drain: Drain, statements: Callable[[], list[str]]
) -> None:
    alex = await join("alexsmith")
    for number in range(12):
        await publish(alex, f"The otter number {number} swims")
    await drain()
    statements()
    found = await ask(alex, "otter")
    assert len(found.hits) == 12
    assert all("otter" in text_of(hit) for hit in found.hits)
    assert len(statements()) <= 6


async def test_filters_come_before_the_newest_of_a_word_that_very_many_have(
    index: search.Rebuild,
    join: Join,
    drain: Drain,
    owner: "asyncpg.Connection[asyncpg.Record]",
    tenant: Tenant,
) -> None:
    alex, bob = await join("alexsmith"), await join("bob")
    texts = ["Coffee first", "Coffee again #morning", "A third coffee"]
    written = {await publish(alex, text) for text in texts}
    await drain()
    # More than are looked through for a word that so many have, all of them newer.
    await owner.execute(
        """
        INSERT INTO search.documents (generation_id, kind, id, tenant_id, author_id, public, at, words)
        SELECT $1, 'post', uuidv7('1 day'::interval + n * interval '1 ms'), $2, $3, true,
               now() + interval '1 day', search.words_of($1, 'post', '', '', 'More coffee', '{}', $3, true)
        FROM generate_series(1, 20500) n
        """,
        index.id,
        tenant.id,
        bob.actor.me,
    )
    await bob.write(lambda work: work.run(RECOUNT, index.id, 50_000))
    tomorrow = datetime.now(UTC) + timedelta(hours=12)
    assert await ids_of(alex, "coffee", type="posts") == [], "there are too many newer ones"
    assert set(await ids_of(bob, "coffee", type="posts", author="alexsmith")) == written
    assert set(await ids_of(bob, "coffee", type="posts", until=tomorrow)) == written
    assert await texts_of(bob, "coffee", type="posts", tag="morning") == texts[1:2]
