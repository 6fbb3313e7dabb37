"""Cards of the network and the entry."""

from threadly.modules.atlas.types import Concept, Home

CONCEPTS = (
    Concept(
        slug="http-methods",
        name="Methods and status codes",
        layer="entry",
        what="The verb of a request says whether it may change something, and the number of the answer says "
        "what became of it. GET only looks; POST, PUT, PATCH and DELETE act. Every kind of refusal has its "
        "number, in one table.",
        why="Browsers, crawlers and proxies repeat a GET whenever they like, so it must be harmless. And a "
        "program can only react well to a failure if the failure does not look like a success.",
        homes=(
            Home(
                "platform/http/refusals.py",
                "STATUS",
                "The one table from the kind of a refusal to its number.",
            ),
            Home(
                "platform/http/gate.py",
                "SAFE_METHODS",
                "The methods that change nothing; all others are checked for forgery.",
            ),
        ),
        spans=("request",),
        related=("error-kinds", "csrf", "idempotency-key"),
    ),
    Concept(
        slug="cookies",
        name="Cookies and their attributes",
        layer="entry",
        what="A cookie is a note that the browser keeps and shows again with each request. Its attributes "
        "say who may read it and where it may be sent: ours is out of reach of scripts, stays home when "
        "another site posts a form, and travels over HTTPS only where the site has it.",
        why="The cookie is the key to somebody's account. A script that was smuggled into a page could read "
        "and mail it away, were it not hidden from scripts.",
        homes=(
            Home("modules/identity/pages/forms.py", "let_in", "Sets the session's cookie after a sign-in."),
            Home("platform/http/csrf.py", "Csrf._cookie", "The cookie that ties forms to this browser."),
            Home("settings.py", "Settings.secure_cookies", "Whether the site has HTTPS."),
        ),
        related=("sessions", "csrf"),
    ),
    Concept(
        slug="connection-reuse",
        name="Keep-alive connections",
        layer="entry",
        what="Opening an encrypted connection takes several trips across the network before anything is "
        "said. So a connection is opened once, kept, and used for the next call as well.",
        why="A charge that takes 200 ms should not pay again for greetings each time. It also spares the "
        "other side, which would have to greet everybody anew.",
        homes=(
            Home(
                "modules/payments/providers/paypal_api.py",
                "PayPalApi",
                "One HTTP client for the life of the process, closed with it.",
            ),
            Home(
                "platform/valkey.py",
                "Valkey",
                "One connection for all commands of a process.",
            ),
        ),
        related=("connection-pool", "pipelining"),
    ),
    Concept(
        slug="conditional-requests",
        name="ETags and conditional requests",
        layer="entry",
        what="An answer carries a short fingerprint of its bytes. Who asks again with that fingerprint gets "
        "304 and no body if nothing changed; who wants to change something can name the version they saw.",
        why="It spares the bytes of what is known already. And of two people who edit the same thing, the "
        "second is told, and does not silently overwrite the first.",
        homes=(
            Home(
                "platform/http/conditional.py",
                "is_unchanged",
                "Compares the fingerprint that was sent along.",
            ),
            Home(
                "platform/http/conditional.py",
                "require_match",
                "Refuses a change to a version that is not the present one.",
            ),
            Home("platform/http/edge.py", "Edge._if_matched", "Lets only one of several changers go first."),
        ),
        spans=("platform.lock_state",),
        related=("row-locks", "asset-caching"),
    ),
    Concept(
        slug="asset-caching",
        name="Cache headers for files",
        layer="entry",
        what="The address of each stylesheet and script contains a hash of its content, and browsers are "
        "told to keep it for a year. A new version simply has a new address.",
        why="A second visit loads no file twice, and yet nobody ever sees yesterday's stylesheet under "
        "today's page.",
        homes=(
            Home("web/assets.py", "asset", "Puts the hash into the address."),
            Home("app.py", "static_files", "Says how long browsers may keep what is there."),
        ),
        related=("conditional-requests",),
    ),
    Concept(
        slug="compression",
        name="Compression",
        layer="entry",
        what="Text is squeezed on its way to the browser, with the best method that both sides know. Small "
        "answers, pictures and live streams are left as they are.",
        why="HTML and JSON repeat themselves a lot; on a slow line the smaller answer simply arrives sooner.",
        homes=(
            Home(
                "platform/http/compression.py",
                "choose_encoding",
                "Picks what the client accepts and we know.",
            ),
            Home("platform/http/compression.py", "_is_compressible", "What is worth the effort."),
        ),
        related=("sparse-fields",),
    ),
    Concept(
        slug="sparse-fields",
        name="Sparse fields",
        layer="entry",
        what="A program may name the fields that it needs, and the answer has only those.",
        why="A telephone that lists names has no use for descriptions and pictures, and whoever pays by the "
        "megabyte is glad of it.",
        homes=(
            Home("platform/http/parameters.py", "select_fields", "Checks the names against what there is."),
            Home("platform/http/parameters.py", "pick", "Leaves out the rest."),
        ),
        related=("compression", "keyset-pagination"),
    ),
    Concept(
        slug="behind-a-proxy",
        name="The address behind a proxy",
        layer="entry",
        what="Behind a proxy every request seems to come from the proxy. It notes the visitor's address in "
        "a header, which we believe only from proxies that the operator has named.",
        why="Anybody can write anything into a header. Believed blindly, it would let one machine pose as "
        "thousands and slip under every limit.",
        homes=(
            Home(
                "platform/http/edge.py",
                "address_of",
                "Goes back through the chain to the nearest address that is no proxy of ours.",
            ),
        ),
        related=("rate-limits",),
    ),
    Concept(
        slug="health-checks",
        name="Liveness and readiness",
        layer="entry",
        what="Two addresses for machines that look after machines. One says that the process runs at all; "
        "the other, that it can serve, which it cannot without its database.",
        why="A process that hangs wants a restart; one whose database is away does not, for a restart mends "
        "nothing and loses what was going on.",
        homes=(
            Home("platform/http/health.py", "health_routes.live", "Asks nothing and nobody."),
            Home(
                "platform/http/health.py",
                "health_routes.ready",
                "Asks the needed parts; names the helpful ones too, but does not insist on them.",
            ),
        ),
        related=("graceful-degradation", "supervision"),
    ),
    Concept(
        slug="server-sent-events",
        name="Server-sent events",
        layer="entry",
        what="An answer that does not end: the server keeps the connection open and writes a line whenever "
        "there is news. The number of such streams is bounded, for the process and for each member.",
        why="Otherwise each open page would ask every few seconds whether there is something, and would "
        "nearly always hear that there is not.",
        homes=(
            Home("platform/http/streams.py", "event_stream", "Opens the stream, keeps it alive, counts it."),
            Home("modules/feed/live.py", "watch_feed", "What is told to somebody who looks at their feed."),
        ),
        related=("publish-subscribe", "bounded-queues", "graceful-shutdown"),
    ),
    Concept(
        slug="websockets",
        name="WebSockets",
        layer="entry",
        what="One connection on which browser and server both speak when they like. Each command on it is "
        "admitted, limited and recorded like a request, and whoever does not read is cut off.",
        why="Chat goes both ways, many times a minute; a new request for each word typed would be mostly "
        "headers. But an open line is a place that a stranger could occupy, so lines are few and checked.",
        homes=(
            Home("platform/http/sockets.py", "converse", "Holds one line from its first to its last word."),
            Home("platform/http/socket_guest.py", "is_from_here", "Refuses pages of other sites."),
            Home("modules/messaging/live.py", "tell", "Tells those who should look again."),
        ),
        related=("server-sent-events", "publish-subscribe", "bounded-queues", "ordered-changes"),
    ),
    Concept(
        slug="call-signalling",
        name="Call signalling",
        layer="entry",
        what="Two browsers that want to talk have to learn how to reach each other. Their offers, answers "
        "and addresses go through us as rows and hints; voice and picture then go from one to the other.",
        why="Sound through the server would cost bandwidth and time for everybody. Where two networks do not "
        "let each other in, a relay helps, with a password that is good for a while only.",
        homes=(
            Home("modules/messaging/verbs/calls.py", "send_signal", "Keeps and passes on what they say."),
            Home("modules/messaging/rules.py", "ice_servers", "Which relays they may use, and how long."),
        ),
        spans=("messaging.insert_signal", "messaging.list_signals"),
        related=("websockets",),
    ),
)
