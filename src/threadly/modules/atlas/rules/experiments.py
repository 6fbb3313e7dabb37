"""What can be tried: the faults that there are, and which of them this installation offers."""

from typing import Final

from threadly.modules.atlas.experiments import ExperimentKind, Fault
from threadly.settings import Settings

__all__ = [
    "FAULTS",
    "FEWEST_S",
    "MOST_S",
    "are_experiments_on",
    "fault_of",
    "is_offered",
    "list_offered",
]

# A fault as long as this is seen by somebody who looks up; one that is longer than ten minutes is forgotten.
FEWEST_S: Final = 5
MOST_S: Final = 600

FAULTS: Final = (
    Fault(
        kind="provider-silent",
        name="Times out after charging",
        target="sandbox",
        does=(
            "Every second request reaches the payment provider, which charges, and its answer is "
            "lost on the way back."
        ),
        shows=(
            "A checkout waits four seconds, tries again under the same idempotency key, and is "
            "told of the charge that was made the first time: one charge, one order."
        ),
        parameters={"answers_lost": "every second"},
    ),
    Fault(
        kind="provider-down",
        name="Provider is down",
        target="sandbox",
        does="The payment provider takes no connection.",
        shows=(
            "A checkout goes on with the next method that the buyer allowed, or the order waits "
            "for its payment and a worker collects it later. After a few failures the breaker "
            "opens, and nobody waits any more."
        ),
    ),
    Fault(
        kind="provider-slow",
        name="Provider is slow",
        target="sandbox",
        does="Every answer of the payment provider comes three seconds late.",
        shows=(
            "Nearly all of a checkout is one long wait. Everything else is as fast as before, for"
            " no connection to the database is held meanwhile."
        ),
        parameters={"delay_ms": 3000},
    ),
    Fault(
        kind="database-slow",
        name="Database is slow",
        target="postgresql",
        does="Whatever is sent to PostgreSQL arrives half a second late.",
        shows=(
            "Each statement of a click is half a second long, so one sees how many there are, and"
            " which of them wait for each other. What the cache holds is as fast as ever."
        ),
        default_s=30,
        parameters={"delay_ms": 500},
    ),
    Fault(
        kind="valkey-gone",
        name="Valkey is gone",
        target="valkey",
        does="Connections to Valkey are closed, and it takes no new one.",
        shows=(
            "Pages work all the same: limits are open, the cache is passed by, live pages look "
            "for themselves. The Map itself is told of clicks by Valkey, so it is silent until "
            "the end; journeys are kept."
        ),
        default_s=20,
    ),
    Fault(
        kind="kill-worker",
        name="Kill a worker",
        target="worker",
        does="The process that runs reactions and jobs gets a SIGKILL: it cannot even say goodbye.",
        shows=(
            "It is started again at once, and goes on with what was not finished. Feeds and mail "
            "come late, once."
        ),
        default_s=20,
        is_kill=True,
    ),
    Fault(
        kind="kill-web",
        name="Kill a web process",
        target="web",
        does="A process that serves requests gets a SIGKILL.",
        shows=(
            "Its open requests fail, another process takes its place, and nothing that was "
            "acknowledged is lost. Where it was the only one, as on the demo, nobody is answered for the "
            "seconds until the next one is up."
        ),
        default_s=20,
        is_kill=True,
    ),
    Fault(
        kind="fill-queue",
        name="Fill a queue",
        target="relay",
        does="2,000 events at once, each with a reaction that takes five milliseconds.",
        shows=(
            "What others tell waits in line behind them: a post comes into feeds seconds later, "
            "while pages are as fast as before. When the experiment ends, what is left of the "
            "burst takes no time."
        ),
        parameters={"events": 2000, "each_ms": 5},
    ),
)  # fmt: skip
_BY_KIND: Final = {each.kind: each for each in FAULTS}
# What each needs a proxy in front of; killing needs the process that the proxies are in.
_INTERCEPTED: Final = frozenset({"sandbox", "postgresql", "valkey"})


def fault_of(kind: ExperimentKind) -> Fault:
    return _BY_KIND[kind]


def are_experiments_on(settings: Settings) -> bool:
    return settings.experiments or settings.demo


def is_offered(fault: Fault, settings: Settings) -> bool:
    """Whether this installation can do it: what it acts on must stand behind a proxy of ours."""
    if fault.target in _INTERCEPTED:
        return fault.target in settings.intercepted
    return bool(settings.intercepted) or not fault.is_kill


def list_offered(settings: Settings) -> list[Fault]:
    return [each for each in FAULTS if is_offered(each, settings)] if are_experiments_on(settings) else []
