"""The cards, as they are looked for and read. They are written in `concepts/`, so nobody asks a database."""

from threadly.modules.atlas.concepts import CONCEPTS
from threadly.modules.atlas.errors import ConceptMissing
from threadly.modules.atlas.sources import SHOWN_AT, find_place
from threadly.modules.atlas.types import Card, CardSummary, Concept, LayerSlug
from threadly.platform.paging import Keyset, Page, page_of

__all__ = ["find_cards", "get_card", "list_cards"]

_BY_SLUG = {concept.slug: concept for concept in CONCEPTS}
_TEXT = {
    concept.slug: " ".join((concept.slug, concept.name, concept.what, concept.why, *concept.spans)).casefold()
    for concept in CONCEPTS
}


def find_cards(*, query: str = "", layer: LayerSlug | None = None) -> list[CardSummary]:
    """The cards in whose text every word of `query` occurs, in the order in which a request meets them."""
    words = query.casefold().split()
    return [
        summary_of(concept)
        for concept in CONCEPTS
        if layer in (None, concept.layer) and all(word in _TEXT[concept.slug] for word in words)
    ]


def list_cards(
    *, query: str = "", layer: LayerSlug | None = None, after: Keyset | None = None, limit: int = 20
) -> Page[CardSummary]:
    """A page of what `find_cards` finds."""
    found = find_cards(query=query, layer=layer)
    return page_of(_following(found, after)[: limit + 1], limit=limit, key=lambda each: (each.slug,))


def get_card(slug: str, *, source_url: str = SHOWN_AT) -> Card:
    """Raises ConceptMissing."""
    concept = _BY_SLUG.get(slug)
    if concept is None:
        raise ConceptMissing
    return Card(
        slug=concept.slug,
        name=concept.name,
        layer=concept.layer,
        what=concept.what,
        why=concept.why,
        homes=[find_place(home, source_url=source_url) for home in concept.homes],
        spans=list(concept.spans),
        related=[summary_of(_BY_SLUG[each]) for each in concept.related],
    )


def summary_of(concept: Concept) -> CardSummary:
    return CardSummary(concept.slug, concept.name, concept.layer, concept.what)


def _following(found: list[CardSummary], after: Keyset | None) -> list[CardSummary]:
    if after is None:
        return found
    at = next((at for at, each in enumerate(found) if each.slug == after[0]), len(found))
    return found[at + 1 :]
