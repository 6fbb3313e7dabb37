"""Categories"""

from functools import partial

import pytest

from tests.cast import Visit
from tests.modules.store.goods import category, product
from threadly.modules import store
from threadly.platform.errors import InvalidInput
from threadly.platform.ids import new_id

SPECS = {"Leaf": store.AttributeSpec("choice", required=True, choices=["black", "green"], unit="")}


async def test_a_category_is_kept_with_what_it_says_of_attributes(ada: Visit, visitor: Visit) -> None:
    made = await category(ada, " Tea  & Leaves ", **SPECS)
    assert (made.name, made.slug, made.attributes) == ("Tea & Leaves", "tea-leaves", SPECS)
    for key in (made.slug, str(made.id)):
        assert await visitor.read(partial(store.get_category, category=key)) == made


async def test_categories_are_listed_in_their_order(ada: Visit, visitor: Visit) -> None:
    for name, position in (("B", 1), ("A", 1), ("C", 0)):
        new = store.NewCategory(name=name, position=position)
        await ada.write(partial(store.create_category, category=new))
    assert [each.name for each in await visitor.read(store.list_categories)] == ["C", "A", "B"]


async def test_only_what_is_given_changes(ada: Visit) -> None:
    made = await category(ada, "Tea", **SPECS)
    change = partial(store.edit_category, category_id=made.id)
    renamed = await ada.write(partial(change, change=store.CategoryChange(name="Teas")))
    assert (renamed.name, renamed.slug, renamed.attributes) == ("Teas", "tea", SPECS)
    free = await ada.write(partial(change, change=store.CategoryChange(slug="teas", attributes={})))
    assert (free.name, free.slug, free.attributes) == ("Teas", "teas", {})


async def test_a_slug_that_is_taken_or_none_is_refused(ada: Visit) -> None:
    await category(ada, "Tea")
    with pytest.raises(store.SlugTaken):
        await category(ada, "Tea")
    other = await category(ada, "Coffee")
    change = partial(store.edit_category, category_id=other.id)
    with pytest.raises(store.SlugTaken):
        await ada.write(partial(change, change=store.CategoryChange(slug="tea")))
    with pytest.raises(InvalidInput):
        await ada.write(partial(change, change=store.CategoryChange(slug="No slug")))
    assert (await category(ada, "🍵")).slug.startswith("category-")


async def test_products_of_a_removed_category_stay(ada: Visit, visitor: Visit) -> None:
    tea = await category(ada, "Tea")
    pot = await product(ada, category="tea")
    await ada.write(partial(store.remove_category, category_id=tea.id))
    assert (await visitor.read(partial(store.get_product, product=pot.handle))).category is None
    with pytest.raises(store.CategoryMissing):
        await visitor.read(partial(store.get_category, category="tea"))
    with pytest.raises(store.CategoryMissing):
        await ada.write(partial(store.remove_category, category_id=tea.id))


async def test_products_are_held_to_a_changed_schema_from_their_next_change_on(ada: Visit) -> None:
    tea = await category(ada, "Tea")
    pot = await product(ada, category="tea", attributes={"Smell": "good"})
    await ada.write(
        partial(store.edit_category, category_id=tea.id, change=store.CategoryChange(attributes=SPECS))
    )
    with pytest.raises(InvalidInput) as refused:
        await ada.write(partial(store.edit_product, product_id=pot.id, change=store.ProductChange(title="x")))
    assert {each.field for each in refused.value.details} == {"attributes.Smell", "attributes.Leaf"}
    # Whatever they lack, they can be taken off the shelf.
    archived = await ada.write(partial(store.archive_product, product_id=pot.id))
    assert archived.status == "archived"


async def test_what_is_not_there_is_missing(ada: Visit) -> None:
    with pytest.raises(store.CategoryMissing):
        await ada.write(
            partial(store.edit_category, category_id=new_id(), change=store.CategoryChange(name="x"))
        )
