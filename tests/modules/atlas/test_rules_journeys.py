"""What is read out of spans: the tree, the critical path, few enough rows, and the sentence."""

import random
from collections.abc import Sequence
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.modules.atlas.parts import BEGAN_US, new_trace, part_of, span_of
from threadly.modules.atlas.rules.grouping import MOST_ROWS
from threadly.modules.atlas.rules.journeys import read_journey, seen_by
from threadly.modules.atlas.types import Bar, Journey
from threadly.platform.telemetry.parts import Part, SpanRecord, span_kinds

TRACE = "0af7651916cd43dd8448eb211c80319c"
KINDS = sorted(span_kinds)


def journey(*spans: SpanRecord, status: int = 200, later: Sequence[Sequence[SpanRecord]] = ()) -> Journey:
    parts = [part_of(TRACE, spans, status=status)]
    return read_journey([*parts, *(part_of(TRACE, each) for each in later)])


def request(end_ms: float, name: str = "POST /checkout", **more: Any) -> SpanRecord:
    return span_of(name, "request", 0, end_ms, **more)


def bar(found: Journey, name: str) -> Bar:
    (one,) = (each for each in found.bars if each.name == name)
    return one


@st.composite
def traces(draw: st.DrawFn) -> list[Part]:
    """Parts of any shape: parents known, unknown, later, themselves; children that outlive their parents."""
    ids = [f"{number:016x}" for number in range(1, draw(st.integers(1, 12)) + 1)]
    spans = [
        SpanRecord(
            id=id_,
            name=draw(st.sampled_from(["a", "b", "sandbox.charge", "valkey limits.check"])),
            kind=draw(st.sampled_from(KINDS)),
            start_us=BEGAN_US + draw(st.integers(0, 50)),
            duration_us=draw(st.none() | st.integers(0, 50)),
            parent=draw(st.none() | st.sampled_from([*ids, "feedfeedfeedfeed"])),
            error=draw(st.none() | st.just("E: e")),
            attributes=draw(
                st.sampled_from([{}, {"outcome": "hit"}, {"replayed": True}, {"around": ids[0]}])
            ),
        )
        for id_ in ids
    ]
    cut = draw(st.integers(1, len(spans)))
    status = draw(st.sampled_from([None, 200, 404, 499, 503]))
    return [part_of(TRACE, each, status=status) for each in (spans[:cut], spans[cut:]) if each]


@given(traces())
@settings(max_examples=300)
def test_sums_equal_the_total_whatever_the_spans_look_like(parts: list[Part]) -> None:
    found = read_journey(parts)
    root = found.bars[0]
    total = sum(each.us for each in found.layers)
    assert total == sum(each.critical_us for each in found.bars)
    if root.duration_us is not None:
        assert total == root.duration_us
    if found.request_us is not None:
        assert total == found.request_us
    assert abs(sum(each.share for each in found.layers) - 1) < 1e-9 or not total


@given(traces())
def test_every_span_is_in_the_tree_once_and_after_its_parent(parts: list[Part]) -> None:
    found = read_journey(parts)
    assert sum(each.count for each in found.bars) == sum(len(part.spans) for part in parts)
    seen: set[str | None] = {None}
    for each in found.bars:
        assert each.parent in seen
        assert each.id not in seen
        assert each.self_us >= 0
        assert each.critical_us >= 0
        seen.add(each.id)
    assert found.sentence[-1] == "."
    assert found.duration_us >= (found.request_us or 0)


@given(traces(), st.randoms(use_true_random=False))
def test_the_order_of_parts_changes_no_sum(parts: list[Part], chance: random.Random) -> None:
    turned = list(parts)
    chance.shuffle(turned)
    first, second = read_journey(parts), read_journey(turned)
    assert [each.us for each in first.layers] == [each.us for each in second.layers]


# The critical path


def test_of_parallel_work_the_last_to_end_was_waited_for() -> None:
    whole = request(100)
    quick, slow = span_of("quick", "sql", 0, 30, whole), span_of("slow", "sql", 0, 90, whole)
    found = journey(whole, quick, slow)
    assert [bar(found, name).critical_us for name in ("quick", "slow", "POST /checkout")] == [
        0,
        90_000,
        10_000,
    ]
    assert bar(found, "POST /checkout").self_us == 10_000


def test_what_overlaps_is_counted_once() -> None:
    whole = request(100)
    found = journey(whole, span_of("a", "sql", 0, 60, whole), span_of("b", "verb", 50, 100, whole))
    assert {each.layer: each.us for each in found.layers} == {"application": 50_000, "data": 50_000}


def test_nobody_waits_for_a_reaction_even_while_the_request_still_runs() -> None:
    whole = request(50)
    told = span_of("store.order_paid", "event", 20, 20, whole)
    reaction = span_of("store.tell", "reaction", 22, 49, told)
    found = journey(whole, told, later=[[reaction]])
    job = span_of("store.send_receipt", "job", 25, 45, whole)
    both = journey(whole, told, later=[[reaction], [job]])
    for each in (found, both):
        assert bar(each, "store.tell").critical_us == 0
        assert bar(each, "POST /checkout").critical_us == 50_000


def test_the_browsers_wait_holds_what_the_server_did() -> None:
    whole = request(40, id="00000000000000aa")
    page = span_of("browser", "browser", -20, 80)
    wait = span_of("wait", "browser", -10, 50, page, attributes={"around": whole.id})
    parts = [part_of(TRACE, [whole], status=200), part_of(TRACE, [page, wait], process="browser")]
    found = read_journey(parts)
    assert [(each.name, each.depth) for each in found.bars] == [
        ("browser", 0),
        ("wait", 1),
        ("POST /checkout", 2),
    ]
    assert {each.layer: each.us for each in found.layers} == {"network": 60_000, "entry": 40_000}
    assert (found.name, found.status, found.request_us) == ("POST /checkout", 200, 100_000)
    assert found.sentence == (
        "40 ms, nearly all of it taking the request in and sending the answer out. "
        "In the browser it took 100 ms until all was there."
    )


# Rows


def test_ten_thousand_spans_are_read_in_less_than_a_second_and_fit_a_page() -> None:
    whole = request(10_000)
    verbs = [span_of("feed.x", "verb", n, n + 0.9, whole) for n in range(9_999)]
    inside = [span_of("feed.x", "sql", n + 0.1, n + 0.8, verbs[n]) for n in range(9_999)]
    began = perf_counter()
    found = journey(whole, *verbs, *inside)
    assert perf_counter() - began < 5, "a bound that says: it is linear"
    assert [(each.name, each.count) for each in found.bars] == [
        ("POST /checkout", 1),
        ("feed.x", 9_999),
        ("feed.x", 9_999),
    ]
    assert sum(each.critical_us for each in found.bars) == 10_000_000


@pytest.mark.parametrize("shape", ["wide", "deep"])
def test_what_cannot_be_grouped_is_cut_to_what_took_longest(shape: str) -> None:
    whole = request(20_000)
    spans = [whole]
    for n in range(10_000):
        spans.append(
            span_of(
                f"n{n}",
                "verb",
                n,
                n + (1.9 if shape == "wide" else 10_000 - n),
                spans[-1] if shape == "deep" else whole,
            )
        )
    found = journey(*spans)
    assert len(found.bars) <= MOST_ROWS + 1
    assert sum(each.count for each in found.bars) == 10_001
    assert sum(each.critical_us for each in found.bars) == 20_000_000
    assert found.bars[-1].name == f"{found.bars[-1].count:d} smaller spans"


def test_what_failed_is_not_hidden_in_a_group() -> None:
    whole = request(100)
    spans = [span_of("feed.x", "sql", n, n + 1, whole, error="E: e" if n == 50 else None) for n in range(99)]
    found = journey(whole, *spans)
    assert [(each.count, each.error) for each in found.bars[1:]] == [(98, None), (1, "E: e")]


# Who sees what


def test_a_follower_sees_what_their_requests_caused_and_nothing_else() -> None:
    mine, theirs = request(10), request(20, name="GET /secret")
    job = span_of("store.send_receipt", "job", 30, 40, mine)
    nested = span_of("payments.resume", "job", 50, 60, job)
    other_job = span_of("identity.send_link", "job", 30, 40, theirs)
    parts = [
        part_of(TRACE, [mine], follower="me"),
        part_of(TRACE, [theirs], follower="them"),
        part_of(TRACE, [request(5, name="GET /nobody")]),
        part_of(TRACE, [span_of("GET /claims-to-be-mine", "request", 3, 4, mine)]),
        part_of(TRACE, [nested]),
        part_of(TRACE, [job]),
        part_of(TRACE, [other_job]),
    ]
    assert [part.name for part in seen_by(parts, "me")] == [mine.name, job.name, nested.name]
    assert seen_by(parts, "nobody") == []


# The sentence


def charge(
    start: float, end: float, parent: SpanRecord, attempt: int, name: str = "sandbox", **more: Any
) -> SpanRecord:
    attributes = {"key": "k1", "attempt": attempt, **more}
    return span_of(f"{name}.charge", "call", start, end, parent, attributes=attributes)


def test_a_second_attempt_under_the_same_key_is_told() -> None:
    whole = request(2_100)
    first = charge(50, 1_050, whole, 1, outcome="unknown", breaker="closed")
    pause = span_of("before the next attempt", "pause", 1_050, 1_250, whole, attributes={"after": "x"})
    found = journey(whole, first, pause, charge(1_250, 1_950, whole, 2))
    assert found.sentence == (
        "1.9 s of 2.1 s were spent waiting for the payment provider; "
        "the second attempt, under the same key, succeeded."
    )


def test_an_open_breaker_and_another_provider_are_told() -> None:
    whole = request(100)
    held = charge(1, 2, whole, 1, "stripe", outcome="unreached", breaker="open")
    found = journey(whole, held, charge(10, 90, whole, 1, "paypal", key="k2"))
    assert found.sentence == (
        "81 ms of 100 ms were spent waiting for the payment provider; "
        "the breaker of Stripe was open, so PayPal took over."
    )


def test_a_provider_that_was_down_while_something_else_took_the_time_comes_second() -> None:
    whole = request(10_000)
    slow = span_of("store.find_cart", "sql", 1_000, 9_000, whole)
    calls = [charge(n * 100, n * 100 + 2, whole, n + 1, outcome="unreached") for n in range(2)]
    assert journey(whole, *calls, slow).sentence == (
        "10 s, most of it in PostgreSQL (8 s in 1 statement). "
        "4 ms were spent waiting for the payment provider; "
        "the Sandbox was asked twice and did not answer."
    )


@pytest.mark.parametrize(
    ("calls", "told"),
    [
        ([(50, 950)], "900 ms of 1 s were spent waiting for the file storage."),
        ([(50, 450), (500, 900)], "800 ms of 1 s were spent waiting for the file storage."),
        ([(50, 51)], "1 s, most of it taking the request in and sending the answer out (999 ms)."),
    ],
)
def test_only_a_payment_provider_is_called_one(calls: list[tuple[float, float]], told: str) -> None:
    whole = request(1_000)
    puts = [span_of("storage.put", "call", start, end, whole) for start, end in calls]
    assert journey(whole, *puts).sentence == told


def test_a_charge_in_doubt_that_a_worker_settles_is_told() -> None:
    whole = request(8_000)
    calls = [charge(n * 2_000, n * 2_000 + 1_900, whole, n + 1, outcome="unknown") for n in range(4)]
    job = span_of("payments.resume", "job", 12_000, 12_300, whole)
    found = journey(whole, *calls, later=[[job, charge(12_100, 12_200, job, 1)]])
    assert found.sentence == (
        "7.6 s of 8 s were spent waiting for the payment provider; "
        "the Sandbox was asked four times and did not answer. "
        "1 job went on for 4.3 s afterwards. "
        "A worker asked again under the same key, 4.2 s later, and got its answer."
    )


def _sql(whole: SpanRecord) -> list[SpanRecord]:
    return [span_of("feed.x", "sql", n, n + 1.4, whole) for n in (1, 3, 5, 7, 9)]


@pytest.mark.parametrize(
    ("status", "spans", "said"),
    [
        (200, _sql, "12 ms, most of it in PostgreSQL (7 ms in 5 statements)."),
        (200, lambda _: [], "12 ms, nearly all of it taking the request in and sending the answer out."),
        (
            200,
            lambda whole: [span_of("cache shop", "cache", 1, 3, whole, attributes={"outcome": "hit"})],
            "Answered from the cache in 12 ms.",
        ),
        (
            200,
            lambda whole: [span_of("feed/home.html", "render", 1, 11, whole)],
            "12 ms, most of it putting the page together (10 ms).",
        ),
        (
            201,
            lambda whole: [span_of("idempotent answer", "verb", 1, 3, whole, attributes={"replayed": True})],
            "This had been done before: its stored answer was given again in 12 ms, nothing was done twice.",
        ),
        (
            429,
            lambda whole: [span_of("admit", "gate", 1, 3, whole, refused="http.too_many_requests")],
            "Refused after 12 ms: too many requests.",
        ),
        (
            500,
            lambda whole: [span_of("feed.x", "verb", 1, 3, whole, error="ValueError: no")],
            "It failed after 12 ms: ValueError: no.",
        ),
        (
            503,
            lambda whole: [span_of("feed.x", "verb", 1, 3, whole, refused="platform.database_unavailable")],
            "It failed after 12 ms: database unavailable.",
        ),
        (499, lambda _: [], "The browser left after 12 ms, before there was an answer."),
        (
            200,
            lambda whole: [span_of("platform.connection", "pool", 1, 11, whole)],
            "12 ms, most of it in PostgreSQL (10 ms). 10 ms of it was the wait for a free connection.",
        ),
        (
            200,
            lambda whole: [
                span_of("valkey limits.check", "valkey", 0, 0, whole, refused="platform.valkey_down"),
                *_sql(whole),
            ],
            "12 ms, most of it in PostgreSQL (7 ms in 5 statements). "
            "Valkey was away, so it was done without.",
        ),
        (
            200,
            lambda whole: [
                *_sql(whole),
                span_of(
                    "before the next attempt",
                    "pause",
                    3,
                    4,
                    whole,
                    attributes={"after": "DeadlockDetectedError"},
                ),
            ],
            "12 ms, most of it in PostgreSQL (7 ms in 5 statements). "
            "PostgreSQL gave way to another transaction once, and this one was run again.",
        ),
        (
            409,
            lambda whole: [
                span_of("store.release", "sql", 5, 6, whole),
                span_of("store.refill_cart", "sql", 6, 7, whole),
                span_of("payments.collect", "verb", 1, 7, whole, refused="payments.card_declined"),
            ],
            "Refused after 12 ms: card declined. "
            "It was undone step by step: what was reserved was released and the cart was filled again.",
        ),
    ],
)
def test_the_sentence_says_what_happened(status: int, spans: Any, said: str) -> None:
    whole = request(12)
    assert journey(whole, *spans(whole), status=status).sentence == said


def test_what_went_on_afterwards_is_told() -> None:
    whole = request(40)
    told = span_of("store.order_paid", "event", 30, 30, whole)
    later = [
        [span_of("store.a", "reaction", 60, 80, told)],
        [span_of("store.b", "reaction", 80, 90, told)],
        [span_of("store.send_receipt", "job", 100, 3_140, told, error="OSError: away")],
    ]
    said = journey(whole, told, later=later).sentence
    assert said.endswith(
        " 2 reactions and 1 job went on for 3.1 s afterwards. store.send_receipt failed: OSError: away."
    )


def test_a_job_of_its_own_is_a_journey_too() -> None:
    root = span_of("platform.forget_old_rows", "job", 0, 30)
    found = read_journey([part_of(new_trace(), [root, span_of("x", "sql", 1, 29, root)])])
    assert (found.request_us, found.status, found.name) == (None, None, root.name)
    assert found.sentence == "30 ms, most of it in PostgreSQL (28 ms in 1 statement)."
