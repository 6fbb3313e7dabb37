"""All cards, layer by layer in the order in which a request meets them."""

from threadly.modules.atlas.concepts import (
    application,
    cache,
    data,
    entry,
    events,
    observability,
    payments,
    resilience,
    security,
)
from threadly.modules.atlas.types import Concept, Layer

__all__ = ["CONCEPTS", "LAYERS"]

LAYERS: tuple[Layer, ...] = (
    Layer(
        "entry", "Network and entry", "From the first byte until the request is known to be worth an answer."
    ),
    Layer("security", "Security", "Who is asking, what they may do, and what must never get in or out."),
    Layer("application", "Application", "The code that decides, and how it is cut into pieces."),
    Layer("data", "Data", "What is remembered, and how it stays true."),
    Layer("cache", "Cache", "What is kept close at hand, and may be lost at any time."),
    Layer("resilience", "Resilience", "What happens when something is slow, away or asked too much."),
    Layer("payments", "Payments", "Money: asked for once, written down twice, checked again."),
    Layer("events", "Events and jobs", "What goes on after the answer was given, in other processes."),
    Layer("observability", "Observability", "How it can be known what happened, where and how long."),
)

CONCEPTS: tuple[Concept, ...] = (
    *entry.CONCEPTS,
    *security.CONCEPTS,
    *application.CONCEPTS,
    *data.CONCEPTS,
    *cache.CONCEPTS,
    *resilience.CONCEPTS,
    *payments.CONCEPTS,
    *events.CONCEPTS,
    *observability.CONCEPTS,
)
