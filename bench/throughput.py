"""The home feed under load: against its floor, and against the size of the community."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

import httpx

from bench.findings import Finding, Table
from bench.floor import ROW_SECURITY
from bench.installation import FOLLOWS, USERS, Installation, free_port, serving
from bench.load import Round, Spread, Target, alternate
from threadly.platform.embedded import EmbeddedPostgres

__all__ = ["FEED", "answers", "measure_floor", "measure_growth", "ratio", "table"]

FEED = "/api/v1/posts"
FLOOR_CONNECTIONS, FLOOR_ROUNDS, FLOOR_ROUND_S = 64, 5, 5
FLOOR_TARGET = 0.5
GROWTH_CONNECTIONS, GROWTH_ROUNDS, GROWTH_ROUND_S = 8, 6, 5
GROWTH_TARGET = 1.5
COMPARED = 20


def measure_floor(installation: Installation, tokens: Mapping[str, str], *, posts: int) -> Finding:
    """`tokens` are access tokens by user id."""
    with ExitStack() as stack:
        floor = stack.enter_context(_floor(installation, tokens, "floor", row_security=True))
        bare = stack.enter_context(_floor(installation, tokens, "floor, no row security", row_security=False))
        real = _real(installation, tokens, "real")
        _require_same_posts(real, floor, tokens)
        measured = alternate(
            [floor, real, bare], rounds=FLOOR_ROUNDS, connections=FLOOR_CONNECTIONS, round_s=FLOOR_ROUND_S
        )
    share = ratio(measured[real.name], measured[floor.name])
    bare_share = ratio(measured[real.name], measured[bare.name])
    return Finding(
        title="Floor",
        target=f"real ≥ {FLOOR_TARGET} of the floor’s requests per second",
        measured=share.show(2),
        met=share.median >= FLOOR_TARGET,
        how=f"{posts:,} posts, {USERS:,} users, {FOLLOWS:,} follows; {FLOOR_CONNECTIONS} connections of wrk, "
        f"{FLOOR_ROUNDS} rounds of {FLOOR_ROUND_S} s each in turn; the first pages of {len(tokens)} members "
        "one after the other, no request failed or refused. *Real* is `GET /api/v1/posts` with an access "
        "token, as `threadly up --workers 1` serves it: tenancy, limits (raised), metrics, access log, "
        "every request recorded and 1 % of the traces kept. *Floor* is the same SQL on the same server with "
        "the same pool and JSON (bench/floor.py), under row level security; without even that the ratio is "
        f"{bare_share.show(2)}. Each ratio is the median of the rounds’.",
        table=table(measured),
    )


def measure_growth(sizes: Mapping[int, tuple[Installation, Mapping[str, str]]]) -> Finding:
    """`sizes` are two running installations and their tokens by how many posts they have, fewer first."""
    targets = [_real(*each, f"{posts:,} posts") for posts, each in sizes.items()]
    measured = alternate(
        targets, rounds=GROWTH_ROUNDS, connections=GROWTH_CONNECTIONS, round_s=GROWTH_ROUND_S
    )
    few, many = (Spread.of([each.p95_ms for each in measured[target.name]]) for target in targets)
    grown = many.median / few.median
    return Finding(
        title="Growth",
        target=f"p95 with {max(sizes):,} posts ≤ {GROWTH_TARGET} times that with {min(sizes):,}",
        measured=f"{grown:.2f}",
        met=grown <= GROWTH_TARGET,
        how=f"Two installations with {USERS:,} users and {FOLLOWS:,} follows each, asked in turn: "
        f"{GROWTH_CONNECTIONS} connections, {GROWTH_ROUNDS} rounds of {GROWTH_ROUND_S} s each, the same "
        "signed-in endpoint. The ratio is that of the medians.",
        table=table(measured),
    )


def ratio(upper: Sequence[Round], lower: Sequence[Round]) -> Spread:
    """Of the requests per second, round by round."""
    return Spread.of([a.per_s / b.per_s for a, b in zip(upper, lower, strict=True)])


def table(measured: Mapping[str, Sequence[Round]]) -> Table:
    head = ("", "Requests/s", "p50, ms", "p95, ms", "p99, ms")
    return Table(
        head,
        [
            (
                name,
                Spread.of([each.per_s for each in rounds]).show(),
                Spread.of([each.p50_ms for each in rounds]).show(1),
                Spread.of([each.p95_ms for each in rounds]).show(1),
                Spread.of([each.p99_ms for each in rounds]).show(1),
            )
            for name, rounds in measured.items()
        ],
    )


def _real(installation: Installation, tokens: Mapping[str, str], name: str) -> Target:
    requests = installation.home / "bench-real.txt"
    requests.write_text("".join(f"{FEED} {token}\n" for token in tokens.values()))
    return Target(name, installation.url, requests)


@contextmanager
def _floor(
    installation: Installation, tokens: Mapping[str, str], name: str, *, row_security: bool
) -> Iterator[Target]:
    requests = installation.home / "bench-floor.txt"
    requests.write_text("".join(f"/{user_id}\n" for user_id in tokens))
    urls = EmbeddedPostgres(installation.home).urls()
    port = free_port()
    environ = {
        "DATABASE_URL": urls.app_url,
        "THREADLY_OWNER_DATABASE_URL": urls.owner_url,
        "THREADLY_PORT": str(port),
        ROW_SECURITY: "on" if row_security else "off",
    }
    url, any_user = f"http://127.0.0.1:{port}", next(iter(tokens))
    with serving(
        ["-m", "bench.floor"],
        environ=environ,
        log=installation.home / f"bench-floor-{port}.log",
        ready=lambda _log: answers(f"{url}/{any_user}"),
    ):
        yield Target(name, url, requests)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5.0).is_success
    except httpx.TransportError:
        return False


def _require_same_posts(real: Target, floor: Target, tokens: Mapping[str, str]) -> None:
    for user_id, token in list(tokens.items())[:COMPARED]:
        ours = httpx.get(real.url + FEED, headers={"Authorization": f"Bearer {token}"}).json()
        theirs = httpx.get(f"{floor.url}/{user_id}").json()
        assert ours["data"] == theirs["data"], "the floor must serve what the real endpoint serves"
        assert len(ours["data"]) == ours["pagination"]["per_page"], "every reader must have a full page"
