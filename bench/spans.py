"""What recording costs: the home feed from two web processes that differ in nothing else."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from bench.findings import Finding
from bench.installation import Installation, free_port, serving
from bench.load import Target, alternate
from bench.throughput import FEED, answers, ratio, table

__all__ = ["measure_spans"]

CONNECTIONS, ROUNDS, ROUND_S = 64, 7, 5
TARGET = 0.9


def measure_spans(installation: Installation, tokens: Mapping[str, str]) -> Finding:
    """`tokens` are access tokens by user id."""
    with ExitStack() as stack:
        on = stack.enter_context(_web(installation, tokens, "spans on", traces=True))
        off = stack.enter_context(_web(installation, tokens, "spans off", traces=False))
        measured = alternate([on, off], rounds=ROUNDS, connections=CONNECTIONS, round_s=ROUND_S)
    kept = ratio(measured[on.name], measured[off.name])
    return Finding(
        title="Spans",
        target=f"with spans ≥ {TARGET} of the requests per second without",
        measured=kept.show(2),
        met=kept.median >= TARGET,
        how=f"`GET /api/v1/posts` with an access token, {CONNECTIONS} connections of wrk, {ROUNDS} rounds of "
        f"{ROUND_S} s each in turn, from two `threadly web` of one process each on the same servers, one "
        "with THREADLY_TRACES=false. With spans means all that is on by default: every request recorded, the "
        "1 % that are drawn (and what is slow) written to the store. The ratio is the median of the rounds’.",
        table=table(measured),
    )


@contextmanager
def _web(
    installation: Installation, tokens: Mapping[str, str], name: str, *, traces: bool
) -> Iterator[Target]:
    requests = installation.home / "bench-spans.txt"
    requests.write_text("".join(f"{FEED} {token}\n" for token in tokens.values()))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = {
        "THREADLY_HOME": str(installation.home),
        "THREADLY_PORT": str(port),
        "THREADLY_BASE_URL": installation.url,  # which tokens name
        "THREADLY_RATE_LIMIT_FACTOR": "1000000",
        "THREADLY_TRACES": str(traces).lower(),
    }
    with serving(
        ["-m", "threadly", "web"],
        environ=environ,
        log=installation.home / f"bench-spans-{port}.log",
        ready=lambda _log: answers(f"{url}/live"),
    ):
        yield Target(name, url, requests)
