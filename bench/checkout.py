"""Checkouts per second and their latency, against the same SQL run by a bare script."""

import asyncio
import time
from collections.abc import Mapping, Sequence

import asyncpg
import msgspec

from bench.findings import Finding, Table, percentile
from bench.installation import Installation
from bench.load import Spread
from bench.recording import Recorded, RecordingWorks, replay
from threadly.modules import payments, store
from threadly.modules.payments.providers.interface import (
    Charge,
    ChargeRequest,
)
from threadly.platform.embedded import EmbeddedPostgres, EmbeddedValkey
from threadly.platform.ids import UUID, new_id
from threadly.platform.money import Money
from threadly.platform.runtime import running
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import Actor
from threadly.settings import Settings

__all__ = ["measure_checkout"]

CONCURRENT = 20
ROUNDS = 5
REPLAYS = 1_000
FLOOR_TARGET = 0.15
P95_TARGET_MS = 200.0
PRICE = Money(2_500, "USD")
ADDRESS = {"name": "Kareem", "line1": "1 Harbour Street", "city": "Alexandria", "country": "EG"}

FILL_CARTS = """
WITH mine AS (
    INSERT INTO store.carts (id, tenant_id, user_id, created_at, updated_at)
    SELECT gen_random_uuid(), 1, buyer, now(), now() FROM unnest($1::uuid[]) buyer
    ON CONFLICT (tenant_id, user_id) DO UPDATE SET updated_at = now() RETURNING id, user_id
)
INSERT INTO store.cart_lines (cart_id, variant_id, tenant_id, quantity, price_minor, title, added_at)
SELECT mine.id, wanted.variant, 1, 1, $3, 'Bench', now()
FROM mine JOIN unnest($1::uuid[], $2::uuid[]) AS wanted (buyer, variant) ON wanted.buyer = mine.user_id
ON CONFLICT DO NOTHING
"""


class Measured(msgspec.Struct, frozen=True):
    """`own_ms` are the latencies without the time that the answer says was spent outside."""

    per_s: float
    latencies_ms: list[float]
    own_ms: list[float]


class AtOnce:
    """A provider of this process that says yes, for the recording."""

    name: payments.ProviderName = "sandbox"

    async def charge(self, request: ChargeRequest) -> Charge:
        return Charge(request.key, "succeeded", f"at once {request.key}", request.amount, label="Bench")


async def measure_checkout(installation: Installation, tokens: Mapping[str, str]) -> Finding:
    """`tokens` are access tokens by user id, of members who have no orders yet."""
    connection = await installation.connect()
    try:
        buyers = [UUID(user_id) for user_id in tokens]
        variants = await _open_shop(installation, len(buyers))
        floors, reals = [], []
        recorded = await _record(installation, connection, buyers[:CONCURRENT], variants)
        await _check_out_all(installation, connection, tokens, buyers, variants)  # warms up
        await installation.settle()
        for number in range(ROUNDS):
            floors.append(await _measure_floor(installation, recorded))
            reals.append(await _check_out_all(installation, connection, tokens, buyers, variants))
            print(f"  round {number + 1} of {ROUNDS}", flush=True)
    finally:
        await connection.close()
    return _found(floors, reals, statements=len(recorded[0][0]))


async def _open_shop(installation: Installation, count: int) -> list[UUID]:
    """A product for each buyer, so that it is not one row's lock that is measured. Returns variant ids."""
    async with running(_settings(installation)) as runtime:
        tenant = await runtime.tenants.get(PUBLIC_TENANT_ID)
        async with runtime.works.write(tenant, Actor(new_id(), frozenset({"store.manage"}))) as work:
            variant = store.NewVariant(price=PRICE, on_hand=1_000_000)
            made = [
                await store.create_product(
                    work,
                    product=store.NewProduct(title=f"Bench {number}", status="active", variants=[variant]),
                )
                for number in range(count)
            ]
    return [product.variants[0].id for product in made]


async def _record(
    installation: Installation,
    connection: "asyncpg.Connection[asyncpg.Record]",
    buyers: Sequence[UUID],
    variants: Sequence[UUID],
) -> list[tuple[list[Recorded], UUID, UUID]]:
    """For each buyer: the statements of one checkout, an id from just before it, and its key."""
    await connection.execute(FILL_CARTS, buyers, variants[: len(buyers)], PRICE.amount_minor)
    recorded = []
    async with running(_settings(installation)) as runtime:
        tenant = await runtime.tenants.get(PUBLIC_TENANT_ID)
        works = RecordingWorks(runtime.database, runtime.settings)
        cashier = payments.Cashier(works, {"sandbox": AtOnce()})  # type: ignore[dict-item]  # it only charges
        for buyer in buyers:
            before, key = new_id(), new_id()
            works.statements = []
            request = store.CheckoutRequest(
                key=str(key),
                request_hash=b"bench",
                address=msgspec.convert(ADDRESS, store.Address),
                methods=[payments.Method("sandbox", "tok_success")],
                expected_total=PRICE,
                email="bench@example.com",
            )
            done = await store.check_out(works, cashier, tenant, Actor(buyer), request=request)
            assert done.order.state == "paid"
            recorded.append((works.statements, before, key))
    return recorded


async def _measure_floor(
    installation: Installation, recorded: Sequence[tuple[list[Recorded], UUID, UUID]]
) -> Measured:
    """REPLAYS transactions by as many connections as there are recordings, as the application's role."""
    url = EmbeddedPostgres(installation.home).urls().app_url
    latencies: list[float] = []
    left = iter(range(REPLAYS))

    async def script(statements: list[Recorded], before: UUID, key: UUID) -> None:
        connection = await asyncpg.connect(
            url, server_settings={"app.tenant": "1", "plan_cache_mode": "force_generic_plan"}
        )
        await connection.set_type_codec(
            "jsonb",
            schema="pg_catalog",
            format="binary",
            encoder=lambda value: b"\x01" + msgspec.json.encode(value),
            decoder=lambda wire: msgspec.json.decode(wire[1:]),
        )
        for _ in left:
            began = time.perf_counter()
            await replay(connection, statements, made_after=before, key=key)
            latencies.append((time.perf_counter() - began) * 1e3)
        await connection.close()

    began = time.perf_counter()
    await asyncio.gather(*[script(*each) for each in recorded])
    return Measured(REPLAYS / (time.perf_counter() - began), latencies, latencies)


async def _check_out_all(
    installation: Installation,
    connection: "asyncpg.Connection[asyncpg.Record]",
    tokens: Mapping[str, str],
    buyers: Sequence[UUID],
    variants: Sequence[UUID],
) -> Measured:
    """One checkout of every buyer over the API, CONCURRENT at a time; their carts are filled before."""
    await connection.execute(FILL_CARTS, buyers, variants, PRICE.amount_minor)
    latencies: list[float] = []
    own: list[float] = []
    waiting = iter(buyers)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", installation.port)
        for buyer in waiting:
            request = _request(tokens[str(buyer)])
            began = time.perf_counter()
            writer.write(request)
            status, outside_ms = await _read_answer(reader)
            latencies.append((time.perf_counter() - began) * 1e3)
            own.append(latencies[-1] - outside_ms)
            assert status == 201, f"a checkout was answered {status}"
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*[client() for _ in range(CONCURRENT)])
    return Measured(len(latencies) / (time.perf_counter() - began), latencies, own)


def _request(token: str) -> bytes:
    """Written by hand: a client library would cost more than the answer."""
    body = msgspec.json.encode(
        {
            "address": ADDRESS,
            "email": "bench@example.com",
            "methods": [{"provider": "sandbox", "token": "tok_success"}],
            "expected_total": PRICE,
        }
    )
    head = (
        "POST /api/v1/checkout HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {token}\r\nIdempotency-Key: {new_id()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, float]:
    """The status, and how many milliseconds of the time the provider took."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    await reader.readexactly(int(headers["content-length"]))
    return int(lines[0].split()[1]), float(headers["server-timing"].rpartition("dur=")[2])


def _settings(installation: Installation) -> Settings:
    return Settings(
        database_url=EmbeddedPostgres(installation.home).urls().app_url,
        valkey_url=EmbeddedValkey(installation.home).url,
        home=installation.home,
        secret_key=(installation.home / "secret_key").read_text(),
        # Configured, and never called from here.
        sandbox_url="http://127.0.0.1:9",
        sandbox_key="none",
    )


def _found(floors: Sequence[Measured], reals: Sequence[Measured], *, statements: int) -> Finding:
    ratio = Spread.of([real.per_s / floor.per_s for real, floor in zip(reals, floors, strict=True)])
    p95 = Spread.of([percentile(real.own_ms, 0.95) for real in reals])
    floor_p95 = Spread.of([percentile(floor.latencies_ms, 0.95) for floor in floors])
    return Finding(
        title="Checkout",
        target=f"≥ {FLOOR_TARGET} of the floor’s checkouts per second; own p95 ≤ {P95_TARGET_MS:.0f} ms",
        measured=f"{ratio.show(2)}; {p95.show()} ms",
        met=ratio.median >= FLOOR_TARGET and p95.median <= P95_TARGET_MS,
        how=f"{CONCURRENT} at a time, {ROUNDS} rounds in turn. *Real* is `POST /api/v1/checkout` as "
        "`threadly up --workers 1` serves it, with the Sandbox answering at once; the Sandbox, and the "
        "worker, which sends receipts meanwhile, share the processors. *Own* is without the time that the "
        "answer says the call to the provider took (Server-Timing). *Floor* is the "
        f"{statements} statements of one checkout in one transaction, by a script without anything else. "
        f"The real p95 is {p95.median / floor_p95.median:.1f} times the floor’s.",
        table=Table(
            ("", "Checkouts/s", "p50, ms", "p95, ms", "own p95, ms"),
            [_row("floor", floors), _row("real", reals)],
        ),
    )


def _row(name: str, measured: Sequence[Measured]) -> tuple[str, ...]:
    spreads = (
        Spread.of([each.per_s for each in measured]),
        Spread.of([percentile(each.latencies_ms, 0.5) for each in measured]),
        Spread.of([percentile(each.latencies_ms, 0.95) for each in measured]),
        Spread.of([percentile(each.own_ms, 0.95) for each in measured]),
    )
    return (name, *(spread.show() for spread in spreads))
