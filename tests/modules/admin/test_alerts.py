"""Something goes wrong: an alert fires, people are told by mail and webhook, and it is over by itself"""

import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest
from msgspec.structs import replace

from tests.cast import Visit
from tests.modules.admin.operators import api, desk, kareem, omar
from tests.modules.identity.runs import run_job, run_queued_jobs
from tests.modules.store.browser import Browser
from tests.sandbox.receiver import receiver
from threadly.modules.admin.jobs import forget_figures
from threadly.modules.admin.objectives import read_objectives
from threadly.modules.admin.pages.alerts import ALWAYS as SILENCEABLE
from threadly.modules.admin.repository.indicators import ADD_INDICATORS
from threadly.modules.admin.rules.alerting import Step
from threadly.modules.admin.rules.conditions import (
    MOST_SHOWN,
    books_condition,
    delivery_condition,
    event_conditions,
    job_conditions,
)
from threadly.modules.admin.runbooks import get_runbook
from threadly.modules.admin.telling import JOBS, post_alerts
from threadly.modules.admin.types.alerts import Alert, AlertState
from threadly.modules.admin.verbs.alerts import end_silence, list_alerts, list_silences, silence_alerts
from threadly.modules.admin.verbs.dead_letters import settle_dead_letter
from threadly.modules.admin.watching import look_after, read_backlog
from threadly.platform.actor import Denied
from threadly.platform.durable.backlog import EventBacklog, JobBacklog
from threadly.platform.ids import new_id
from threadly.platform.mail import KeptLetter, list_letters
from threadly.platform.runtime import Runtime
from threadly.platform.work import SYSTEM, Tenant, Works
from threadly.settings import Settings

__all__ = ["api", "desk", "kareem", "omar"]

OBJECTIVES = read_objectives(Settings())
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ALERTS = "/admin/observe/alerts"


class Watch:
    """A worker that looks after one community, at times of the test's own."""

    def __init__(self, runtime: Runtime, tenant: Tenant) -> None:
        self.runtime = runtime
        self.tenant = tenant
        self.now = datetime.now(UTC).replace(second=30)
        self.works = runtime.works = Works(runtime.database, runtime.settings, clock=lambda: self.now)

    async def look(self, *, later: timedelta = MINUTE) -> Step:
        self.now += later
        step = await self.ask()
        assert step is not None
        return step

    async def ask(self) -> Step | None:
        """None if it is not its turn."""
        backlog = await read_backlog(self.runtime)
        step, _ = await look_after(self.runtime, self.tenant, objectives=OBJECTIVES, backlog=backlog)
        return step

    async def seen(self, objective: str, *, bad: int, total: int, minutes: int = 1) -> None:
        """So many in each of the last minutes."""
        at = [self.now - place * MINUTE for place in range(minutes)]
        names, good = [objective] * minutes, [total - bad] * minutes

        async def add(work: Any) -> None:
            await work.run(ADD_INDICATORS, names, at, good, [total] * minutes)

        await self.works.attempt(self.tenant, SYSTEM, add)

    async def alerts(self, state: AlertState | None = None) -> list[Alert]:
        async with self.works.read(self.tenant, SYSTEM, fresh=True) as work:
            return (await list_alerts(work, state=state)).items

    async def letters(self) -> list[KeptLetter]:
        """Newest first."""
        await run_queued_jobs(self.works, self.tenant, jobs=JOBS)
        async with self.works.read(self.tenant, SYSTEM, fresh=True) as work:
            return await list_letters(work)


@pytest.fixture(scope="module")
async def watching(settings: Settings) -> AsyncIterator[Runtime]:
    """A runtime that knows whom to tell."""
    runtime = Runtime(replace(settings, alert_mail=("oncall@example.com", "chief@example.com")))
    await runtime.start()
    yield runtime
    await runtime.stop()


@pytest.fixture
async def watch(watching: Runtime, tenant: Tenant) -> Watch:
    await watching.tenants.refresh()
    return Watch(watching, tenant)


async def test_many_errors_raise_an_alert_and_it_is_over_when_they_are(watch: Watch) -> None:
    await watch.seen("availability", bad=0, total=500, minutes=60)
    assert not (await watch.look()).notifications
    await watch.seen("availability", bad=400, total=500, minutes=5)
    await watch.look()
    (alert,) = await watch.alerts("firing")
    assert (alert.key, alert.severity, alert.runbook) == ("slo:availability", "critical", "server-errors")
    assert "2,000 of 31,500 were bad" in alert.detail

    letters = await watch.letters()
    assert {letter.recipient for letter in letters} == {"oncall@example.com", "chief@example.com"}
    assert letters[0].subject.startswith("[Critical] The site answers")
    assert "/admin/observe/runbooks/server-errors" in letters[0].text
    assert "/map/journeys?status=5xx" in letters[0].text

    # It is well again: what woke somebody is over after half an hour, what only warns after six.
    assert not (await watch.look(later=31 * MINUTE)).notifications
    assert [each.severity for each in await watch.alerts("firing")] == ["warning"]
    await watch.look(later=6 * HOUR)
    step = await watch.look(later=3 * MINUTE)
    assert [each.kind for each in step.notifications] == ["resolved"]
    assert await watch.alerts("firing") == []
    (over,) = await watch.alerts("resolved")
    assert over.id == alert.id
    assert (await watch.letters())[0].subject.startswith("[Resolved] The site answers")


async def test_whatever_else_fires_with_it_is_one_letter(watch: Watch) -> None:
    await watch.seen("checkout-available", bad=50, total=50)
    await watch.seen("checkout-speed", bad=50, total=50)
    step = await watch.look()
    (told,) = step.notifications
    assert {alert.key for alert in told.alerts} == {"slo:checkout-available", "slo:checkout-speed"}
    letters = await watch.letters()
    assert len(letters) == 2
    assert " and 1 more" in letters[0].subject


async def test_of_all_workers_one_looks_at_a_time(watch: Watch) -> None:
    await watch.look()
    assert await watch.ask() is None
    await watch.look()


async def test_events_that_wait_and_dead_letters_are_alerts(
    watch: Watch, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    event_id = new_id()
    await owner.execute(
        "INSERT INTO platform.outbox (id, tenant_id, name, payload, traceparent, emitted_at)"
        " VALUES ($1, $2, 'nobody.knows_it', '{}', '', $3)",
        event_id, watch.tenant.id, watch.now - 5 * MINUTE,
    )  # fmt: skip
    await watch.look()
    assert [(each.key, each.state) for each in await watch.alerts()] == [("outbox-late", "pending")]
    await watch.look()
    assert [(each.key, each.state) for each in await watch.alerts()] == [("outbox-late", "firing")]

    await owner.execute("UPDATE platform.outbox SET done_at = now() WHERE id = $1", event_id)
    await owner.execute(
        "INSERT INTO platform.failed_reactions"
        " (event_id, reaction, tenant_id, attempts, next_attempt_at, error, dead_at)"
        " VALUES ($1, 'feed.fan_out', $2, 10, now(), 'no', now())",
        event_id, watch.tenant.id,
    )  # fmt: skip
    for _ in range(3):
        await watch.look()
    assert {each.key: each.state for each in await watch.alerts()} == {
        "outbox-late": "resolved",
        "dead-letters": "firing",
    }
    await owner.execute("DELETE FROM platform.failed_reactions WHERE event_id = $1", event_id)
    for _ in range(3):
        await watch.look()
    assert await watch.alerts("firing") == []


async def test_messages_that_were_given_up_are_an_alert_until_the_last_is_dropped(
    watch: Watch, owner: "asyncpg.Connection[asyncpg.Record]", omar: Visit
) -> None:
    delivery_ids = [new_id(), new_id()]
    states = {new_id(): "sending", **dict.fromkeys(delivery_ids, "failed")}
    await owner.executemany(
        "INSERT INTO notifications.deliveries (id, tenant_id, user_id, channel, state, due_at, created_at)"
        " VALUES ($1, $2, $3, 'mail', $4, $5, $5)",
        [(each, watch.tenant.id, omar.actor.me, state, watch.now) for each, state in states.items()],
    )
    for left in (2, 1):
        await watch.look()
        (alert,) = await watch.alerts()
        assert (alert.key, alert.state, alert.severity) == ("undelivered", "firing", "warning")
        said = "2 messages" if left == 2 else "1 message"
        assert alert.detail == f"{said} of mail, push or SMS given up for good."
        await omar.write(
            partial(settle_dead_letter, letter_id=f"delivery:{delivery_ids.pop()}", action="drop")
        )
    for _ in range(3):
        await watch.look()
    assert await watch.alerts("firing") == []
    assert delivery_condition(MOST_SHOWN)[0].detail.startswith("100 messages or more")


async def test_every_alert_has_a_runbook_and_a_name_that_can_be_silenced(watch: Watch) -> None:
    backlog = EventBacklog(watch.tenant.id, 1, watch.now - HOUR, 0, 1)
    jobs = [JobBacklog("mail", 1, 0, 1, watch.now - HOUR)]
    conditions = [
        *event_conditions(backlog, now=watch.now),
        *job_conditions(jobs, now=watch.now),
        *books_condition(1),
        *delivery_condition(1),
    ]
    assert {each.key for each in conditions} == {*SILENCEABLE} - {"*"}
    for each in conditions:
        assert get_runbook(each.runbook).blocks


async def test_a_pager_gets_json_that_it_can_check_and_gets_it_until_it_takes_it(
    watch: Watch, watching: Runtime
) -> None:
    async with receiver(503) as pager:  # once, then it takes what comes
        settings = replace(watching.settings, alert_webhook_url=pager.url, alert_webhook_secret="ours")
        works = Works(watching.database, settings, clock=lambda: watch.now)
        watching.works = works
        await watch.seen("checkout-books", bad=1, total=2)
        told = (await watch.look()).notifications[0]
        with pytest.raises(httpx.HTTPStatusError):
            await run_job(works, watch.tenant, post_alerts, notification_id=str(told.id))
        await run_job(works, watch.tenant, post_alerts, notification_id=str(told.id))
    first, second = pager.letters
    assert first.body == second.body
    stamp, signature = (part.partition("=")[2] for part in second.headers["threadly-signature"].split(","))
    signed = hmac.new(b"ours", f"{stamp}.".encode() + second.body, hashlib.sha256).hexdigest()
    assert signature == signed
    assert (second.event["kind"], second.event["severity"]) == ("alerts.firing", "critical")
    (alert,) = second.event["alerts"]
    assert (alert["key"], alert["objective"]) == ("slo:checkout-books", "checkout-books")
    assert alert["runbook_url"].endswith("/admin/observe/runbooks/books-differ")


async def test_the_webhook_is_a_durable_job_of_its_own(watch: Watch, watching: Runtime) -> None:
    settings = replace(watching.settings, alert_webhook_url="http://127.0.0.1:9/pager")
    watching.works = Works(watching.database, settings, clock=lambda: watch.now)
    await watch.seen("checkout-books", bad=1, total=2)
    await watch.look()
    with pytest.raises(httpx.ConnectError):
        await run_queued_jobs(watching.works, watch.tenant, jobs=[*JOBS])


@pytest.mark.parametrize("matches", ["slo:availability", "*"])
async def test_what_is_silenced_is_listed_and_told_of_when_it_ends(
    watch: Watch, omar: Visit, matches: str
) -> None:
    omar = Visit(watch.works, watch.tenant, omar.actor)  # at the watch's time
    silence = await omar.write(lambda work: silence_alerts(work, matches=matches, minutes=60, why="We know."))
    await watch.seen("availability", bad=500, total=500)
    assert not (await watch.look()).notifications
    (alert,) = await watch.alerts("firing")
    assert alert.silenced_until == silence.until
    await omar.write(lambda work: end_silence(work, silence_id=silence.id))
    assert [each.kind for each in (await watch.look()).notifications] == ["firing"]


async def test_only_operators_see_and_silence(kareem: Visit) -> None:
    for act in (list_alerts, list_silences):
        with pytest.raises(Denied):
            await kareem.read(act)
    with pytest.raises(Denied):
        await kareem.write(lambda work: silence_alerts(work, matches="*", minutes=5, why="Because."))


async def test_what_is_long_over_is_forgotten(
    watch: Watch, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await watch.seen("availability", bad=500, total=500)
    await watch.look()
    await watch.look(later=9 * HOUR)
    await watch.look(later=3 * MINUTE)
    watch.now += timedelta(days=92)
    await run_job(watch.works, watch.tenant, forget_figures)
    for table in ("alerts", "notifications", "sli", "route_minutes"):
        left = await owner.fetchval(
            f"SELECT count(*) FROM admin.{table} WHERE tenant_id = $1", watch.tenant.id
        )
        assert left == 0, table


# Pages and API


async def test_an_operator_sees_what_fires_silences_it_and_ends_that(watch: Watch, desk: Browser) -> None:
    await watch.seen("availability", bad=500, total=500)
    await watch.look()
    page = await desk.open("/admin/observe")
    assert "The site answers: in danger" in page
    await desk.open(f"{ALERTS}?silence=slo:availability")
    assert re.search(r'value="slo:availability" selected', desk.page)

    assert (await desk.send(ALERTS, matches="slo:availability", minutes="30", why=" ")).status_code == 400
    assert "Say why" in desk.page
    assert (await desk.send(ALERTS, matches="slo:availability", minutes="x", why="No")).status_code == 400
    assert (
        await desk.send(ALERTS, matches="slo:availability", minutes="30", why="A release")
    ).status_code == 303
    page = await desk.open(ALERTS)
    assert "Silenced until" in page
    assert "<strong>The site answers</strong>" in page
    assert "A release" in page
    (end,) = re.findall(r'action="([^"]+/end)"', page)
    await desk.send(end)
    assert "Nothing is silenced." in await desk.open(ALERTS)


async def test_history_goes_on_page_by_page(watch: Watch, desk: Browser) -> None:
    for name in ("availability", "feed-speed", "checkout-available"):
        await watch.seen(name, bad=500, total=500)
    await watch.look()
    await watch.look(later=9 * HOUR)
    await watch.look(later=3 * MINUTE)
    page = await desk.open(ALERTS)
    assert page.count("alarm--over") == 3
    assert "Older alerts" not in page


async def test_objectives_have_pages_with_what_is_left(watch: Watch, desk: Browser) -> None:
    await watch.seen("availability", bad=1, total=500, minutes=10)
    page = await desk.open("/admin/observe/objectives")
    assert "99.8%" in page
    page = await desk.open("/admin/observe/objectives/availability")
    assert "4,990 of 5,000 were good" in page
    assert "burn__bar--wait" in page
    await desk.open("/admin/observe/objectives/none", status=404)
    for name in [each.name for each in OBJECTIVES]:
        await desk.open(f"/admin/observe/objectives/{name}")


async def test_runbooks_can_be_read_where_the_alert_is(desk: Browser) -> None:
    assert "Dead letters" in await desk.open("/admin/observe/runbooks")
    assert "threadly events retry" in await desk.open("/admin/observe/runbooks/dead-letters")
    for slug in ("none", "..%2fREADME", "README"):
        await desk.open(f"/admin/observe/runbooks/{slug}", status=404)


async def test_the_overview_says_when_nobody_looks(watch: Watch, desk: Browser) -> None:
    assert "Is there a worker?" in await desk.open("/admin/observe")
    await watch.look(later=timedelta())
    assert "No alert fires." in await desk.open("/admin/observe")


async def test_the_index_of_the_search_is_one_link_away(desk: Browser) -> None:
    assert '<a href="/admin/search">Search index</a>' in await desk.open("/admin/observe")
    assert "Rebuild the search" in await desk.open("/admin/search")


async def test_the_overview_comes_anew_without_its_frame(desk: Browser) -> None:
    assert "<html" in await desk.open("/admin/observe")
    page = await desk.open("/admin/observe", htmx=True)
    assert "<html" not in page
    assert "Requests by route" in page


async def test_pages_are_for_operators(client: httpx.AsyncClient, kareem: Visit) -> None:
    from tests.modules.store.browser import enter

    paths = ["/admin/observe", ALERTS, "/admin/observe/objectives", "/admin/observe/runbooks/dead-letters"]
    for path in paths:
        assert (await client.get(path)).status_code in (303, 401), path
    browser = await enter(client, kareem)
    for path in paths:
        await browser.open(path, status=403)
    assert "/admin/observe" not in await browser.open("/")


async def test_the_api_tells_and_does_the_same(watch: Watch, api: httpx.AsyncClient) -> None:
    await watch.seen("availability", bad=500, total=500)
    await watch.look()
    objectives = (await api.get("/api/v1/admin/objectives")).json()["data"]
    assert [each["name"] for each in objectives] == [each.name for each in OBJECTIVES]
    assert objectives[0]["severity"] == "critical"
    detail = (await api.get("/api/v1/admin/objectives/availability")).json()["data"]
    assert detail["points"][-1]["total"] + detail["points"][-2]["total"] == 500
    overview = (await api.get("/api/v1/admin/overview")).json()["data"]
    assert [each["key"] for each in overview["alerts"]] == ["slo:availability"]
    (alert,) = (await api.get("/api/v1/admin/alerts?state=firing")).json()["data"]
    assert alert["silenced_until"] is None

    wanted = {"matches": "*", "minutes": 30, "why": "A release"}
    made = await api.post("/api/v1/admin/silences", json=wanted)
    assert made.status_code == 201
    silence = made.json()["data"]
    assert silence["created_by"] == "omar"
    address = made.headers["location"]
    assert (await api.get(address)).json()["data"] == silence
    assert len((await api.get("/api/v1/admin/silences?active=true")).json()["data"]) == 1
    assert (await api.delete(address)).status_code == 204
    assert (await api.get("/api/v1/admin/silences?active=true")).json()["data"] == []
    for bad in ({**wanted, "minutes": 0}, {**wanted, "why": ""}, {**wanted, "matches": ""}):
        assert (await api.post("/api/v1/admin/silences", json=bad)).status_code == 400
    assert (await api.delete(f"/api/v1/admin/silences/{new_id()}")).status_code == 404
