"""What products may be, as pure rules"""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadly.modules.store.rules.attributes import check_attributes, check_specs
from threadly.modules.store.rules.catalog import check_product, check_variant
from threadly.modules.store.rules.problems import Problems
from threadly.modules.store.rules.texts import clean_html, handle_problem, is_web_address, make_handle
from threadly.modules.store.types.catalog import AttributeSpec, AttributeValue, NewProduct, NewVariant
from threadly.platform.money import Money

SPECS = {
    "Material": AttributeSpec("text", required=True),
    "Weight": AttributeSpec("number", unit="kg"),
    "Organic": AttributeSpec("boolean"),
    "Colour": AttributeSpec("choice", choices=["red", "blue"]),
}
TEXT = st.text(max_size=300)
RESERVED = "This word has another meaning here. Please choose another one."


def fields_of(problems: Problems) -> list[str]:
    return [problem.field for problem in problems.found]


def sell(**more: object) -> NewVariant:
    return NewVariant(price=Money(100, "USD"), **more)  # type: ignore[arg-type]  # whatever a test gives


@pytest.mark.parametrize(
    ("title", "handle"),
    [
        ("Blue Summer Dress", "blue-summer-dress"),
        ("  Señor Café, large! ", "senor-cafe-large"),
        ("Ada’s teapot", "adas-teapot"),
        ("50% off / 2 for 1", "50-off-2-for-1"),
        ("Straße", "strasse"),
        ("日本茶 № 5", "日本茶-no-5"),
        ("🍵", ""),
        ("---", ""),
    ],
)
def test_a_title_makes_a_handle(title: str, handle: str) -> None:
    assert make_handle(title) == handle


@given(TEXT)
def test_what_a_title_makes_is_a_handle_and_stays_one(title: str) -> None:
    handle = make_handle(title)
    assert make_handle(handle) == handle
    if handle:
        assert handle_problem(handle) in (None, RESERVED)


@pytest.mark.parametrize(
    "handle",
    [
        *("", "-", "a b", "a/b", "../x", "Blue", "a-", "-a", "a?b", "a%20b", "a\n", "a\0", "new", "imports"),
        "018f4e1c-7c3a-7000-8000-000000000000",
        "x" * 256,
    ],
)
def test_what_is_no_handle_is_said(handle: str) -> None:
    assert handle_problem(handle)


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("<p>Hello <b>you</b></p>", "<p>Hello <b>you</b></p>"),
        ("<script>alert(1)</script>Hi", "Hi"),
        ('<p onclick="x()" style="position:fixed" class="card" id="main">Hi</p>', "<p>Hi</p>"),
        ('<img src="https://tracker.example/x.gif">', ""),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="nofollow noopener noreferrer">x</a>'),
        ('<iframe src="https://evil.example"></iframe>a', "a"),
        ("<form action=/><input name=password></form>", ""),
        ("3 < 4 & 5", "3 &lt; 4 &amp; 5"),
        (
            '<a href="https://example.com" target="_top">x</a>',
            '<a href="https://example.com" rel="nofollow noopener noreferrer">x</a>',
        ),
    ],
)
def test_html_keeps_what_is_text_and_loses_what_acts(dirty: str, clean: str) -> None:
    assert clean_html(dirty) == clean


@given(st.text(alphabet=string.ascii_letters + "<>/=\"'& :()\n", max_size=200))
def test_cleaned_html_is_clean(text: str) -> None:
    once = clean_html(text)
    assert clean_html(once) == once
    assert "<script" not in once.lower()


@pytest.mark.parametrize(
    "url",
    [
        *(
            "javascript:alert(1)",
            "//example.com/x.png",
            "/x.png",
            "ftp://example.com",
            "https://",
            "https://a b",
        ),
        *("https://exa\x00mple.com", "https://example.com:port/", "http://[::1", "data:image/png;base64,AA"),
    ],
)
def test_what_is_no_web_address_is_known(url: str) -> None:
    assert not is_web_address(url)


def test_each_attribute_that_does_not_fit_is_said() -> None:
    problems = Problems()
    values: dict[str, AttributeValue] = {"Weight": "heavy", "Organic": 1, "Colour": "green", "Smell": "good"}
    check_attributes(values, SPECS, problems)
    assert sorted((each.field, each.code) for each in problems.found) == [
        ("attributes.Colour", "store.attribute_misfit"),
        ("attributes.Material", "store.attribute_required"),
        ("attributes.Organic", "store.attribute_misfit"),
        ("attributes.Smell", "store.attribute_unknown"),
        ("attributes.Weight", "store.attribute_misfit"),
    ]


def test_a_number_is_no_boolean_and_a_boolean_no_number() -> None:
    problems = Problems()
    check_attributes({"Material": "tin", "Weight": True, "Organic": 0}, SPECS, problems)
    assert fields_of(problems) == ["attributes.Weight", "attributes.Organic"]


@pytest.mark.parametrize(
    "value", [float("inf"), float("nan"), 2**53, -(2**70), 10**400, "x" * 501, "a\0b", "\ud800"]
)
def test_a_value_that_cannot_be_kept_is_said_even_where_attributes_are_free(value: AttributeValue) -> None:
    problems = Problems()
    check_attributes({"x": value}, None, problems)
    assert fields_of(problems) == ["attributes.x"]


VALUES = {
    "text": st.from_regex(r"[a-z]{1,20}", fullmatch=True),
    "number": st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_nan=False),
    "boolean": st.booleans(),
}


@given(st.sampled_from(sorted(VALUES)), st.sampled_from(sorted(VALUES)), st.data())
def test_a_value_fits_its_own_type_and_no_other(wanted: str, given_type: str, data: st.DataObject) -> None:
    value = data.draw(VALUES[given_type])
    problems = Problems()
    kept = check_attributes({"x": value}, {"x": AttributeSpec(wanted)}, problems)  # type: ignore[arg-type]
    assert (not problems.found) == (wanted == given_type)
    assert kept == {"x": value}


@pytest.mark.parametrize(
    "specs",
    [
        {"": AttributeSpec("text")},
        {"a" * 61: AttributeSpec("text")},
        {"x": AttributeSpec("choice")},
        {"x": AttributeSpec("choice", choices=["a", "a"])},
        {"x": AttributeSpec("choice", choices=["a", " "])},
        {"x": AttributeSpec("text", choices=["a"])},
        {"x": AttributeSpec("number", unit="u" * 21)},
        {"x": AttributeSpec("text"), " x": AttributeSpec("text")},
        {f"x{number}": AttributeSpec("text") for number in range(51)},
    ],
)
def test_a_schema_that_no_product_could_follow_is_refused(specs: dict[str, AttributeSpec]) -> None:
    problems = Problems()
    check_specs(specs, problems)
    assert problems.found


def test_everything_wrong_with_a_product_is_said_at_once() -> None:
    problems = Problems()
    product = NewProduct(
        title=" ",
        handle="No handle",
        vendor="v" * 256,
        tags=["fine", ""],
        options=["Size"],
        image_url="javascript:1",
        variants=[
            sell(option_values=[]),
            sell(sku="A", option_values=["S"]),
            sell(sku="A", option_values=["L"]),
        ],
    )
    check_product(product, specs=None, currency="EUR", problems=problems)
    assert fields_of(problems) == [
        "title",
        "handle",
        "vendor",
        "tags[1]",
        "image_url",
        "variants[0].option_values",
        "variants[0].price.currency",
        "variants[1].price.currency",
        "variants[2].price.currency",
        "variants[2].sku",
    ]


@pytest.mark.parametrize("minor", [-1, 10**12 + 1, 2**80])
def test_a_price_that_nothing_costs_is_refused(minor: int) -> None:
    problems = Problems()
    check_variant(NewVariant(price=Money(minor, "USD")), options=[], currency="USD", problems=problems)
    assert fields_of(problems) == ["price.amount_minor"]


def test_a_tag_is_kept_once_as_it_was_written_first() -> None:
    problems = Problems()
    product = NewProduct(title="x", tags=["Tea", "pot", "TEA", " tea "])
    assert check_product(product, specs=None, currency="USD", problems=problems).tags == ["Tea", "pot"]


@given(TEXT)
def test_a_line_is_one_line_whatever_it_was_or_is_refused(text: str) -> None:
    problems = Problems()
    line = problems.line("x", text, most=300)
    assert problems.found or (line == line.strip() and "\n" not in line and "\0" not in line)
