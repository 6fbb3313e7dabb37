"""The kinds of things that can be found. Another kind is another entry here and another source in
`repository/sources.py`; nothing else asks which kind it is."""

from typing import Final, Literal

import msgspec

__all__ = ["KINDS", "TYPES", "Kind", "SearchType", "kind_named", "kind_of_type"]

SearchType = Literal["posts", "users", "products", "courses"]


class Kind(msgspec.Struct, frozen=True):
    """`name` is what is stored, `type` what the API calls many of them, `label` what people do.

    `moderated_as` is the kind of moderation's subjects. `has_price`: it can be asked for by price and stock.
    """

    name: str
    type: SearchType
    label: str
    icon: str
    moderated_as: str
    has_price: bool = False
    suggested: bool = False


KINDS: Final = (
    Kind("post", "posts", "Posts", "comment", "post"),
    Kind("user", "users", "People", "person", "member", suggested=True),
    Kind("product", "products", "Products", "bag", "product", has_price=True, suggested=True),
)
# Courses are a promise of the API; there are none yet, so a search for them finds nothing.
TYPES: Final[tuple[SearchType, ...]] = ("posts", "users", "products", "courses")


def kind_named(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)


def kind_of_type(type_: str) -> Kind | None:
    return next((kind for kind in KINDS if kind.type == type_), None)
