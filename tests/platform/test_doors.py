"""Verbs are traced where they are called from: by the door, by the module's own entries, by other verbs."""

from functools import partial

from tests.platform.test_telemetry import Taken, recording_with
from threadly.modules import store
from threadly.modules.feed import rules
from threadly.modules.feed.verbs import posts
from threadly.modules.store.verbs import cart
from threadly.platform.runtime import Runtime
from threadly.platform.telemetry.doors import trace_doors, trace_rules
from threadly.platform.telemetry.tracing import continue_trace
from threadly.platform.work import SYSTEM, Tenant


async def test_a_verb_is_a_span_that_names_where_it_is_written_however_it_is_called(
    runtime: Runtime, tenant: Tenant
) -> None:
    trace_doors([store])
    trace_doors([store])
    taken = Taken()
    with recording_with(taken, trace_sample=1) as keeper:
        with continue_trace(None):
            async with runtime.works.read(tenant, SYSTEM) as work:
                for count in (store.count_units, cart.count_units):
                    await partial(count, work, guest=None)()
        await keeper.flush()
    verbs = [each for part in taken.parts for each in part.spans if each.kind == "verb"]
    assert [each.name for each in verbs] == ["store.count_units"] * 2
    path, _, line = (verbs[0].source or "").partition(":")
    assert path == "modules/store/verbs/cart_reading.py"
    assert int(line) > 1


async def test_a_decision_is_a_span_where_it_is_asked_for() -> None:
    trace_rules([rules.clean_content])
    trace_rules([rules.clean_content])
    taken = Taken()
    with recording_with(taken, trace_sample=1) as keeper:
        with continue_trace(None):
            assert vars(posts)["clean_content"](" hello ") == "hello"
        await keeper.flush()
    (decided,) = taken.parts[0].spans
    assert (decided.kind, decided.name) == ("rule", "feed.clean_content")
    assert (decided.source or "").startswith("modules/feed/rules.py:")
