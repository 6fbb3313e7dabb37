"""The plan of the system, drawn from how this process is configured and from what is wired in it.

It is shown to everybody. So it holds figures and names that an operator chose, and whether something is
configured, but no address: an address may carry a password.
"""

from collections.abc import Iterable, Sequence
from types import ModuleType
from urllib.parse import parse_qs, urlsplit

from threadly.modules import payments
from threadly.modules.atlas.times import in_words
from threadly.modules.atlas.types import Band, Fact, JobLine, ModulePart, Part, Plan, Told
from threadly.platform.durable import Job, Schedule
from threadly.platform.durable.due import LOOK_EVERY_S, Watch
from threadly.platform.events import Reactions
from threadly.platform.http.admission import ANONYMOUS_ADDRESS, GUESSING, SIGNED_IN
from threadly.platform.limits import Limit
from threadly.settings import Settings

__all__ = ["draw_plan"]

SERVERS = {"granian": "Granian", "uvicorn": "uvicorn"}
LIMITED = {SIGNED_IN: "A member", ANONYMOUS_ADDRESS: "An address", GUESSING: "Sign-in and the like"}
PROVIDERS = {"stripe": "Stripe", "paypal": "PayPal", "sandbox": "Sandbox"}


def draw_plan(
    settings: Settings,
    *,
    modules: Sequence[ModuleType],
    reactions: Reactions,
    jobs: Sequence[Job],
    schedules: Sequence[Schedule],
    watches: Sequence[Watch],
) -> Plan:
    """`modules` from the top of the house to its bottom."""
    return Plan(
        bands=(
            _callers(settings),
            _web(settings),
            _stores(settings),
            _worker(reactions, jobs, schedules),
            _outside(settings),
        ),
        modules=tuple(_module(each, reactions) for each in modules),
        jobs=tuple(_job(each, schedules, watches) for each in sorted(jobs, key=lambda job: job.name)),
    )


def _callers(settings: Settings) -> Band:
    parts = [
        Part(
            "browser",
            "Browser",
            "pages",
            "Shows pages; holds a session in a cookie that no script can read.",
            cards=("cookies", "asset-caching", "content-security-policy", "server-sent-events"),
        ),
        Part(
            "program",
            "Program",
            "the API",
            "Uses the API with a signed token; other sites may only if their origin is listed.",
            (Fact("Other origins", _count(len(settings.cors_origins), none="none")),),
            cards=("access-tokens", "refresh-rotation", "api-description", "idempotency-key"),
        ),
    ]
    if settings.trusted_proxies:
        trusted = Fact("Believed", _count(len(settings.trusted_proxies), "address", "addresses"))
        parts.append(
            Part(
                "proxy",
                "Proxy",
                trusted.value,
                "Stands in front and notes where a request comes from.",
                (trusted,),
                ("behind-a-proxy",),
            )
        )
    return Band("callers", "Browser and network", "", tuple(parts))


def _web(settings: Settings) -> Band:
    serving = (
        Fact("Processes", str(settings.workers)),
        Fact("Server", SERVERS[settings.server]),
        Fact("Reached by", "HTTPS" if settings.secure_cookies else "HTTP"),
    )
    bounds = (
        Fact("At once", f"{settings.max_in_flight} per process"),
        Fact("Time", f"{settings.request_timeout_s:g} s"),
        Fact("Body", _bytes(settings.max_body_bytes)),
    )
    parts = (
        Part(
            "web",
            "Web processes",
            _count(settings.workers, "process", "processes"),
            "Each serves any visitor, for none of them remembers anybody.",
            serving,
            ("sessions", "thread-pool", "composition-root", "graceful-shutdown", "supervision"),
        ),
        Part(
            "front",
            "Front",
            f"{settings.max_in_flight} at once",
            "Ids, headers, limits, metrics and the log line, once for every request.",
            bounds,
            ("middleware", "timeouts", "load-shedding", "trace-ids", "compression"),
        ),
        Part(
            "gate",
            "Gate",
            "who asks, how often",
            "Which community, who asks, and how often they have asked.",
            tuple(_limit(each, settings.rate_limit_factor) for each in LIMITED),
            ("rate-limits", "roles", "csrf", "row-level-security", "validation"),
        ),
        Part(
            "edge",
            "Edge and verbs",
            "one unit of work",
            "Opens one unit of work, has a module decide, commits, answers.",
            cards=("verbs-and-repositories", "module-boundaries", "transactions", "error-kinds"),
        ),
    )
    return Band("web", "Entry", "HTTP", parts)


def _stores(settings: Settings) -> Band:
    pool = Fact("Connections", f"up to {settings.db_pool_size} per process")
    parts = [
        Part(
            "postgresql",
            "PostgreSQL",
            f"{settings.db_pool_size} connections",
            "The truth. What must not be lost is a row here before anybody is told of it.",
            (pool, Fact("Reached by", _reached_by(settings.database_url))),
            ("connection-pool", "row-locks", "constraints", "indexes", "partitioning", "migrations"),
        )
    ]
    if settings.database_replica_url:
        parts.append(
            Part(
                "postgresql-replica",
                "PostgreSQL, replica",
                "reads",
                "A copy that follows a moment behind. Work that only reads comes here.",
                (pool, Fact("Reached by", _reached_by(settings.database_replica_url))),
                ("read-replicas", "read-your-writes"),
            )
        )
    parts.append(
        Part(
            "valkey",
            "Valkey",
            "cache, limits, hints",
            "Cache, limits and hints for live pages. All of it may be lost at any time.",
            (
                Fact("Connections", "two per process"),
                Fact("Reached by", _reached_by(settings.valkey_url)),
            ),
            ("cache-aside", "single-flight", "pipelining", "publish-subscribe", "graceful-degradation"),
        )
    )
    parts.append(
        Part(
            "storage",
            "Storage",
            "images",
            "The bytes of images, each under a name that is never used twice.",
            (
                Fact(
                    "Kept", "in a store of its own" if _is_remote(settings) else "on the disk of this machine"
                ),
            ),
            ("object-storage",),
        )
    )
    return Band("stores", "Data", "SQL, commands", tuple(parts))


def _is_remote(settings: Settings) -> bool:
    return bool(settings.storage_url and settings.storage_url.startswith("s3"))


def _worker(reactions: Reactions, jobs: Sequence[Job], schedules: Sequence[Schedule]) -> Band:
    wired = sum(len(reactions.of(event)) for event in reactions.known)
    parts = (
        Part(
            "relay",
            "Relay",
            _count(wired, "reaction", "reactions"),
            "Tells each event to every reaction, in the transaction that marks it as done.",
            (Fact("Events", str(len(reactions.known))), Fact("Reactions", str(wired))),
            ("outbox", "relay", "dead-letters", "replay"),
        ),
        Part(
            "jobs",
            "Jobs",
            _count(len(jobs), "kind", "kinds"),
            "What reaches another system or takes time: recorded step by step.",
            (
                Fact("Workers", "one or more"),
                Fact("Kinds", str(len(jobs))),
                Fact("Queues", ", ".join(sorted({each.queue for each in jobs}))),
            ),
            ("durable-jobs", "retry", "deduplication", "worker-slots"),
        ),
        Part(
            "schedules",
            "Schedules",
            "by the clock",
            "What is due by the clock, once for each community.",
            (Fact("Entries", str(len(schedules))),),
            ("schedules",),
        ),
        Part(
            "watches",
            "Watches",
            "what was left",
            "Look for what somebody began and did not finish.",
            (Fact("Looks", f"every {LOOK_EVERY_S:g} s"),),
            ("leases", "payment-in-doubt"),
        ),
    )
    return Band("worker", "Events and jobs", "events and jobs, waiting as rows", parts)


def _outside(settings: Settings) -> Band:
    payment = [
        Part(
            each.provider,
            PROVIDERS[each.provider],
            "payments",
            "Invented money, for trying things out." if each.provider == "sandbox" else "Takes payments.",
            (Fact("Offered as", each.label),),
            ("adapter", "circuit-breaker", "fallback", "webhooks", "reconciliation"),
        )
        for each in payments.list_methods(settings)
    ]
    mail = Part(
        "mail",
        "Mail",
        "by a server" if settings.smtp_url else "stays here",
        "Receipts and links, sent by jobs that wait for the mail server.",
        (Fact("Sent by", "a mail server" if settings.smtp_url else "nobody: letters stay here"),),
        ("durable-jobs", "retry"),
    )
    push = Part(
        "push",
        "Push services",
        "to browsers",
        "Bring notifications to browsers that asked for them; each is its browser's maker's.",
        cards=("durable-jobs", "retry"),
    )
    more = [
        part
        for is_set, part in (
            (
                settings.sms_url,
                Part(
                    "sms",
                    "SMS gateway",
                    "text messages",
                    "Texts the buyer that an order is paid.",
                    cards=("durable-jobs",),
                ),
            ),
            (
                settings.warehouse_url,
                Part(
                    "warehouse",
                    "Warehouse",
                    "paid orders",
                    "Is told of each paid order, signed.",
                    cards=("webhooks",),
                ),
            ),
            (
                settings.alert_webhook_url,
                Part(
                    "alerts",
                    "Alerts",
                    "by webhook",
                    "Whoever is on duty is told of alerts, signed.",
                    cards=("webhooks",),
                ),
            ),
            (
                settings.otlp_endpoint,
                Part("collector", "Trace collector", "OTLP", "Receives spans over OTLP.", cards=("traces",)),
            ),
        )
        if is_set
    ]
    return Band(
        "outside",
        "Outside",
        "calls from web and worker, never inside a transaction",
        (*payment, mail, push, *more),
    )


def _module(module: ModuleType, reactions: Reactions) -> ModulePart:
    name = module.__name__.rpartition(".")[2]
    tells = [
        Told(event, tuple(each.name for each in reactions.of(event)))
        for event in reactions.known
        if _owner(event) == name
    ]
    hears = [
        event
        for event in reactions.known
        if _owner(event) != name and any(_owner(each.name) == name for each in reactions.of(event))
    ]
    return ModulePart(name, _sentence(module), tuple(tells), tuple(hears))


def _job(job: Job, schedules: Iterable[Schedule], watches: Iterable[Watch]) -> JobLine:
    times = [in_words(each.cron) for each in schedules if each.job is job]
    times += [f"when due, looked for every {LOOK_EVERY_S:g} s" for each in watches if each.job is job]
    return JobLine(job.name, job.queue, tuple(times))


def _owner(name: str) -> str:
    return name.partition(".")[0]


def _sentence(module: ModuleType) -> str:
    """What the first line of its docstring says after the name."""
    first = (module.__doc__ or "").strip().partition("\n")[0]
    said = first.partition(": ")[2] or first
    return said[:1].upper() + said[1:]


def _limit(limit: Limit, factor: float) -> Fact:
    per = "a minute" if limit.per_s == 60 else f"in {limit.per_s} s"
    return Fact(LIMITED[limit], f"{max(1, int(limit.limit * factor))} {per}")


def _reached_by(url: str | None) -> str:
    parts = urlsplit(url or "")
    is_local = parts.scheme == "unix" or parse_qs(parts.query).get("host", [""])[0].startswith("/")
    return "a socket on this machine" if is_local else "the network"


def _count(number: int, one: str = "", many: str = "", *, none: str = "none") -> str:
    return f"{number} {one if number == 1 else many}".strip() if number else none


def _bytes(number: int) -> str:
    return f"{number / 1_048_576:g} MiB" if number >= 1_048_576 else f"{number / 1024:g} KiB"
