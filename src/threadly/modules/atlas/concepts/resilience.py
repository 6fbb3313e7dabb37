"""Cards of resilience."""

from threadly.modules.atlas.types import Concept, Home

CONCEPTS = (
    Concept(
        slug="timeouts",
        name="Timeouts",
        layer="resilience",
        what="Whatever waits for somebody else has a limit: a request as a whole, a statement, a call to a "
        "provider, a connection from the pool.",
        why="A server that is gone often says nothing at all. Without a limit everybody who waits for it "
        "waits for ever, and soon there is nobody left to serve the others.",
        homes=(
            Home("platform/http/front.py", "Front._fly", "The time that a whole request may take."),
            Home("platform/db/pool.py", "STATEMENT_TIMEOUT_MS", "What one statement may take."),
            Home("modules/payments/calling.py", "Line._timed", "What one call to a provider may take."),
        ),
        related=("retry", "circuit-breaker", "payment-in-doubt"),
    ),
    Concept(
        slug="retry",
        name="Retry with backoff",
        layer="resilience",
        what="What failed for no lasting reason is tried again, after pauses that double each time and are "
        "partly left to chance. Only what is safe to repeat is repeated.",
        why="Most faults pass within a second. The chance in the pauses keeps a crowd that lost the same "
        "server from coming back in step and felling it again.",
        homes=(
            Home("platform/resilience.py", "Backoff", "The pauses."),
            Home("modules/payments/calling.py", "Line.call_repeatedly", "Repeats a call under the same key."),
        ),
        spans=("sandbox.charge", "stripe.charge", "paypal.charge"),
        related=("idempotency-key", "timeouts", "circuit-breaker"),
    ),
    Concept(
        slug="circuit-breaker",
        name="Circuit breaker",
        layer="resilience",
        what="After a number of failures in a row, calls to that neighbour are refused at once for a while. "
        "Then one is let through; if it works, all are again.",
        why="To wait for somebody who is known to be away helps nobody: the visitor waits in vain, and the "
        "neighbour is kept from recovering.",
        homes=(
            Home("platform/resilience.py", "Breaker", "Counts, opens, lets one try."),
            Home("platform/valkey.py", "Valkey._admit", "While Valkey is down, one call at a time tries."),
        ),
        related=("retry", "fallback", "bulkhead"),
    ),
    Concept(
        slug="bulkhead",
        name="Bulkhead",
        layer="resilience",
        what="At most so many calls to one neighbour are under way at once, and a few more may stand in "
        "line for a moment. Further ones are refused right away.",
        why="Ships have walls inside so that one leak does not sink them. A provider that hangs may hold up "
        "those who pay with it, but not the whole process.",
        homes=(
            Home("platform/resilience.py", "Bulkhead", "The slots and the line."),
            Home("modules/payments/calling.py", "Limits", "How many of each, for payment providers."),
        ),
        related=("circuit-breaker", "connection-pool", "load-shedding"),
    ),
    Concept(
        slug="fallback",
        name="Fallback",
        layer="resilience",
        what="If a payment provider certainly cannot be reached, the next method that the buyer has allowed "
        "is tried. If it might have heard us, no other is tried until it is known.",
        why="An outage elsewhere need not cost a sale. But to try elsewhere while in doubt could charge "
        "twice, which is worse than a late answer.",
        homes=(
            Home(
                "modules/payments/cashier.py",
                "_Drive._pass_on",
                "Marks the attempt as without effect, goes on.",
            ),
            Home("modules/payments/verbs/turns.py", "begin_turn", "Chooses whose turn it is."),
        ),
        spans=("payments.mark_unreached",),
        related=("payment-in-doubt", "circuit-breaker", "graceful-degradation"),
    ),
    Concept(
        slug="graceful-degradation",
        name="Graceful degradation",
        layer="resilience",
        what="Without Valkey there is no cache, no limit is counted and live pages look for themselves, but "
        "every page still works. The loss is told once, as a warning.",
        why="What only makes things faster must not be able to stop them.",
        homes=(
            Home("platform/limits.py", "_unlimited", "The answer of a limit that cannot be counted."),
            Home("platform/cache.py", "Cache._look", "Finds nothing, and goes on."),
        ),
        related=("health-checks", "rate-limits", "cache-aside"),
    ),
    Concept(
        slug="load-shedding",
        name="Load shedding",
        layer="resilience",
        what="A process serves a set number of requests at once. What comes on top is answered at once with "
        "503 and the advice to try again shortly.",
        why="A server that accepts everything becomes slow for everybody, until all have given up. To "
        "refuse a few quickly lets the others be served well.",
        homes=(
            Home("platform/http/front.py", "Front._refuse_early", "Refuses before any work is done."),
            Home("platform/http/front.py", "NEVER_SHED", "What is answered even then."),
        ),
        related=("rate-limits", "bounded-queues", "bulkhead"),
    ),
    Concept(
        slug="bounded-queues",
        name="Bounded queues",
        layer="resilience",
        what="Every place where work can pile up has a named size. When it is full, the newest is refused "
        "or the oldest dropped, whichever does less harm there.",
        why="A queue without an end does not help under a lasting load: it eats the memory, and what it "
        "answers at last was given up on long ago.",
        homes=(
            Home("modules/identity/passwords.py", "WAITING_MOST", "Passwords that may wait to be hashed."),
            Home(
                "platform/pubsub.py", "Subscription._put", "A slow page loses the oldest hint, and is told."
            ),
            Home("platform/http/streams.py", "MOST_STREAMS", "Live pages of one process."),
        ),
        related=("load-shedding", "thread-pool", "publish-subscribe"),
    ),
    Concept(
        slug="supervision",
        name="Supervision",
        layer="resilience",
        what="On one machine a small program starts the others in order, watches them and starts again "
        "whichever dies, later each time. If one keeps dying, it stops everything and says why.",
        why="Every process will die one day. What counts is that nobody has to get up for it, and that a "
        "fault which does not pass is not hidden.",
        homes=(
            Home("platform/supervisor.py", "Supervisor", "Starts, watches, restarts, gives up."),
            Home("processes.py", "run_up", "What it starts here."),
        ),
        related=("health-checks", "graceful-shutdown", "leases"),
    ),
    Concept(
        slug="leases",
        name="Leases",
        layer="resilience",
        what="Whoever drives a payment writes down until when. A process that dies stops renewing that "
        "note; its time passes, and a worker takes over where the rows say it stopped.",
        why="Nobody announces that they are about to crash. A note with a date needs no announcement.",
        homes=(
            Home("modules/payments/rules.py", "LEASE", "How long one may be silent."),
            Home("platform/durable/due.py", "look", "Finds what is due, and has a worker take it up."),
        ),
        spans=("payments.extend_lease", "payments.resume"),
        related=("payment-in-doubt", "worker-slots", "supervision"),
    ),
    Concept(
        slug="experiments",
        name="Experiments",
        layer="resilience",
        what="A process of its own stands between the application and what it needs, and hands bytes on. If "
        "somebody asks, it holds them up, loses them or takes no connection, and it can kill. Each time ends "
        "by itself.",
        why="That a system gets over a fault is a guess until it had to. To make the fault on a quiet "
        "afternoon, with somebody watching, is cheaper than to meet it first at night.",
        homes=(
            Home("faults/proxy.py", "Proxy", "Hands bytes on, late or not at all."),
            Home("faults/board.py", "Board._start", "Begins, and sets the timer that ends it."),
            Home(
                "modules/atlas/verbs/experiments.py", "start_experiment", "Who may, which, and for how long."
            ),
        ),
        spans=("atlas.insert_experiment", "atlas.take_time"),
        related=("supervision", "graceful-degradation", "payment-in-doubt"),
    ),
)
