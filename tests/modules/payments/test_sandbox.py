"""The cashier on the real Sandbox: a process of its own, over HTTP, with the cards that it has for tests."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from tests.conftest import client_of, eventually
from tests.modules.payments.fake import FakeProvider
from tests.modules.payments.till import Clock, Till
from tests.sandbox.merchant import Merchant, merchant_of
from tests.sandbox.receiver import receiver
from tests.sandbox.server import SandboxServer, sandbox_server
from threadly.app import make_app
from threadly.modules import payments
from threadly.modules.payments.calling import Limits
from threadly.modules.payments.cashier import Cashier, use_cashier
from threadly.modules.payments.providers.configured import make_providers
from threadly.platform.relay import Relay
from threadly.platform.runtime import Runtime
from threadly.platform.tenants import PUBLIC_TENANT_ID
from threadly.platform.work import Tenant
from threadly.wiring import make_reactions

LIMITS = Limits(call_s=0.6, waited_for_s=2.5, patient_s=2.5, first_pause_s=0.02, longest_pause_s=0.1)


@pytest.fixture(scope="module")
def processor() -> Iterator[SandboxServer]:
    with sandbox_server() as server:
        yield server


@pytest.fixture
async def own(runtime: Runtime, processor: SandboxServer, tenant: Tenant) -> AsyncIterator[Runtime]:
    """An installation that takes money by the Sandbox."""
    own = Runtime(replace(runtime.settings, sandbox_url=processor.url, sandbox_key=processor.key))
    await own.start()
    await own.tenants.refresh()
    yield own
    await payments.close_cashier(own.works)
    await own.stop()


@pytest.fixture
async def shop(own: Runtime, tenant: Tenant) -> Till:
    till = Till(own.works, tenant, Clock(), dict[payments.ProviderName, FakeProvider]())
    till.cashier = Cashier(own.works, make_providers(own.settings), limits=LIMITS)
    use_cashier(own.works, till.cashier)
    return till


@pytest.fixture
async def merchant(processor: SandboxServer) -> AsyncIterator[Merchant]:
    async with merchant_of(processor) as merchant:
        yield merchant
    processor.reset()


async def charged(merchant: Merchant, payment: payments.Payment, shop: Till) -> list[str]:
    """The states of all charges that the processor has for the payment."""
    attempts = await shop.read(lambda work: payments.list_attempts(work, payment_id=payment.id))
    return [charge["status"] for each in attempts for charge in await merchant.find(str(each.id))]


@pytest.mark.parametrize(
    "token", ["tok_success", "tok_timeout_before", "tok_timeout_after", "tok_error_before", "tok_error_after"]
)
async def test_whatever_happens_once_it_is_charged_once(shop: Till, merchant: Merchant, token: str) -> None:
    payment = await shop.collect(await shop.open(token=token))
    assert payment.state == "succeeded"
    assert await charged(merchant, payment, shop) == ["succeeded"]
    assert (await shop.balances())["sales"] == -5_000


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_expired_card", "expired_card"),
        ("tok_authentication_required", "authentication_required"),
        ("tok_of_nobody", "method_invalid"),
    ],
)
async def test_a_decline_says_why(shop: Till, token: str, code: str) -> None:
    payment = await shop.collect(await shop.open(token=token))
    assert (payment.state, payment.decline_code) == ("declined", code)
    assert payments.declined(payment.decline_code).code == f"payments.{code}"


async def test_what_never_answers_is_abandoned_uncharged(shop: Till, merchant: Merchant) -> None:
    payment = await shop.collect(await shop.open(token="tok_error_before_always"))
    assert payment.state == "saved"
    await shop.write(lambda work: payments.abandon_payment(work, payment_id=payment.id))
    assert (await shop.resume(payment)).state == "abandoned"
    assert await charged(merchant, payment, shop) == []


async def test_a_processor_that_was_down_is_charged_when_it_is_back(shop: Till, merchant: Merchant) -> None:
    await merchant.behave(down=True)
    payment = await shop.collect(await shop.open())
    assert payment.state == "saved"
    await merchant.behave()
    assert (await shop.resume(payment)).state == "succeeded"
    assert await charged(merchant, payment, shop) == ["succeeded"]


async def test_a_webhook_of_the_processor_decides_a_pending_charge(
    shop: Till, merchant: Merchant, own: Runtime, tenant: Tenant
) -> None:
    async with receiver() as taking, client_of(make_app(own), tenant) as client:
        await merchant.send_webhooks_to(taking.url)
        payment = await shop.collect(await shop.open(token="tok_pending"))
        assert payment.state == "saved"
        await eventually(lambda: taking.has(1))
        for letter in [*taking.letters, *taking.letters]:
            headers = {
                "sandbox-signature": letter.headers["sandbox-signature"],
                "content-type": "application/json",
            }
            answer = await client.post("/webhooks/sandbox", content=letter.body, headers=headers)
            assert answer.status_code == 200
    await Relay(own.works, make_reactions(), own.tenants).drain(tenant)
    assert (await shop.get(payment)).state == "succeeded"


async def test_refunds_payouts_and_fees_match_the_processors_account(
    shop: Till, merchant: Merchant, own: Runtime
) -> None:
    began = datetime.now(UTC) - timedelta(seconds=1)
    payment = await shop.collect(await shop.open())
    await shop.execute((await shop.refund(payment, 2_000)).id)
    first = Till(shop.works, await own.tenants.get(PUBLIC_TENANT_ID), shop.clock, shop.providers)
    use_cashier(own.works, shop.cashier)
    banked = (await first.balances()).get("bank", 0)
    await merchant.pay_out(1_000)
    for tenant in (shop.tenant, first.tenant):
        (made,) = await payments.reconcile(
            shop.works, tenant, since=began, until=datetime.now(UTC) + timedelta(seconds=1)
        )
        if tenant == shop.tenant:
            assert (made.matched, made.differences) == (3, 0)
    balances = await shop.balances()
    assert (balances["sales"], "bank" in balances) == (-3_000, False)
    assert sum(balances.values()) == 0
    assert (await first.balances())["bank"] == banked + 1_000
