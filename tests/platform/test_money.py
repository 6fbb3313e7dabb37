"""Money: what is divided sums to the whole, and a price is read in one way or not at all."""

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadly.platform.money import (
    MOST_MINOR,
    Money,
    PriceUnreadable,
    apportion,
    exponent_of,
    parse_price,
    share_of,
)

amounts = st.integers(-MOST_MINOR, MOST_MINOR)
weights = st.lists(st.integers(0, MOST_MINOR), min_size=1, max_size=30)
currencies = st.sampled_from(["USD", "EUR", "JPY", "KWD", "CHF"])


@given(amounts, weights)
def test_parts_sum_to_the_whole_and_none_is_a_unit_from_its_share(amount: int, weights: list[int]) -> None:
    whole = sum(weights)
    if not whole:
        return
    parts = apportion(amount, weights)
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * whole - amount * weight) < whole
        assert weight or not part


@given(weights)
def test_no_part_of_less_than_the_weights_is_larger_than_its_weight(
    weights: list[int],
) -> None:
    for amount in (sum(weights), sum(weights) // 2, max(sum(weights) - 1, 0)):
        assert all(part <= weight for part, weight in zip(apportion(amount, weights), weights, strict=True))


def test_of_equal_remainders_the_earlier_part_gets_the_unit() -> None:
    assert apportion(100, [1, 1, 1]) == [34, 33, 33]
    assert apportion(-100, [1, 1, 1]) == [-34, -33, -33]
    assert apportion(0, [0, 0]) == [0, 0]


@given(amounts, st.integers(0, 10_000))
def test_a_share_is_rounded_half_away_from_zero(amount: int, basis_points: int) -> None:
    exact = Decimal(amount) * basis_points / 10_000
    assert share_of(amount, basis_points) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def test_half_a_unit_goes_away_from_zero() -> None:
    assert share_of(50, 100) == 1
    assert share_of(-50, 100) == -1
    assert share_of(49, 100) == 0


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("$50.99", "USD", 5_099),
        ("50,99", "USD", 5_099),
        ("50", "USD", 5_000),
        ("50.9", "USD", 5_090),
        (".99", "USD", 99),
        ("0", "USD", 0),
        ("1,234", "USD", 123_400),
        ("1,234.50", "USD", 123_450),
        ("1.234,50 €", "EUR", 123_450),
        ("1 234,50 €", "EUR", 123_450),
        ("1\u00a0234,50\u00a0€", "EUR", 123_450),
        ("1'234.50 CHF", "CHF", 123_450),
        ("1.234.567,89", "EUR", 123_456_789),
        ("1.234.567", "EUR", 123_456_700),
        ("1.200", "JPY", 1_200),
        ("USD 12", "USD", 1_200),
        ("$12 usd", "USD", 1_200),
        ("$12", "CAD", 1_200),
        ("1200", "JPY", 1_200),
        ("¥1,200", "JPY", 1_200),
        ("1.234", "KWD", 1_234),
        (" 50.99\n", "USD", 5_099),
    ],
)
def test_a_price_as_people_write_it(text: str, currency: str, minor: int) -> None:
    assert parse_price(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            " ",
            "free",
            "$",
            ".",
            "50.",
            "50,",
            "-5",
            "(5)",
            "5-",
            "1e5",
            "0x10",
            "1_000",
            "NaN",
            "∞",
            "½",
        ],
        *[
            "0.999",
            "0,999",
            "1.234",
            "$50.999",
            "00.123",
            "12.3456",
            "1,23,456",
            "1.23.456",
            "1,234.567",
            "1,,234",
            "12 34",
            "1. 5",
        ],
        *["12 €", "EUR 12", "£12", "12 abc", "$12 EUR", "1a2b3", "1$2", "12 $ 34", "٣٤", "１２", "12;50"],
        *["9" * 14, "9" * 500, "1 234.567", "1'234,567.8", "5099 5099", "12\x0034"],
    ],
)
def test_what_can_be_read_in_no_way_or_in_two_is_no_price(text: str) -> None:
    with pytest.raises(PriceUnreadable):
        parse_price(text, "USD")


@given(st.integers(0, MOST_MINOR), currencies)
def test_what_money_writes_can_be_read(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    assert parse_price(str(money), currency) == money


@given(st.text(alphabet="0123456789.,' $€USDx-\u00a0", max_size=20), currencies)
def test_a_price_has_the_digits_of_its_text_and_no_others(text: str, currency: str) -> None:
    try:
        found = parse_price(text, currency)
    except PriceUnreadable:
        return
    digits = "".join(character for character in text if character.isdigit())
    assert 0 <= found.amount_minor <= MOST_MINOR
    assert any(
        int(digits + "0" * zeros) == found.amount_minor for zeros in range(exponent_of(currency) + 1)
    ), (text, found)


def test_amounts_of_one_currency_add_up_and_of_two_do_not() -> None:
    assert Money(2, "USD") + Money(3, "USD") - Money(1, "USD") == Money(4, "USD")
    assert Money(2, "USD") * 3 == Money(6, "USD")
    with pytest.raises(AssertionError):
        Money(2, "USD") + Money(3, "EUR")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(109_900, "USD"), "$1,099.00"),
        (Money(-5, "USD"), "-$0.05"),
        (Money(1_099, "JPY"), "¥1,099"),
        (Money(1_099, "KWD"), "1.099 KWD"),
    ],
)
def test_money_reads_as_people_write_it(money: Money, text: str) -> None:
    assert str(money) == text
