"""Categories, and what they say of their products' attributes."""

import msgspec
from msgspec import UNSET
from msgspec.structs import asdict

from threadly.modules.store.errors.catalog import CategoryMissing, TooManyCategories
from threadly.modules.store.repository.catalog import (
    COUNT_CATEGORIES,
    DELETE_CATEGORY,
    FIND_CATEGORY,
    FIND_CATEGORY_BY_SLUG,
    INSERT_CATEGORY,
    LIST_CATEGORIES,
    LOCK_CATEGORY,
    UPDATE_CATEGORY,
)
from threadly.modules.store.rules.catalog import MOST_CATEGORIES, check_category
from threadly.modules.store.rules.problems import Problems
from threadly.modules.store.rules.texts import make_handle
from threadly.modules.store.types.catalog import Category, CategoryChange, NewCategory
from threadly.modules.store.verbs.catalog_rows import (
    CATEGORIES_TAG,
    PRODUCTS_TAG,
    category_of,
    refusing_what_exists,
)
from threadly.modules.store.verbs.shop import STORE_MANAGE
from threadly.platform.ids import UUID, new_id, parse_id
from threadly.platform.work import Work


async def create_category(work: Work, *, category: NewCategory) -> Category:
    """A new category; without a slug its name makes one.

    Raises SignInRequired or Denied without `store.manage`, InvalidInput naming each field, SlugTaken,
    TooManyCategories.
    """
    work.actor.require(STORE_MANAGE)
    checked = _checked(category)
    if (await work.one(COUNT_CATEGORIES) or 0) >= MOST_CATEGORIES:
        raise TooManyCategories
    category_id = new_id()
    slug = checked.slug or make_handle(checked.name) or f"category-{category_id.hex[-8:]}"
    async with refusing_what_exists():
        await work.run(INSERT_CATEGORY, category_id, *_columns(checked, slug), work.now)
    work.forget(CATEGORIES_TAG)
    return await get_category(work, category=str(category_id))


async def edit_category(work: Work, *, category_id: UUID, change: CategoryChange) -> Category:
    """The category with what `change` gives. Its products are held to other attributes from their own next
    change on.

    Raises SignInRequired or Denied without `store.manage`, CategoryMissing, InvalidInput naming each field,
    SlugTaken.
    """
    work.actor.require(STORE_MANAGE)
    await work.one(LOCK_CATEGORY, category_id)
    old = await get_category(work, category=str(category_id))
    given = {name: value for name, value in asdict(change).items() if value is not UNSET}
    kept = NewCategory(name=old.name, position=old.position, attributes=old.attributes)
    checked = _checked(msgspec.structs.replace(kept, **given))
    async with refusing_what_exists():
        await work.run(UPDATE_CATEGORY, category_id, *_columns(checked, checked.slug or old.slug), work.now)
    work.forget(CATEGORIES_TAG, PRODUCTS_TAG)
    return await get_category(work, category=str(category_id))


async def remove_category(work: Work, *, category_id: UUID) -> None:
    """The category is gone; its products stay, in none.

    Raises SignInRequired or Denied without `store.manage`, CategoryMissing.
    """
    work.actor.require(STORE_MANAGE)
    if not await work.run(DELETE_CATEGORY, category_id):
        raise CategoryMissing
    work.forget(CATEGORIES_TAG, PRODUCTS_TAG)


async def get_category(work: Work, *, category: str) -> Category:
    """The category of that id or slug. Raises CategoryMissing."""
    found = await find_category(work, category=category)
    if found is None:
        raise CategoryMissing
    return found


async def find_category(work: Work, *, category: str) -> Category | None:
    """The category of that id or slug."""
    category_id = parse_id(category)
    if category_id:
        row = await work.one(FIND_CATEGORY, category_id)
    elif "\0" in category:
        row = None  # PostgreSQL knows no such text
    else:
        row = await work.one(FIND_CATEGORY_BY_SLUG, category)
    return category_of(row) if row else None


async def list_categories(work: Work) -> list[Category]:
    """All of them, in their order."""
    return [category_of(row) for row in await work.all(LIST_CATEGORIES, MOST_CATEGORIES)]


def _checked(category: NewCategory) -> NewCategory:
    """Raises InvalidInput naming each field that is wrong."""
    problems = Problems()
    checked = check_category(category, problems)
    problems.refuse()
    return checked


def _columns(category: NewCategory, slug: str) -> tuple[object, ...]:
    """What both an INSERT and an UPDATE take, in their order."""
    return slug, category.name, category.position, msgspec.to_builtins(category.attributes)
