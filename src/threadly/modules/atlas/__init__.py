"""atlas: the Map. What the system is made of, drawn from how it runs, and a card for each idea in it.

Cards are written in `concepts/` and point at the code; the plan (`plan.py`) is drawn at
the start of a web process, and imported there alone: it knows the HTTP edge, which workers do without.
"""

from threadly.modules.atlas.cards import find_cards, get_card, list_cards
from threadly.modules.atlas.concepts import CONCEPTS, LAYERS
from threadly.modules.atlas.errors import ConceptMissing
from threadly.modules.atlas.events import EVENTS
from threadly.modules.atlas.experiments import Experiment, ExperimentKind
from threadly.modules.atlas.keeping import keeping
from threadly.modules.atlas.placing import place_of
from threadly.modules.atlas.rules.words import KEPT, counted, duration
from threadly.modules.atlas.sources import SourceGone, find_place
from threadly.modules.atlas.types import (
    Bar,
    BarLayer,
    Card,
    CardSummary,
    Concept,
    Home,
    Journey,
    JourneyFilter,
    JourneySummary,
    Layer,
    LayerSlug,
    LayerSum,
    Place,
    Placed,
    Plan,
    Share,
)
from threadly.modules.atlas.verbs.experiments import (
    end_experiment,
    get_experiment,
    list_experiments,
    list_running_experiments,
    start_experiment,
)
from threadly.modules.atlas.verbs.journeys import list_journeys
from threadly.modules.atlas.verbs.searching import (
    FoundJourney,
    JourneySearch,
    find_journeys,
    search_journeys,
)

__all__ = [
    "CONCEPTS",
    "EVENTS",
    "KEPT",
    "LAYERS",
    "Bar",
    "BarLayer",
    "Card",
    "CardSummary",
    "Concept",
    "ConceptMissing",
    "Experiment",
    "ExperimentKind",
    "FoundJourney",
    "Home",
    "Journey",
    "JourneyFilter",
    "JourneySearch",
    "JourneySummary",
    "Layer",
    "LayerSlug",
    "LayerSum",
    "Place",
    "Placed",
    "Plan",
    "Share",
    "SourceGone",
    "counted",
    "duration",
    "end_experiment",
    "find_cards",
    "find_journeys",
    "find_place",
    "get_card",
    "get_experiment",
    "keeping",
    "list_cards",
    "list_experiments",
    "list_journeys",
    "list_running_experiments",
    "place_of",
    "search_journeys",
    "start_experiment",
]
