"""Product files, understood without a database: bytes to rows, rows to products, and what is wrong."""

import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadly.modules import store
from threadly.modules.store.importing.columns import COLUMNS, Layout
from threadly.modules.store.importing.products import Batch, ProductRows, read_batches
from threadly.modules.store.importing.reading import MOST_LINE_BYTES, Record, read_records
from threadly.modules.store.importing.rows import Row, understand_row

HEADER = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price"


def records_of(content: bytes) -> list[Record]:
    return list(read_records(io.BytesIO(content)))


def batches_of(text: str | bytes) -> list[Batch]:
    content = text if isinstance(text, bytes) else text.encode()
    records = read_records(io.BytesIO(content))
    layout = Layout(next(records).cells)
    return list(read_batches(layout, records, currency="USD"))


def read(*rows: str, header: str = HEADER) -> tuple[list[ProductRows], dict[int, str]]:
    """The products of a small file, and its problems by line."""
    (batch,) = batches_of("\n".join([header, *rows]))
    return batch.products, {problem.line: problem.reason for problem in batch.problems}


def row_of(**cells: str) -> Row:
    return understand_row(2, {"title": "Lamp", "price": "10", **cells}, currency="USD")


# Bytes


def test_a_byte_order_mark_crlf_and_a_missing_last_newline_are_nothing_special() -> None:
    found = records_of(b"\xef\xbb\xbfHandle,Title\r\nlamp,Lamp\r\n\r\nchair,Chair")
    assert [(each.line, each.cells) for each in found] == [
        (1, ["Handle", "Title"]),
        (2, ["lamp", "Lamp"]),
        (4, ["chair", "Chair"]),
    ]


def test_a_quoted_cell_goes_over_lines_and_the_line_of_a_row_is_where_it_begins() -> None:
    found = records_of(b'a,b\n1,"two\nlines, ""quoted"""\n3,4\n')
    assert [(each.line, each.cells) for each in found[1:]] == [
        (2, ["1", 'two\nlines, "quoted"']),
        (4, ["3", "4"]),
    ]


def test_a_line_that_is_no_utf_8_is_windows_1252() -> None:
    found = records_of("a,b\nCafé,naïve\n".encode() + "Señor’s,50 €\n".encode("cp1252"))
    assert [each.cells for each in found[1:]] == [["Café", "naïve"], ["Señor’s", "50 €"]]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_spreadsheets_of_other_countries_part_cells_otherwise(delimiter: str) -> None:
    found = records_of(f"Handle{delimiter}Title\nlamp{delimiter}Lamp, large\n".encode())
    assert found[1].cells == ["lamp", "Lamp, large"]


def test_a_quotation_mark_that_is_never_closed_costs_its_own_line_only() -> None:
    found = records_of(b'a,b\n1,"open\n2,fine\n3,fine\n')
    assert [(each.line, each.cells) for each in found if not each.problem] == [
        (1, ["a", "b"]),
        (3, ["2", "fine"]),
        (4, ["3", "fine"]),
    ]
    (problem,) = [each for each in found if each.problem]
    assert (problem.line, problem.problem) == (2, "A quotation mark is opened here and never closed.")


def test_a_quotation_mark_inside_a_quoted_cell_is_named() -> None:
    (_, bad, good) = records_of(b'a,b\n1,"12" pipe"\n2,fine\n')
    assert bad.problem == "A quotation mark stands inside a quoted cell; write two of them there."
    assert good.cells == ["2", "fine"]


def test_a_cell_and_a_line_that_never_end_are_refused_and_reading_goes_on() -> None:
    cell = b"x" * 200_000
    line = b"y" * (MOST_LINE_BYTES * 2)
    found = records_of(b"a,b\n1," + cell + b"\n2," + line + b"\n3,fine\n")
    assert [each.line for each in found] == [1, 2, 3, 4]
    assert found[1].problem
    assert "131,072" in found[1].problem
    assert found[2].problem == "This line is longer than a megabyte."
    assert found[3].cells == ["3", "fine"]


def test_a_file_of_open_quotation_marks_ends() -> None:
    found = records_of(b"a,b\n" + b'1,"x\nplain\n' * 20_000)
    assert len(found) < 40_002


@pytest.mark.parametrize("begin", [b"PK\x03\x04", b"\xff\xfeH\0", b"%PDF-1.7"])
def test_what_is_no_csv_is_refused_with_what_to_do(begin: bytes) -> None:
    with pytest.raises(store.ImportUnreadable, match="CSV"):
        records_of(begin + b"whatever")


def test_missing_columns_are_named_in_one_sentence() -> None:
    with pytest.raises(store.ImportUnreadable, match="no column Title and no column Variant Price"):
        Layout(["Handle", "Vendor"])
    with pytest.raises(store.ImportUnreadable, match="no column Title and no column"):
        Layout([])


@given(st.binary(max_size=2_000))
def test_any_bytes_are_records_or_refused(content: bytes) -> None:
    try:
        found = records_of(content)
    except store.ImportUnreadable:
        return
    assert [each.line for each in found] == sorted(each.line for each in found)


# Rows


def test_the_newer_names_of_the_columns_mean_the_same() -> None:
    old = read("lamp,Lamp,Size,Small,L-1,10")[0]
    new = read("Lamp,lamp,Size,Small,L-1,10", header="Title,URL handle,Option1 name,Option1 value,SKU,Price")[
        0
    ]
    assert old == new


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("$50.99", 5_099),
        ("50,99", 5_099),
        ("1,234.50", 123_450),
        ("1.234,50", 123_450),
        ("50", 5_000),
        ("0", 0),
    ],
)
def test_prices_are_understood_as_people_write_them(text: str, minor: int) -> None:
    variant = row_of(price=text).variant
    assert variant
    assert variant.price_minor == minor


@pytest.mark.parametrize("text", ["", "free", "-5", "50.99.1", "€50", "12 GBP", "$", "9" * 20])
def test_what_is_no_price_of_this_shop_is_said(text: str) -> None:
    row = row_of(price=text)
    assert row.variant is None
    assert row.variant_problem
    assert "price" in row.variant_problem


@pytest.mark.parametrize(
    ("cells", "tracked"),
    [
        ({"tracker": "shopify", "policy": "deny"}, True),
        ({"tracker": "", "policy": "deny", "quantity": "3"}, False),
        ({"tracker": "shopify", "policy": "continue"}, False),
        ({"tracker": "shopify", "policy": "TRUE"}, False),
        ({"tracker": "shopify", "policy": "DENY"}, True),
        ({"quantity": "3"}, True),
        ({}, None),
    ],
)
def test_stock_is_counted_when_a_tracker_counts_it_and_it_ends_the_sale(
    cells: dict[str, str], tracked: bool | None
) -> None:
    variant = row_of(**cells).variant
    assert variant
    assert variant.tracked is tracked


def test_a_negative_quantity_is_nothing_with_a_note() -> None:
    row = row_of(quantity="-3")
    assert row.variant
    assert row.variant.on_hand == 0
    assert row.notes == ["The quantity is -3; it is taken as 0."]
    assert row_of(quantity="1,200").variant == row_of(quantity="1200.0").variant
    assert "quantity" in (row_of(quantity="many").variant_problem or "")


@pytest.mark.parametrize(
    ("published", "status", "expected"),
    [
        ("true", "", "active"),
        ("", "", "active"),
        ("false", "", "draft"),
        ("TRUE", "draft", "draft"),
        ("true", "archived", "archived"),
        ("false", "active", "draft"),
        ("false", "archived", "archived"),
        ("true", "Active", "active"),
        ("true", "upside down", "draft"),
    ],
)
def test_a_product_is_for_sale_when_it_is_published_and_active(
    published: str, status: str, expected: str
) -> None:
    product = row_of(published=published, status=status).product
    assert product
    assert product.status == expected


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"title": "x" * 256}, "Title has 256 characters"),
        ({"vendor": "x" * 256}, "Vendor has 256 characters"),
        ({"description": "x" * 100_001}, "Body (HTML) has 100,001 characters"),
        ({"handle": "???"}, "makes no handle"),
        ({"handle": "new"}, "another meaning"),
        ({"gift_card": "true"}, "gift card"),
        ({"published": "perhaps"}, "Published must be TRUE or FALSE"),
        ({"option1_name": "Size", "option2_name": "size"}, "same name"),
        ({"option1_name": "", "option2_name": "Size"}, "no name"),
    ],
)
def test_what_spoils_a_product_is_said(cells: dict[str, str], reason: str) -> None:
    row = row_of(**cells)
    assert row.product is None
    assert reason in (row.product_problem or "")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"sku": "x" * 256}, "SKU has 256 characters"),
        ({"barcode": "x" * 256}, "Barcode has 256 characters"),
        ({"option1_value": "x" * 256}, "Option1 Value has 256 characters"),
        ({"ships": "by boat"}, "Requires Shipping must be TRUE or FALSE"),
        ({"quantity": "9" * 12}, "no quantity"),
    ],
)
def test_what_spoils_a_variant_leaves_its_product(cells: dict[str, str], reason: str) -> None:
    row = row_of(**cells)
    assert row.product is not None
    assert row.variant is None
    assert reason in (row.variant_problem or "")


@pytest.mark.parametrize(
    "cells",
    [
        {"image": "not an address"},
        {"image": "javascript:alert(1)"},
        {"grams": "heavy"},
        {"compare_at": "cheap"},
        {"tags": ",".join(f"t{n}" for n in range(300))},
    ],
)
def test_what_can_be_left_out_is_left_out_with_a_note(cells: dict[str, str]) -> None:
    row = row_of(**cells)
    assert row.product
    assert row.variant
    assert len(row.notes) == 1


def test_html_is_cleaned_and_tags_are_there_once() -> None:
    product = row_of(
        description="<p onclick=x>Hi<script>bad()</script></p>", tags="Pot, plants,POT, "
    ).product
    assert product
    assert product.description == "<p>Hi</p>"
    assert [tag.casefold() for tag in product.tags or []] == ["pot", "plants"]


def test_handles_of_any_script_stay_and_a_missing_one_is_made_of_the_title() -> None:
    assert row_of(handle="Ocean-Blue-Shirt").handle == "ocean-blue-shirt"
    assert row_of(title="Café, large").handle == "cafe-large"
    assert row_of(handle="シャツ").handle == "シャツ"


@given(
    st.dictionaries(st.sampled_from(sorted(COLUMNS)), st.text(max_size=60)),
    st.sampled_from(["USD", "JPY", "BHD"]),
)
def test_any_cells_make_a_row_that_says_what_is_wrong(cells: dict[str, str], currency: str) -> None:
    row = understand_row(7, {"title": "", "price": "", **cells}, currency=currency)
    assert row.line == 7
    if cells.get("title"):
        assert (row.product is None) == (row.product_problem is not None)
    if row.variant:
        assert row.variant.price_minor >= 0
        assert row.variant_problem is None


# Products


def test_rows_of_a_handle_are_one_product_also_where_the_handle_is_left_out() -> None:
    products, problems = read(
        "lamp,Lamp,Size,Small,,10", "lamp,,,Large,,12", ",,,Huge,,14", "chair,Chair,,,,20"
    )
    assert problems == {}
    assert [(each.handle, [v.values for v in each.variants]) for each in products] == [
        ("lamp", [["Small"], ["Large"], ["Huge"]]),
        ("chair", [[]]),
    ]


def test_a_bad_row_leaves_the_other_rows_of_its_product() -> None:
    products, problems = read("lamp,Lamp,Size,Small,,10", "lamp,,,Large,,free", "lamp,,,Huge,,14")
    assert [variant.values for variant in products[0].variants] == [["Small"], ["Huge"]]
    assert problems == {3: "“free” is no price in USD. Write it like 50.99 or 50,99."}


def test_rows_of_a_refused_product_are_named_each() -> None:
    long = "x" * 300
    products, problems = read(f"lamp,{long},Size,Small,,10", "lamp,,,Large,,12", "chair,Chair,,,,20")
    assert products[0].variants == []
    assert problems[2].startswith("Title has 300 characters")
    assert problems[3] == "Its product is not imported: see line 2."
    assert products[1].handle == "chair"


def test_rows_of_nothing_and_rows_with_too_many_cells_are_named() -> None:
    products, problems = read(",,,,,12", "lamp,Lamp, large,Size,Small,,10", "chair,Chair,,,,20,,")
    assert [each.handle for each in products] == ["chair"]
    assert "no Handle and no Title" in problems[2]
    assert "needs quotation marks" in problems[3]


def test_batches_end_between_products() -> None:
    rows = [f"p{n},Product {n},Size,{size},,1" for n in range(600) for size in ("S", "M")]
    batches = batches_of("\n".join([HEADER, *rows]))
    assert sum(batch.row_count for batch in batches) == 1_200
    assert [len(batch.products) for batch in batches] == [250, 250, 100]
    assert all(len(product.variants) == 2 for batch in batches for product in batch.products)


class Endless(io.RawIOBase):
    """A file of that many bytes that is nowhere."""

    def __init__(self, rows: int) -> None:
        self._lines = self._make(rows)
        self._rest = b""

    def _make(self, rows: int) -> Iterator[bytes]:
        yield HEADER.encode() + b"\n"
        for number in range(rows):
            yield f'p{number},"Product {number} {"word " * 40}",,,S-{number},9.99\n'.encode()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        line = self._rest or next(self._lines, b"")
        part, self._rest = line[: len(buffer)], line[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)


def test_memory_does_not_grow_with_the_file() -> None:
    def peak(rows: int) -> int:
        tracemalloc.start()
        records = read_records(io.BufferedReader(Endless(rows)))
        layout = Layout(next(records).cells)
        assert sum(batch.row_count for batch in read_batches(layout, records, currency="USD")) == rows
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(500)  # what is imported and cached once
    few, many = peak(2_000), peak(20_000)
    assert many < few * 1.3 + 500_000
