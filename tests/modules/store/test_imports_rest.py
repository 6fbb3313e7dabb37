"""Imports over HTTP and in a worker: an upload, then a job to follow, which a crash does not stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
import pytest

from tests import cast
from tests.cast import Visit
from tests.modules.identity.runs import run_job
from tests.modules.store.goods import seller
from threadly.modules import store
from threadly.modules.store.importing.job import run_import
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import Actor, Denied, Tenant, Work, Works

SAMPLE = (Path(__file__).with_name("samples") / "apparel.csv").read_bytes()
ADDRESS = "/api/v1/products/imports"
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def ada(works: Works, tenant: Tenant) -> Visit:
    """She sells."""
    return await seller(works, tenant)


@pytest.fixture
async def selling(client: httpx.AsyncClient, works: Works, tenant: Tenant, ada: Visit) -> httpx.AsyncClient:
    """The client with her token."""
    session = await cast.sign_in(works, tenant, ada.actor)
    client.headers["Authorization"] = f"Bearer {session.access_token}"
    return client


async def work_on(works: Works, tenant: Tenant, import_id: str) -> None:
    await run_job(works, tenant, run_import, import_id=import_id)


async def test_an_upload_is_accepted_and_followed_to_its_end(
    selling: httpx.AsyncClient, works: Works, tenant: Tenant, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    accepted = await selling.post(ADDRESS, content=SAMPLE, headers=CSV)
    assert accepted.status_code == 202, accepted.text
    made = accepted.json()["data"]
    assert accepted.headers["location"] == f"{ADDRESS}/{made['id']}"
    assert (made["state"], made["row_count"], made["problems"]) == ("queued", 0, [])

    await work_on(works, tenant, made["id"])
    done = (await selling.get(accepted.headers["location"])).json()["data"]
    assert (done["state"], done["row_count"], done["problem_count"]) == ("done", 22, 0)
    assert (done["products_created"], done["variants_created"]) == (20, 22)
    assert done["ended_at"]
    assert await owner.fetchval("SELECT content FROM store.imports WHERE id = $1", made["id"]) is None
    listed = (await selling.get("/api/v1/products", params={"limit": 50})).json()["data"]
    assert len(listed) == 20


async def test_a_form_with_a_file_is_the_same(
    selling: httpx.AsyncClient, works: Works, tenant: Tenant
) -> None:
    content = SAMPLE.replace(b",50,,true", b",free,,true", 1)
    accepted = await selling.post(
        ADDRESS, files={"file": ("C:\\shop\\apparel.csv", content, "text/csv")}, params={"dry_run": "true"}
    )
    assert accepted.status_code == 202, accepted.text
    made = accepted.json()["data"]
    assert (made["filename"], made["dry_run"]) == ("apparel.csv", True)
    await work_on(works, tenant, made["id"])
    done = (await selling.get(f"{ADDRESS}/{made['id']}")).json()["data"]
    assert (done["products_created"], done["problem_count"]) == (19, 1)
    (problem,) = done["problems"]
    assert (problem["line"], problem["imported"]) == (2, False)
    assert "no price" in problem["reason"]
    assert (await selling.get("/api/v1/products")).json()["data"] == []
    (summary,) = (await selling.get(ADDRESS)).json()["data"]
    assert summary["id"] == made["id"]
    assert "problems" not in summary


async def test_twice_with_one_key_is_one_import(selling: httpx.AsyncClient) -> None:
    headers = {**CSV, "Idempotency-Key": str(new_id())}
    first, second = [await selling.post(ADDRESS, content=SAMPLE, headers=headers) for _ in range(2)]
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["data"]["id"] == second.json()["data"]["id"]
    assert second.headers["idempotent-replayed"] == "true"
    assert len((await selling.get(ADDRESS)).json()["data"]) == 1


@pytest.mark.parametrize(
    ("content", "headers", "status", "says"),
    [
        (b"Handle,Vendor\n", CSV, 400, "no column Title and no column Variant Price"),
        (b"", CSV, 400, "no column Title"),
        (b"PK\x03\x04", CSV, 400, "spreadsheet"),
        (b"{}", {"Content-Type": "application/json"}, 415, "text/csv"),
        (b"--x--", {"Content-Type": "multipart/form-data; boundary=x"}, 400, "field `file`"),
        (b"--x\r\nContent-Di", {"Content-Type": "multipart/form-data; boundary=x"}, 400, "not complete"),
    ],
)
async def test_what_cannot_be_imported_is_refused_at_once(
    selling: httpx.AsyncClient, content: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    refused = await selling.post(ADDRESS, content=content, headers=headers)
    assert (refused.status_code, refused.json()["success"]) == (status, False)
    assert says in refused.json()["error"]["message"]
    assert (await selling.get(ADDRESS)).json()["data"] == []


async def test_a_file_of_more_than_a_megabyte_fits_and_one_of_33_does_not(selling: httpx.AsyncClient) -> None:
    filler = b"\n" * (20 * 1_048_576)
    assert (await selling.post(ADDRESS, content=SAMPLE + filler, headers=CSV)).status_code == 202
    filler = b"\n" * (33 * 1_048_576)
    assert (await selling.post(ADDRESS, content=SAMPLE + filler, headers=CSV)).status_code == 413


async def test_only_who_manages_the_store_imports(
    client: httpx.AsyncClient, works: Works, tenant: Tenant
) -> None:
    assert (await client.post(ADDRESS, content=SAMPLE, headers=CSV)).status_code == 401
    kareem = await cast.sign_up(works, tenant, "kareem")
    session = await cast.sign_in(works, tenant, kareem)
    client.headers["Authorization"] = f"Bearer {session.access_token}"
    assert (await client.post(ADDRESS, content=SAMPLE, headers=CSV)).status_code == 403
    assert (await client.get(ADDRESS)).status_code == 403
    with pytest.raises(Denied):
        await Visit(works, tenant, kareem).write(
            lambda work: store.start_import(work, filename="a.csv", content=SAMPLE)
        )


async def test_what_is_no_import_is_missing(selling: httpx.AsyncClient) -> None:
    for wrong in ("nothing", str(new_id())):
        answer = await selling.get(f"{ADDRESS}/{wrong}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "store.import_missing")


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_worker_that_dies_leaves_the_rest_to_the_next_and_nothing_counts_twice(
    works: Works, tenant: Tenant, ada: Visit, owner: "asyncpg.Connection[asyncpg.Record]", dry_run: bool
) -> None:
    rows = [f"p{number},Product {number},S{number},{number % 50 or 'free'}" for number in range(700)]
    content = "\n".join(["Handle,Title,Variant SKU,Variant Price", *rows]).encode()
    begun = await ada.write(
        lambda work: store.start_import(work, filename="a.csv", content=content, dry_run=dry_run)
    )
    # The state after a kill -9 in the third batch: two are in, with their counts.
    worker = DyingWorker(works, tenant, after=2)
    with pytest.raises(Died):
        await worker.run(begun.id)
    half = await ada.read(lambda work: store.get_import(work, import_id=begun.id))
    assert (half.state, half.row_count) == ("running", 500)
    await work_on(works, tenant, str(begun.id))
    done = await ada.read(lambda work: store.get_import(work, import_id=begun.id))
    assert (done.state, done.row_count, done.problem_count) == ("done", 700, 14)
    assert (done.products_created, done.products_unchanged) == (686, 0)
    assert [each.line for each in done.problems] == [2 + 50 * number for number in range(14)]
    in_shop = await owner.fetchval("SELECT count(*) FROM store.products WHERE tenant_id = $1", tenant.id)
    assert in_shop == (0 if dry_run else 686)
    await work_on(works, tenant, str(begun.id))  # and once more is nothing
    assert await ada.read(lambda work: store.get_import(work, import_id=begun.id)) == done


async def test_an_import_that_is_interrupted_for_good_says_why(
    works: Works, tenant: Tenant, ada: Visit
) -> None:
    rows = [f"p{number},Product {number},S{number},{number or 'free'}" for number in range(300)]
    content = "\n".join(["Handle,Title,Variant SKU,Variant Price", *rows]).encode()
    begun = await ada.write(lambda work: store.start_import(work, filename="a.csv", content=content))
    with pytest.raises(ConnectionResetError):
        await DyingWorker(works, tenant, after=1, of=ConnectionResetError).run(begun.id)
    failed = await ada.read(lambda work: store.get_import(work, import_id=begun.id))
    assert (failed.state, failed.row_count, failed.problem_count) == ("failed", 250, 2)
    why, free = failed.problems
    assert (why.line, why.imported, free.line) == (0, False, 2)
    assert why.reason.startswith("The import was interrupted by an error of ours: ConnectionResetError")


async def test_an_import_whose_file_is_gone_says_so(
    works: Works, tenant: Tenant, ada: Visit, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    begun = await ada.write(lambda work: store.start_import(work, filename="a.csv", content=SAMPLE))
    await owner.execute("UPDATE store.imports SET content = NULL WHERE id = $1", begun.id)
    with pytest.raises(store.ImportUnreadable):
        await work_on(works, tenant, str(begun.id))
    failed = await ada.read(lambda work: store.get_import(work, import_id=begun.id))
    assert (failed.state, failed.problem_count) == ("failed", 1)
    assert "no column Title" in failed.problems[0].reason


class Died(BaseException):
    """As abrupt as it gets inside a process: no `except Exception` sees it."""


class DyingWorker:
    """Dies when it opens the transaction of a batch too many, of that and no other."""

    def __init__(self, works: Works, tenant: Tenant, *, after: int, of: type[BaseException] = Died) -> None:
        self._left = after + 1  # one begins the import
        self._of = of
        self._tenant = tenant
        self._works = _Mortal(works, self)

    async def run(self, import_id: UUID) -> None:
        await run_job(self._works, self._tenant, run_import, import_id=str(import_id))

    def breathe(self) -> None:
        self._left -= 1
        if self._left == -1:
            raise self._of


class _Mortal(Works):
    """The Works of a process that dies."""

    def __init__(self, works: Works, worker: DyingWorker) -> None:
        super().__init__(works.database, works.settings, clock=works.clock)
        self._worker = worker

    @asynccontextmanager
    async def write(self, tenant: Tenant, actor: Actor) -> AsyncIterator[Work]:
        self._worker.breathe()
        async with super().write(tenant, actor) as work:
            yield work
