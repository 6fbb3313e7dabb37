"""Gift cards: a code that is shown once, a balance that no two orders spend, and a ledger that knows."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cast import Visit, sign_in, sign_up
from tests.modules.store.goods import Owner, seller, usd
from threadly.modules import payments, store
from threadly.modules.store.rules.gift_cards import ALPHABET, hash_of_code, new_code
from threadly.modules.store.verbs.gift_cards import claim_gift_cards, return_gift_cards, weigh_gift_cards
from threadly.platform.errors import InvalidInput
from threadly.platform.ids import UUID, new_id
from threadly.platform.work import ANONYMOUS, SYSTEM, Denied, SignInRequired, Tenant, Works
from threadly.settings import Settings

API = "/api/v1"
SETTINGS = Settings(secret_key="a secret that only this test knows, long enough")


@pytest.fixture
async def ada(works: Works, tenant: Tenant) -> Visit:
    return await seller(works, tenant)


@pytest.fixture
async def kareem(works: Works, tenant: Tenant) -> Visit:
    return Visit(works, tenant, await sign_up(works, tenant, "kareem"))


@pytest.fixture
async def as_ada(works: Works, tenant: Tenant, ada: Visit) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await sign_in(works, tenant, ada.actor)).access_token}"}


async def issue(by: Visit, amount: int = 5_000, **more: Any) -> store.IssuedGiftCard:
    card = store.NewGiftCard(usd(amount), **more)
    return await by.write(lambda work: store.issue_gift_card(work, card=card))


async def claim(by: Visit, amount: int, *cards: store.IssuedGiftCard) -> UUID:
    """The order that they pay."""
    order_id, codes = new_id(), [card.code for card in cards]
    await by.write(
        lambda work: claim_gift_cards(
            work, order_id=order_id, codes=codes, amount_minor=amount, currency="USD"
        )
    )
    return order_id


async def give_back(by: Visit, order_id: UUID, amount: int | None = None) -> int:
    return await by.write(lambda work: return_gift_cards(work, order_id=order_id, amount_minor=amount))


async def balance_of(by: Visit, card: store.IssuedGiftCard) -> int:
    found = await by.read(lambda work: store.look_up_gift_card(work, code=card.code), fresh=True)
    return found.balance.amount_minor


async def ledger(works: Works, tenant: Tenant) -> dict[str, int]:
    balances = await Visit(works, tenant, SYSTEM).read(payments.ledger_balances, fresh=True)
    return {each.account: each.amount_minor for each in balances}


# Codes


def test_a_code_is_sixteen_characters_that_nobody_mistakes() -> None:
    codes = {new_code() for _ in range(100)}
    assert len(codes) == 100
    for code in codes:
        assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
        assert set(code) <= set(ALPHABET) | {"-"}


def test_a_code_is_read_as_people_type_it() -> None:
    wanted = hash_of_code(SETTINGS, "0123-4567-89AB-1101")
    for typed in ("0123456789ab1101", " o123 4567-89AB iLO1 "):
        assert hash_of_code(SETTINGS, typed) == wanted


def test_the_hash_of_a_code_needs_the_installations_secret() -> None:
    other = Settings(secret_key="another secret that only this test knows")
    assert hash_of_code(SETTINGS, "0" * 16) != hash_of_code(other, "0" * 16)


@given(st.text(max_size=40))
def test_any_other_text_is_no_code(text: str) -> None:
    try:
        assert len(hash_of_code(SETTINGS, text)) == 32
    except store.GiftCardUnknown:
        return


# Issued, looked up, voided


async def test_a_card_is_issued_and_its_code_is_nowhere_afterwards(
    ada: Visit, works: Works, tenant: Tenant, owner: Owner
) -> None:
    issued = await issue(ada, 5_000, note="For the choir")
    card = issued.card
    assert (card.state, card.initial, card.balance) == ("active", usd(5_000), usd(5_000))
    assert issued.code.endswith(card.last_four)
    assert await ada.read(lambda work: store.get_gift_card(work, card_id=card.id)) == card
    stored = await owner.fetch("SELECT * FROM store.gift_cards WHERE tenant_id = $1", tenant.id)
    assert issued.code not in str(stored)
    assert issued.code.replace("-", "") not in str(stored)
    assert await ledger(works, tenant) == {"promotions": 5_000, "gift_cards": -5_000}


async def test_whoever_holds_the_code_sees_the_balance_but_no_note(
    ada: Visit, works: Works, tenant: Tenant
) -> None:
    issued = await issue(ada, note="For the choir")
    visitor = Visit(works, tenant, ANONYMOUS)
    found = await visitor.read(lambda work: store.look_up_gift_card(work, code=issued.code.lower()))
    assert (found.balance, found.note) == (usd(5_000), "")
    with pytest.raises(store.GiftCardUnknown):
        await visitor.read(lambda work: store.look_up_gift_card(work, code=new_code()))


async def test_a_voided_card_is_worth_nothing_and_owed_to_nobody(
    ada: Visit, kareem: Visit, works: Works, tenant: Tenant
) -> None:
    issued = await issue(ada)
    for _ in range(2):
        voided = await ada.write(lambda work: store.void_gift_card(work, card_id=issued.card.id))
        assert (voided.state, voided.balance) == ("expired", usd(0))
    assert set((await ledger(works, tenant)).values()) <= {0}
    with pytest.raises(store.GiftCardExpired):
        await claim(kareem, 1, issued)


async def test_cards_are_listed_newest_first_for_who_manages_the_store(ada: Visit, kareem: Visit) -> None:
    cards = [(await issue(ada)).card.id for _ in range(3)]
    first = await ada.read(lambda work: store.list_gift_cards(work, limit=2))
    second = await ada.read(lambda work: store.list_gift_cards(work, after=first.after, limit=2))
    assert [card.id for card in [*first.items, *second.items]] == cards[::-1]
    with pytest.raises(Denied):
        await kareem.read(store.list_gift_cards)
    with pytest.raises(Denied):
        await issue(kareem)
    with pytest.raises(SignInRequired):
        await issue(Visit(ada._works, ada.tenant, ANONYMOUS))


# Spent and given back


async def test_cards_pay_in_the_order_given_each_all_it_has(ada: Visit, kareem: Visit) -> None:
    first, second = await issue(ada, 1_000), await issue(ada, 2_000)
    await claim(kareem, 1_500, first, second)
    assert [await balance_of(ada, card) for card in (first, second)] == [0, 1_500]
    state = (await ada.read(lambda work: store.get_gift_card(work, card_id=first.card.id))).state
    assert state == "used"


async def test_of_orders_at_the_same_instant_none_spends_what_another_spent(
    ada: Visit, kareem: Visit
) -> None:
    card = await issue(ada, 1_000)
    results = await asyncio.gather(*(claim(kareem, 400, card) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(each, UUID) for each in results) == 2
    assert sum(isinstance(each, store.GiftCardShort) for each in results) == 4
    assert await balance_of(ada, card) == 200


async def test_two_orders_with_the_same_cards_crosswise_both_end(ada: Visit, kareem: Visit) -> None:
    one, other = await issue(ada, 10_000), await issue(ada, 10_000)
    pairs = [(one, other), (other, one)] * 5
    await asyncio.gather(*(claim(kareem, 100, *pair) for pair in pairs))
    assert await balance_of(ada, one) + await balance_of(ada, other) == 19_000


async def test_the_same_card_twice_is_once(ada: Visit, kareem: Visit) -> None:
    card = await issue(ada, 1_000)
    cards = await kareem.read(
        lambda work: weigh_gift_cards(work, codes=[card.code, card.code.lower()], currency="USD")
    )
    assert [each.balance_minor for each in cards] == [1_000]
    with pytest.raises(store.GiftCardShort):
        await claim(kareem, 2_000, card, card)


async def test_an_order_gets_all_back_once(ada: Visit, kareem: Visit) -> None:
    first, second = await issue(ada, 1_000), await issue(ada, 2_000)
    order_id = await claim(kareem, 2_500, first, second)
    assert [await give_back(kareem, order_id) for _ in range(3)] == [2_500, 0, 0]
    assert [await balance_of(ada, card) for card in (first, second)] == [1_000, 2_000]


async def test_parts_are_given_back_until_nothing_is_left(ada: Visit, kareem: Visit) -> None:
    first, second = await issue(ada, 1_000), await issue(ada, 2_000)
    order_id = await claim(kareem, 2_500, first, second)
    assert [await give_back(kareem, order_id, 1_200) for _ in range(3)] == [1_200, 1_200, 100]
    assert [await balance_of(ada, card) for card in (first, second)] == [1_000, 2_000]
    assert await give_back(kareem, new_id()) == 0


@pytest.mark.parametrize("amount", [0, -1, 10**13])
async def test_a_card_of_no_amount_is_refused(ada: Visit, amount: int) -> None:
    with pytest.raises(InvalidInput):
        await issue(ada, amount)


async def test_what_cannot_pay_says_why(ada: Visit, kareem: Visit, works: Works, owner: Owner) -> None:
    card = await issue(ada, expires_at=works.clock() + timedelta(days=1))
    with pytest.raises(store.TooManyGiftCards):
        await claim(kareem, 1, *[card] * 6)
    with pytest.raises(store.GiftCardUnknown):
        await kareem.read(lambda work: weigh_gift_cards(work, codes=[new_code()], currency="USD"))
    with pytest.raises(store.GiftCardCurrency):
        await kareem.read(lambda work: weigh_gift_cards(work, codes=[card.code], currency="EUR"))
    await owner.execute("UPDATE store.gift_cards SET expires_at = now() WHERE id = $1", card.card.id)
    with pytest.raises(store.GiftCardExpired):
        await claim(kareem, 1, card)


async def test_a_card_of_another_community_is_unknown(ada: Visit, works: Works, other_tenant: Tenant) -> None:
    card = await issue(ada)
    with pytest.raises(store.GiftCardUnknown):
        await Visit(works, other_tenant).read(lambda work: store.look_up_gift_card(work, code=card.code))


# Over HTTP


async def test_gift_cards_over_http(client: httpx.AsyncClient, as_ada: dict[str, str]) -> None:
    body = {"amount": {"amount_minor": 5_000, "currency": "USD"}, "note": "For the choir"}
    headers = {**as_ada, "Idempotency-Key": "k1"}
    made, again = [await client.post(f"{API}/gift-cards", json=body, headers=headers) for _ in range(2)]
    assert (made.status_code, made.json()) == (201, again.json())
    code, card = made.json()["data"]["code"], made.json()["data"]["card"]
    found = await client.get(made.headers["Location"], headers=as_ada)
    assert found.json()["data"] == card
    assert found.headers["ETag"]
    assert code not in found.text
    looked_up = await client.post(f"{API}/gift-cards/balance", json={"code": code})
    assert looked_up.json()["data"] == {**card, "note": ""}
    assert (await client.put(f"{API}/gift-cards/{card['id']}/void")).status_code == 401
    voided = await client.put(f"{API}/gift-cards/{card['id']}/void", headers=as_ada)
    assert voided.json()["data"]["balance"]["amount_minor"] == 0
    listed = await client.get(f"{API}/gift-cards", headers=as_ada)
    assert [each["state"] for each in listed.json()["data"]] == ["expired"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "amount"),
        ({"amount": 5}, "amount"),
        ({"amount": {"amount_minor": 0, "currency": "USD"}}, "amount.amount_minor"),
        ({"amount": {"amount_minor": 10**30, "currency": "USD"}}, "amount.amount_minor"),
        ({"amount": {"amount_minor": 5, "currency": "EUR"}}, "amount.currency"),
        ({"amount": {"amount_minor": 5, "currency": "USD"}, "note": "a\u0000b"}, "note"),
        ({"amount": {"amount_minor": 5, "currency": "USD"}, "note": "x" * 101}, "note"),
        (
            {"amount": {"amount_minor": 5, "currency": "USD"}, "expires_at": "2001-01-01T00:00:00Z"},
            "expires_at",
        ),
        ({"amount": {"amount_minor": 5, "currency": "USD"}, "code": "1"}, "code"),
    ],
)
async def test_a_bad_card_is_a_400_that_names_the_field(
    client: httpx.AsyncClient, as_ada: dict[str, str], body: dict[str, Any], field: str
) -> None:
    answer = await client.post(f"{API}/gift-cards", json=body, headers=as_ada)
    assert answer.status_code == 400, answer.json()
    error = answer.json()["error"]
    named = {error.get("field")} | {detail["field"] for detail in error.get("details", [])}
    assert any(name and name.startswith(field) for name in named), error


@pytest.mark.parametrize("code", ["", "x", "0" * 16, "U" * 16, "0" * 5_000, "\u0000" * 16, "é" * 16])
async def test_a_guessed_code_is_unknown(client: httpx.AsyncClient, code: str) -> None:
    answer = await client.post(f"{API}/gift-cards/balance", json={"code": code})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "store.gift_card_unknown")
