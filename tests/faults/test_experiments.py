"""Experiments on a whole installation: real faults, each with an end, and a system that gets over them"""

import re
import signal
from collections.abc import AsyncIterator
from typing import Any

import httpx
import psutil
import pytest
from playwright.async_api import Page, expect

from tests.browser import chromium
from tests.conftest import eventually
from tests.faults.installation import PASSWORD, Installation, Member, is_ready
from tests.faults.shopper import ON_HAND, new_shopper
from tests.modules.payments.doubles.paypal import CLIENT_ID, SECRET
from tests.modules.payments.doubles.rigs import PayPalRig
from tests.modules.payments.doubles.serving import staging
from threadly.platform.money import Money

SHORTEST_S = 5
LONG_S = 600
# As modules/payments/calling.py has it.
BREAKER_OPENS_AFTER, CALLS_UNTIL_PASSED_ON = 10, 2
LATE_S = 0.5  # of an experiment with a slow database
PROMOTE = (
    "INSERT INTO identity.role_grants (user_id, tenant_id, role, granted_at) VALUES ($1, 1, 'admin', now())"
)
LOGGED = """
SELECT operation, actor_id FROM platform.audit_log
WHERE relation = 'atlas.experiments' AND subject = $1 ORDER BY id
"""
WAITING = "SELECT count(*) FROM platform.outbox WHERE done_at IS NULL AND name = 'atlas.burst_arrived'"


class Trials:
    """An operator, and the installation that the operator hurts."""

    def __init__(self, installation: Installation, http: httpx.AsyncClient, operator: Member) -> None:
        self.installation = installation
        self.http = http
        self.operator = operator

    async def start(self, kind: str, duration_s: int = LONG_S) -> str:
        """Returns its id once it is under way."""
        body = {"kind": kind, "duration_s": duration_s}
        answer = await self.http.post("/api/v1/experiments", json=body, headers=self.operator.headers)
        assert answer.status_code == 201, answer.text
        made: str = answer.json()["data"]["id"]
        await eventually(lambda: self._has_begun(made))
        return made

    async def end(self, experiment_id: str) -> None:
        answer = await self.http.delete(self._path(experiment_id), headers=self.operator.headers)
        assert answer.status_code == 204, answer.text

    async def get(self, experiment_id: str) -> dict[str, Any]:
        answer = await self.http.get(self._path(experiment_id), headers=self.operator.headers)
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def has_ended(self, experiment_id: str) -> bool:
        async with self.installation.database() as database:
            noted = "SELECT ended_at IS NOT NULL FROM atlas.experiments WHERE id = $1"
            return bool(await database.fetchval(noted, experiment_id))

    async def audit(self, experiment_id: str) -> list[tuple[str, str | None]]:
        """Each operation, with who did it."""
        async with self.installation.database() as database:
            rows = await database.fetch(LOGGED, experiment_id)
        return [(row["operation"], str(row["actor_id"]) if row["actor_id"] else None) for row in rows]

    async def journey(self, trace_id: str) -> dict[str, Any]:
        """Once the request's own part is stored: a worker may be quicker with what it caused."""
        found: dict[str, Any] = {}

        async def is_stored() -> bool:
            answer = await self.http.get(f"/api/v1/journeys/{trace_id}", headers=self.operator.headers)
            if answer.status_code == 200:
                found.update(answer.json()["data"])
            return found.get("request_us") is not None

        await eventually(is_stored)
        return found

    async def took_s(self, path: str = "/api/v1/posts") -> float:
        answer = await self.http.get(path, headers=self.operator.headers)
        assert answer.status_code == 200, answer.text
        return answer.elapsed.total_seconds()

    async def has_begun_anew(self, experiment_id: str) -> bool:
        try:
            effect: str | None = (await self.get(experiment_id))["effect"]
        except httpx.TransportError:
            return False
        return "in its place" in (effect or "")

    async def valkey_is(self, state: str) -> bool:
        return f'"valkey":"{state}"' in (await self.http.get("/ready")).text

    async def waiting(self) -> int:
        async with self.installation.database() as database:
            return int(await database.fetchval(WAITING))

    async def _has_begun(self, experiment_id: str) -> bool:
        try:
            return bool((await self.get(experiment_id))["state"] != "starting")
        except httpx.TransportError:  # it was the process that we asked
            return False

    def _path(self, experiment_id: str) -> str:
        return f"/api/v1/experiments/{experiment_id}"


@pytest.fixture(scope="module")
async def paypal() -> AsyncIterator[PayPalRig]:
    async with staging() as stage, PayPalRig.running(stage) as rig:
        yield rig


@pytest.fixture(scope="module")
async def hurt(paypal: PayPalRig) -> AsyncIterator[Installation]:
    """With two providers, of which experiments act on the sandbox."""
    async with Installation(
        experiments=True, paypal_client_id=CLIENT_ID, paypal_secret=SECRET, paypal_url=paypal.url
    ) as installation:
        installation.start()
        yield installation


@pytest.fixture
async def trials(hurt: Installation, http: httpx.AsyncClient) -> Trials:
    if not hurt.members:
        operator = await hurt.sign_up(http, "omar")
        async with hurt.database() as database:
            await database.execute(PROMOTE, operator.id)
        answer = await http.post("/api/v1/auth/refresh", json={"refresh_token": operator.tokens[1]})
        operator.tokens[:] = [answer.json()["data"]["access_token"], answer.json()["data"]["refresh_token"]]
    return Trials(hurt, http, hurt.members[0])


async def test_a_provider_that_times_out_after_charging_charges_once_for_one_order(
    trials: Trials, installation: Installation, http: httpx.AsyncClient
) -> None:
    shopper = await new_shopper(installation, http)
    await shopper.behave(webhooks={"hold": True})  # or the processor tells us of the charge meanwhile
    experiment = await trials.start("provider-silent")
    bought = await shopper.check_out(http, token="tok_success")
    await trials.end(experiment)
    assert (bought.status_code, bought.json()["data"]["state"]) == (201, "paid"), bought.text
    assert len(await shopper.charges()) == 1
    assert await shopper.states() == ["paid"]
    assert await shopper.stock() == (ON_HAND - 1, 0)
    _shows_one_key(await trials.journey(bought.headers["x-trace-id"]))
    who = trials.operator.id
    assert await trials.audit(experiment) == [("insert", who), ("update", who)]
    await shopper.behave()


def _shows_one_key(journey: dict[str, Any]) -> None:
    calls = [bar["attributes"] for bar in journey["bars"] if bar["kind"] == "call"]
    assert [(call["attempt"], call.get("outcome")) for call in calls] == [(1, "unknown"), (2, None)]
    assert len({call["key"] for call in calls}) == 1
    assert sum(layer["us"] for layer in journey["layers"]) == journey["request_us"]


async def test_who_presses_buy_now_sees_on_the_map_how_one_charge_came_of_two_calls(
    trials: Trials, installation: Installation, http: httpx.AsyncClient
) -> None:
    shopper = await new_shopper(installation, http)
    await shopper.behave(webhooks={"hold": True})
    async with chromium() as browser:
        context = await browser.new_context(base_url=installation.url, reduced_motion="reduce")
        page = await context.new_page()
        await _sign_in(page, trials.operator)
        await page.goto("/map")
        await page.get_by_role("button", name="Follow me").click()
        await expect(page.get_by_role("button", name="Stop following me")).to_be_visible()
        shop = await context.new_page()
        await shop.goto(f"/shop/{shopper.handle}")
        await shop.get_by_role("button", name="Buy now").click()
        await shop.get_by_label("Country").select_option("EG")
        await shop.get_by_label("Street and number").fill("1 River Road")
        await shop.get_by_label("City").fill("Cairo")
        await shop.locator("[name=method][value=sandbox]").check()
        experiment = await trials.start("provider-silent")
        # The form is asked for its sums, too, when the country changes.
        async with shop.expect_response(lambda answer: answer.status == 303) as paying:
            await shop.get_by_role("button", name=re.compile("^Pay")).click()
        await expect(shop.get_by_role("heading", name="Thank you. Your order is paid.")).to_be_visible()
        await trials.end(experiment)
        paid = await paying.value
        timing = paid.request.timing
        measured_ms = timing["responseStart"] - timing["requestStart"]
        # The page of the Map heard all of it, while it happened; the newest is that of the order's page.
        await page.locator("[data-lately-list] button", has_text="POST /checkout").first.click()
        await expect(page.locator("[data-sentence]")).to_contain_text(
            "the second attempt, under the same key, succeeded"
        )
        calls = page.locator("[data-fall]").get_by_text("sandbox.charge")
        await expect(calls).to_have_count(2)
        trace_id = await paid.header_value("x-trace-id")
        assert trace_id
        await context.close()
    journey = await trials.journey(trace_id)
    summed_ms = sum(layer["us"] for layer in journey["layers"]) / 1_000
    assert summed_ms == pytest.approx(measured_ms, rel=0.05)
    _shows_one_key(journey)
    charges = await shopper.charges_of(trials.operator.id)
    assert len(charges) == 1
    await shopper.behave()


async def _sign_in(page: Page, member: Member) -> None:
    await page.goto("/login")
    await page.get_by_label("E-mail").fill(f"{member.username}@example.com")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/")


async def test_while_a_provider_is_down_paypal_is_asked_instead_and_in_the_end_the_breaker_opens(
    trials: Trials, installation: Installation, http: httpx.AsyncClient, paypal: PayPalRig
) -> None:
    experiment = await trials.start("provider-down")
    breakers = []
    for _ in range(BREAKER_OPENS_AFTER // CALLS_UNTIL_PASSED_ON + 1):
        shopper = await new_shopper(installation, http)
        approved = await paypal.order(Money(1_000, "USD"))
        paypal.double.approve(approved)
        bought = await shopper.check_out(http, token="tok_success", paypal=approved)
        assert (bought.status_code, bought.json()["data"]["state"]) == (201, "paid"), bought.text
        assert await shopper.charges() == []
        journey = await trials.journey(bought.headers["x-trace-id"])
        assert [bar["name"] for bar in journey["bars"] if bar["name"] == "payments.passed_on"]
        calls = [bar for bar in journey["bars"] if bar["kind"] == "call"]
        assert calls[-1]["name"] == "paypal.charge"
        breakers.append([call["attributes"]["breaker"] for call in calls if "breaker" in call["attributes"]])
    # It is not even called any more.
    assert breakers[0] == ["closed"] * CALLS_UNTIL_PASSED_ON
    assert set(breakers[-1]) == {"open"}
    await trials.end(experiment)


async def test_a_slow_database_is_slow_until_it_ends_by_itself(trials: Trials) -> None:
    experiment = await trials.start("database-slow", SHORTEST_S)
    assert await trials.took_s() >= LATE_S
    await eventually(lambda: trials.has_ended(experiment))
    seen = await trials.get(experiment)
    assert (seen["state"], seen["ended_reason"], seen["ended_by"]) == ("ended", "time", None)
    assert await trials.took_s() < LATE_S
    assert await trials.audit(experiment) == [("insert", trials.operator.id), ("update", None)]


async def test_without_valkey_pages_work_and_afterwards_it_is_back(trials: Trials) -> None:
    experiment = await trials.start("valkey-gone")
    await eventually(lambda: trials.valkey_is("down"))
    assert await trials.took_s() < LATE_S
    body = {"kind": "valkey-gone"}
    again = await trials.http.post("/api/v1/experiments", json=body, headers=trials.operator.headers)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "atlas.experiment_running")
    await trials.end(experiment)
    await eventually(lambda: trials.valkey_is("up"))


async def test_a_killed_worker_and_a_killed_web_process_are_replaced(
    trials: Trials, installation: Installation
) -> None:
    before = {each.pid for each in [installation.server("worker"), *installation.web_processes()]}
    worker = await trials.start("kill-worker", LONG_S)
    web = await trials.start("kill-web", LONG_S)
    await eventually(lambda: is_ready(trials.http))
    for experiment in (worker, web):
        await eventually(lambda experiment=experiment: trials.has_begun_anew(experiment))  # type: ignore[misc]  # bound now
        await trials.end(experiment)
    after = {each.pid for each in [installation.server("worker"), *installation.web_processes()]}
    assert not before & after
    refused = await trials.http.post(
        "/api/v1/experiments", json={"kind": "kill-web"}, headers=trials.operator.headers
    )
    assert refused.status_code == 429  # or the supervisor would give up on it


async def test_a_filled_queue_is_worked_through_and_ends_with_its_experiment(trials: Trials) -> None:
    experiment = await trials.start("fill-queue")
    assert await trials.waiting() > 0
    await trials.end(experiment)

    async def is_empty() -> bool:
        return await trials.waiting() == 0

    await eventually(is_empty)


async def test_experiments_outlive_the_process_that_makes_them_and_so_do_their_ends(
    trials: Trials, installation: Installation
) -> None:
    experiment = await trials.start("valkey-gone")
    _faults(installation).send_signal(signal.SIGKILL)
    await eventually(lambda: is_up(trials.http))
    await eventually(lambda: trials.valkey_is("down"))
    await trials.end(experiment)
    await eventually(lambda: trials.valkey_is("up"))


def _faults(installation: Installation) -> psutil.Process:
    children = psutil.Process(installation.pid).children()
    (found,) = [each for each in children if "threadly.faults" in each.cmdline()]
    return found


async def is_up(http: httpx.AsyncClient) -> bool:
    return (await http.get("/ready")).status_code == 200


async def test_members_start_no_experiment(trials: Trials, http: httpx.AsyncClient) -> None:
    member = await trials.installation.sign_up(http, "lena")
    answer = await http.post("/api/v1/experiments", json={"kind": "kill-web"}, headers=member.headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "auth.denied")
