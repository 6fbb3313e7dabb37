"""Cards of the application."""

from threadly.modules.atlas.types import Concept, Home

CONCEPTS = (
    Concept(
        slug="middleware",
        name="Middleware",
        layer="application",
        what="Work that every request needs, done in one place around all of them: ids, headers, limits, "
        "the time it took, the log line. Here it is two layers, one outermost and one right before the "
        "handler.",
        why="Copied into each handler, such a check would be missing in the newest one. The order matters "
        "too: nothing is parsed before it is known who asks.",
        homes=(
            Home("platform/http/front.py", "Front", "The outermost layer."),
            Home("platform/http/gate.py", "Gate", "Between finding the handler and calling it."),
        ),
        spans=("request",),
        related=("rate-limits", "load-shedding", "traces"),
    ),
    Concept(
        slug="composition-root",
        name="Composition root",
        layer="application",
        what="One file puts the application together: it makes each part and hands it to those that need "
        "it. Another says in the open who reacts to which event.",
        why="When parts fetch each other from global places, nobody can say what needs what, and a test "
        "cannot put another part in.",
        homes=(
            Home("app.py", "make_app", "Settings in, application out."),
            Home("wiring.py", "make_reactions", "Who reacts to what."),
            Home("platform/runtime.py", "Runtime", "What one process holds: pools, Valkey, caches."),
        ),
        related=("module-boundaries", "settings"),
    ),
    Concept(
        slug="verbs-and-repositories",
        name="Controller, verb, repository",
        layer="application",
        what="Three kinds of code that stay apart. An entry translates a request, a verb does what the "
        "domain calls by name, a repository holds the SQL. A rule that decides without looking anything up "
        "is a function of its own.",
        why="So a verb serves the page, the API and a job alike, and a rule can be tested without a server "
        "or a database.",
        homes=(
            Home("modules/feed/rest/posts.py", "publish_post", "The entry."),
            Home("modules/feed/verbs/posts.py", "publish_post", "The verb."),
            Home("modules/feed/rules.py", "clean_content", "A rule that it asks."),
            Home("modules/feed/repository/writing.py", "INSERT_POST", "The statement that it runs."),
        ),
        spans=("feed.insert_post",),
        related=("module-boundaries", "transactions"),
    ),
    Concept(
        slug="module-boundaries",
        name="Module boundaries",
        layer="application",
        what="Each domain is a folder that others enter by its front page only, which lists what they may "
        "use. A module may call those below it; those above it hear of events.",
        why="What nobody can reach from outside can be rewritten without asking anybody. A check in the "
        "gate refuses the import that would undo this.",
        homes=(
            Home("modules/feed/__init__.py", "__all__", "The door of the feed: what others may use."),
            Home("modules/payments/events.py", "PaymentSucceeded", "How payments tell whoever cares."),
        ),
        related=("published-views", "events", "composition-root"),
    ),
    Concept(
        slug="adapter",
        name="Adapters and a factory",
        layer="application",
        what="The rest of the code knows one shape of a payment provider: charge, find, cancel, refund. For "
        "each real one there is an adapter that translates, and a factory makes those that are configured.",
        why="Names and quirks of one vendor would otherwise spread, and a second one would mean touching "
        "everything again.",
        homes=(
            Home("modules/payments/providers/interface.py", "Provider", "The one shape."),
            Home("modules/payments/providers/stripe.py", "StripeProvider", "An adapter."),
            Home("modules/payments/providers/configured.py", "make_providers", "The factory."),
        ),
        spans=("stripe.charge", "paypal.charge", "sandbox.charge"),
        related=("fallback", "payment-in-doubt"),
    ),
    Concept(
        slug="thread-pool",
        name="Event loop and thread pool",
        layer="application",
        what="One loop serves all requests of a process by turns: while one waits for the database, others "
        "go on. Work that only computes, like hashing a password, would hold up all, so it runs in threads "
        "of its own.",
        why="A single slow computation on the loop freezes every visitor of that process for as long as it "
        "takes.",
        homes=(
            Home("modules/identity/passwords.py", "Passwords._run", "Moves the computation off the loop."),
            Home("platform/garbage.py", "settle_garbage_collector", "Makes Python's own pauses rare."),
        ),
        related=("password-hashing", "bounded-queues"),
    ),
    Concept(
        slug="graceful-shutdown",
        name="Graceful shutdown",
        layer="application",
        what="Asked to stop, a process takes no new work, finishes or hands back what it has begun, and "
        "closes its connections. Live streams end first, for they would never end by themselves.",
        why="A new version is deployed on an ordinary day while people pay. Nobody's request should be cut "
        "in half for it.",
        homes=(
            Home("platform/http/stopping.py", "before_stopping", "Ends the streams before the server waits."),
            Home("worker.py", "run_worker", "Ends the relay, then the jobs, then the connections."),
            Home("modules/payments/cashier.py", "Cashier.aclose", "Waits for the charge that is under way."),
        ),
        related=("durable-jobs", "supervision"),
    ),
    Concept(
        slug="settings",
        name="Configuration",
        layer="application",
        what="All that differs between a laptop and a cluster is read once from the environment into one "
        "value with types, which cannot be changed afterwards. A value that makes no sense stops the start.",
        why="Passwords do not belong into the source. And a typing error should be told at the start by the "
        "name of the setting, not at night by the behaviour of the site.",
        homes=(
            Home("settings.py", "read_settings", "Reads, checks and refuses by name."),
            Home("settings.py", "Settings.__repr__", "Prints only what cannot be a secret."),
        ),
        related=("composition-root", "redaction"),
    ),
    Concept(
        slug="validation",
        name="Validation at the edge",
        layer="application",
        what="What comes in is read into a type that says what is allowed. If it does not fit, the answer "
        "lists everything that is wrong, with the name of each field.",
        why="Code behind the edge may then trust what it is given, and people mend their form once, not "
        "field by field.",
        homes=(
            Home(
                "platform/http/validation.py", "problems_in", "Finds all that is wrong, not only the first."
            ),
            Home(
                "platform/http/parameters.py",
                "refuse_unknown",
                "A misspelt parameter is an error, not ignored.",
            ),
        ),
        related=("error-kinds", "constraints", "sql-parameters"),
    ),
    Concept(
        slug="error-kinds",
        name="Refusals and bugs",
        layer="application",
        what="There are two kinds of failure. A refusal is part of the product: it has a stable code and a "
        "sentence that says what to do. Everything else is a bug: people get a number to quote, the log "
        "gets the rest.",
        why="Somebody whose card was declined can act on it; somebody who reads an internal error cannot, "
        "and an attacker could.",
        homes=(
            Home("platform/errors.py", "Refusal", "The base of all refusals."),
            Home("platform/http/errors.py", "Answers", "Turns either into an answer or a page."),
        ),
        related=("http-methods", "validation", "trace-ids"),
    ),
    Concept(
        slug="idempotency-key",
        name="Idempotency keys",
        layer="application",
        what="A client gives its request a number of its own. The first request with that number acts, and "
        "its answer is stored in the same transaction; every repetition gets the stored answer and changes "
        "nothing.",
        why="When an answer is lost on the way, nobody can know whether the order was placed. Now it is "
        "safe to simply ask again.",
        homes=(
            Home(
                "platform/http/idempotency.py", "CLAIM", "Twins meet at the primary key; one of them waits."
            ),
            Home(
                "platform/http/idempotency.py",
                "IdempotentRequest.find_answer",
                "Finds the answer, or the place free.",
            ),
            Home("platform/http/edge.py", "Edge._answer_once", "Effect and answer in one transaction."),
        ),
        spans=("platform.claim_idempotency_key", "platform.store_idempotent_answer"),
        related=("payment-in-doubt", "deduplication", "transactions"),
    ),
    Concept(
        slug="keyset-pagination",
        name="Cursor pagination",
        layer="application",
        what="A list is read page by page, and each page starts after the last entry of the one before. The "
        "cursor that says so is signed, and good for this list only.",
        why="Counting from the start gets slower with every page, and shows entries twice when others post "
        "meanwhile. Starting after a known entry does neither.",
        homes=(
            Home(
                "platform/paging.py", "page_of", "Fetches one entry too many to know whether there is more."
            ),
            Home("platform/http/pagination.py", "Cursors", "Writes and reads the signed cursor."),
        ),
        spans=("feed.home_feed", "feed.explore"),
        related=("time-ordered-ids", "indexes", "sparse-fields"),
    ),
    Concept(
        slug="api-description",
        name="OpenAPI",
        layer="application",
        what="The document that describes the API is made from the very handlers that serve it, and tests "
        "fire generated requests at each of them.",
        why="A description written by hand is right on the day it is written. This one cannot say what the "
        "code does not do.",
        homes=(
            Home("platform/http/docs.py", "openapi_config", "What is said of the whole."),
            Home(
                "platform/http/docs.py",
                "_document_failures",
                "Says for every address what a refusal looks like.",
            ),
        ),
        related=("validation", "error-kinds"),
    ),
    Concept(
        slug="hybrid-feed",
        name="Fan-out on write and on read",
        layer="application",
        what="A new post is copied into the timeline of each follower, so that reading a feed is one short "
        "scan. For authors with very many followers it is the other way round: their posts are merged in by "
        "the reader.",
        why="People read far more often than they write, so the work belongs to the writing. Except where "
        "one post would mean a million copies.",
        homes=(
            Home("modules/feed/reactions.py", "fan_out", "Pushes a post, or leaves it to be pulled."),
            Home("modules/feed/repository/reading.py", "HOME_FEED", "Reads both, as one page."),
        ),
        spans=("feed.fan_out", "feed.home_feed"),
        related=("read-models", "events", "n-plus-one"),
    ),
)
