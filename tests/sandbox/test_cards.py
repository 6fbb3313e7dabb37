"""What each test card does."""

import time

import httpx
import pytest

from tests.conftest import eventually
from tests.sandbox.merchant import Merchant, merchant_of, new_key
from tests.sandbox.server import SandboxServer
from threadly.sandbox.cards import CARDS

PATIENCE_S = 0.4  # far more than an answer takes, far less than a hang


async def test_a_good_card_pays_and_the_fee_is_known(merchant: Merchant) -> None:
    answer = await merchant.charge(
        "paid once", amount_minor=5099, reference="order 7", description="Two mugs"
    )
    assert answer.status_code == 201
    charge = answer.json()
    assert charge.pop("id").startswith("ch_")
    assert charge.pop("created_at").endswith("Z")
    assert charge == {
        "key": "paid once",
        "status": "succeeded",
        "amount_minor": 5099,
        "currency": "USD",
        "fee_minor": 178,  # 147.871 and 30
        "decline_code": None,
        "label": "Sandbox card 4242",
        "reference": "order 7",
    }


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("tok_declined", "card_declined"),
        ("tok_insufficient_funds", "insufficient_funds"),
        ("tok_expired_card", "expired_card"),
        ("tok_authentication_required", "authentication_required"),
        ("tok_nobody_issued", "method_invalid"),
    ],
)
async def test_a_bad_card_is_declined_for_its_reason_each_time(
    merchant: Merchant, token: str, code: str
) -> None:
    key = new_key()
    first, again = await merchant.charge(key, token), await merchant.charge(key, token)
    assert first.status_code == again.status_code == 402
    assert first.json() == again.json()
    assert (first.json()["status"], first.json()["decline_code"], first.json()["fee_minor"]) == (
        "declined",
        code,
        0,
    )


async def test_the_slow_card_pays_after_two_seconds(merchant: Merchant) -> None:
    began = time.monotonic()
    assert (await merchant.charge(token="tok_slow")).json()["status"] == "succeeded"
    assert time.monotonic() - began >= 2


async def test_the_pending_card_pays_later(merchant: Merchant) -> None:
    key = new_key()
    answer = await merchant.charge(key, "tok_pending")
    assert (answer.status_code, answer.json()["status"]) == (201, "pending")

    async def has_paid() -> bool:
        (charge,) = await merchant.find(key)
        return bool(charge["status"] == "succeeded")

    await eventually(has_paid)
    assert (await merchant.charge(key, "tok_pending")).json()["status"] == "succeeded"
    assert [line["kind"] for line in await merchant.movements() if line["key"] == key] == ["charge", "fee"]


@pytest.mark.parametrize(
    ("token", "has_effect"), [("tok_timeout_before", False), ("tok_timeout_after", True)]
)
async def test_a_card_that_times_out_answers_the_repetition(
    sandbox: SandboxServer, merchant: Merchant, token: str, has_effect: bool
) -> None:
    key = new_key()
    await _is_not_answered(sandbox, key, token)

    async def has_had_its_effect() -> bool:
        return len(await merchant.find(key)) == has_effect

    await eventually(has_had_its_effect)
    charged_before = await merchant.find(key)
    answer = await merchant.charge(key, token)
    assert (answer.status_code, answer.json()["status"]) == (201, "succeeded")
    assert await merchant.find(key) == [answer.json()]
    assert charged_before in ([], [answer.json()])


@pytest.mark.parametrize(("token", "has_effect"), [("tok_error_before", False), ("tok_error_after", True)])
async def test_a_card_that_fails_answers_the_repetition(
    merchant: Merchant, token: str, has_effect: bool
) -> None:
    key = new_key()
    assert (await merchant.charge(key, token)).status_code == 500
    assert len(await merchant.find(key)) == has_effect
    answer = await merchant.charge(key, token)
    assert (answer.status_code, answer.json()["status"]) == (201, "succeeded")
    assert await merchant.find(key) == [answer.json()]


async def test_cards_that_never_answer_properly_never_charge(
    sandbox: SandboxServer, merchant: Merchant
) -> None:
    failing, hanging = new_key(), new_key()
    for _ in range(3):
        assert (await merchant.charge(failing, "tok_error_before_always")).status_code == 500
        await _is_not_answered(sandbox, hanging, "tok_timeout_before_always")
    assert await merchant.find(failing) == await merchant.find(hanging) == []


async def test_the_front_page_lists_every_card(sandbox: SandboxServer) -> None:
    async with httpx.AsyncClient() as http:
        page = await http.get(sandbox.url)
    assert page.headers["content-type"].startswith("text/html")
    assert all(f"<code>{token}</code>" in page.text for token in CARDS)
    assert sandbox.key not in page.text


async def _is_not_answered(sandbox: SandboxServer, key: str, token: str) -> None:
    async with merchant_of(sandbox, timeout_s=PATIENCE_S) as impatient:
        with pytest.raises(httpx.ReadTimeout):
            await impatient.charge(key, token)
