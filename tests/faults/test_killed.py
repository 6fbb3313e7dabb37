"""kill -9 of a part and of the whole: nothing acknowledged is lost, nothing is done twice."""

import asyncio
import itertools
from uuid import uuid4

import asyncpg
import httpx
import psutil

from tests.conftest import eventually
from tests.faults.installation import Installation, Member, halt, is_ready, poll, resume

FOLLOWERS = 3
POSTERS = 4
ACKNOWLEDGED_BEFORE_THE_KILL = 40


async def test_a_worker_killed_between_commit_and_fan_out_loses_and_doubles_nothing(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    author, followers = await _author_with_followers(installation, http, "early")
    worker = installation.server("worker")
    halt([worker])
    assert (await author.post("Committed, not fanned out")).status_code == 201
    async with installation.database() as database:
        assert await database.fetchval("SELECT count(*) FROM platform.outbox WHERE done_at IS NULL") == 1
    worker.kill()
    await _reaches_each_once(installation, author, followers, "Committed, not fanned out")
    assert installation.server("worker").pid != worker.pid


async def test_a_worker_killed_amid_a_fan_out_leaves_no_half_of_it(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    author, followers = await _author_with_followers(installation, http, "amid")
    worker = installation.server("worker")
    async with installation.database() as database:
        halt([worker])
        assert (await author.post("Killed halfway")).status_code == 201
        async with database.transaction():
            await database.execute("LOCK TABLE feed.timelines IN SHARE MODE")
            resume([worker])
            await eventually(lambda: _somebody_waits_for(database, "feed.timelines"))
            worker.kill()
        await _reaches_each_once(installation, author, followers, "Killed halfway")
        assert await database.fetchval("SELECT count(*) FROM platform.failed_reactions") == 0


async def test_a_killed_web_process_is_started_again(
    installation: Installation, http: httpx.AsyncClient
) -> None:
    (serving,) = installation.web_processes()
    serving.kill()
    await eventually(lambda: _serves_without(installation, http, serving))
    watching = installation.server("web")
    serving = installation.web_processes()[0]
    watching.kill()
    await eventually(lambda: _serves_without(installation, http, watching))
    assert not _runs(serving), "it does not outlive the one that watched it"


async def test_a_killed_payment_sandbox_is_started_again_with_what_it_had(
    installation: Installation,
) -> None:
    environ = installation.server("web").environ()
    headers = {
        "Authorization": f"Bearer {environ['THREADLY_SANDBOX_KEY']}",
        "Idempotency-Key": "before the kill",
    }
    order = {"amount_minor": 5000, "currency": "USD", "token": "tok_success"}
    async with httpx.AsyncClient(base_url=environ["THREADLY_SANDBOX_URL"], headers=headers) as sandbox:
        charge = await sandbox.post("/v1/charges", json=order)
        assert charge.status_code == 201, charge.text
        installation.server("sandbox").kill()
        await eventually(lambda: _answers_like(sandbox, order, charge))


async def _answers_like(sandbox: httpx.AsyncClient, order: dict[str, object], before: httpx.Response) -> bool:
    try:
        return (await sandbox.post("/v1/charges", json=order)).text == before.text
    except httpx.TransportError:
        return False


async def test_after_kill_nine_of_everything_under_load_the_next_start_has_every_acknowledged_write() -> None:
    async with Installation() as installation:
        installation.start()
        async with installation.visit() as http:
            posters = [await installation.sign_up(http, f"poster{number}") for number in range(POSTERS)]
            load = _Load(posters)
            posting = asyncio.create_task(load.run())
            await eventually(lambda: load.has_acknowledged(ACKNOWLEDGED_BEFORE_THE_KILL))
            running = installation.processes()
            installation.kill()
            await posting
        assert len(load.unanswered) <= POSTERS
        # At once: whoever keeps it running does not wait for what the killed one left behind.
        installation.start()
        # A process that lost its parent stops in order, which may take it longer than the next start.
        poll(lambda: not any(_runs(each) for each in running), within_s=60)
        async with installation.visit() as http:
            await load.repeat_unanswered(http)
            async with installation.database() as database:
                found = await database.fetch("SELECT content, count(*) FROM feed.posts GROUP BY 1")
        # What was not acknowledged was repeated with its key: it is there once as well, like all the others.
        assert {row["content"]: row["count"] for row in found} == dict.fromkeys(load.contents, 1)
        installation.kill()
        poll(lambda: not installation.processes(), within_s=60)


class _Load:
    """Members who post without a pause, each post with a key of its own."""

    def __init__(self, members: list[Member]) -> None:
        self._members = members
        self.acknowledged: list[str] = []
        self.unanswered: list[tuple[Member, str, str]] = []

    @property
    def contents(self) -> list[str]:
        return self.acknowledged + [content for _, content, _ in self.unanswered]

    async def has_acknowledged(self, count: int) -> bool:
        return len(self.acknowledged) >= count

    async def run(self) -> None:
        """Until nobody answers any more."""
        await asyncio.gather(*map(self._post_on, self._members))

    async def _post_on(self, member: Member) -> None:
        for number in itertools.count():
            content, key = f"{member.username} says {number}", str(uuid4())
            try:
                answer = await member.post(content, key=key)
            except httpx.TransportError:
                self.unanswered.append((member, content, key))
                return
            if answer.status_code == 503:  # the database went before the web process did
                self.unanswered.append((member, content, key))
                return
            assert answer.status_code == 201, answer.text
            self.acknowledged.append(content)

    async def repeat_unanswered(self, http: httpx.AsyncClient) -> None:
        for member, content, key in self.unanswered:
            answer = await http.post(
                "/api/v1/posts",
                json={"content": content},
                headers=member.headers | {"Idempotency-Key": key},
            )
            assert answer.status_code == 201, answer.text


async def _author_with_followers(
    installation: Installation, http: httpx.AsyncClient, name: str
) -> tuple[Member, list[Member]]:
    author = await installation.sign_up(http, f"{name}_author")
    followers = [await installation.sign_up(http, f"{name}_follower{number}") for number in range(FOLLOWERS)]
    for follower in followers:
        await follower.follow(author)
    async with installation.database() as database:
        await eventually(lambda: _all_is_told(database))
    return author, followers


async def _reaches_each_once(
    installation: Installation, author: Member, followers: list[Member], content: str
) -> None:
    async with installation.database() as database:
        await eventually(lambda: _all_is_told(database))
        rows = await database.fetch(
            "SELECT t.owner_id::text FROM feed.timelines t JOIN feed.posts p ON p.id = t.post_id"
            " WHERE p.content = $1",
            content,
        )
    owners = [row["owner_id"] for row in rows]
    readers = [author, *followers]
    assert sorted(owners) == sorted(reader.id for reader in readers)
    for reader in readers:
        assert await reader.feed_contents() == [content]


async def _all_is_told(database: "asyncpg.Connection[asyncpg.Record]") -> bool:
    return bool(await database.fetchval("SELECT count(*) = 0 FROM platform.outbox WHERE done_at IS NULL"))


async def _somebody_waits_for(database: "asyncpg.Connection[asyncpg.Record]", table: str) -> bool:
    return bool(
        await database.fetchval(
            "SELECT count(*) FROM pg_locks WHERE relation = $1::regclass AND NOT granted", table
        )
    )


async def _serves_without(
    installation: Installation, http: httpx.AsyncClient, killed: psutil.Process
) -> bool:
    if _runs(killed) or not await is_ready(http):
        return False
    try:
        return bool(installation.web_processes())
    except AssertionError:  # what answered will not outlive the one that watched it
        return False


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
