"""Cards of security."""

from threadly.modules.atlas.types import Concept, Home

CONCEPTS = (
    Concept(
        slug="rate-limits",
        name="Rate limits",
        layer="security",
        what="Everybody may ask so many times a minute; beyond that the answer is 429 and says how long to "
        "wait. Where guessing pays, at sign-in for example, the limit is far lower.",
        why="One eager program must not use up what everybody shares, and a thief must not try passwords "
        "all night.",
        homes=(
            Home("platform/limits.py", "Limiter.check", "Counts the request in a sliding window, in Valkey."),
            Home("platform/http/admission.py", "GUESSABLE", "The addresses where guessing pays."),
            Home(
                "platform/http/admission.py",
                "EdgeKit._count",
                "Chooses the limit: by member, address or guess.",
            ),
        ),
        spans=("valkey limits.check",),
        related=("behind-a-proxy", "load-shedding", "graceful-degradation"),
    ),
    Concept(
        slug="password-hashing",
        name="Password hashing",
        layer="security",
        what="A password is never kept. What is kept is the result of a computation that is slow and hungry "
        "for memory on purpose, mixed with random salt, so that equal passwords look different.",
        why="Who steals the table holds nothing to sign in with, and each guess costs them as much time and "
        "memory as it costs us.",
        homes=(
            Home("modules/identity/passwords.py", "Passwords.hash", "Makes a hash from a new password."),
            Home(
                "modules/identity/passwords.py",
                "Passwords.verify",
                "Takes as long for an account that does not exist, so that nobody can tell.",
            ),
        ),
        spans=("identity.find_credentials",),
        related=("thread-pool", "bounded-queues"),
    ),
    Concept(
        slug="sessions",
        name="Server-side sessions",
        layer="security",
        what="A browser holds a long random word; its hash is a row of the database that says whose session "
        "it is and until when. To end the session is to mark that row, and it is over with the next "
        "request.",
        why="Any process can serve any visitor, because none of them remembers anybody. And a stolen copy "
        "of the table holds only hashes, which open nothing.",
        homes=(
            Home("modules/identity/opaque.py", "hash_of", "What is stored in place of the word."),
            Home("modules/identity/verbs/sessions.py", "open_browser_session", "Makes the word and its row."),
            Home(
                "modules/identity/authentication.py", "_actor_of_cookie", "Finds the member behind a cookie."
            ),
        ),
        spans=("identity.find_browser_session", "identity.touch_session"),
        related=("cookies", "access-tokens"),
    ),
    Concept(
        slug="access-tokens",
        name="Access tokens (JWT)",
        layer="security",
        what="A program signs in to a token that says who it is for and when it expires, signed with a key "
        "that only we have. Any process can check it by itself, with no query.",
        why="The API's busiest addresses would otherwise ask the database the same question for each "
        "request. Tokens that must end early stand on a short list that every process reads once a second.",
        homes=(
            Home("modules/identity/access_tokens.py", "mint", "Writes and signs a token."),
            Home(
                "modules/identity/authentication.py", "TokenChecker.check", "Checks one, usually from memory."
            ),
        ),
        spans=("identity.list_voided_tokens", "identity.list_public_keys"),
        related=("refresh-rotation", "sessions"),
    ),
    Concept(
        slug="refresh-rotation",
        name="Refresh tokens that rotate",
        layer="security",
        what="Access tokens last minutes; a second token fetches new ones and is replaced at each use. If "
        "an old one comes back, two parties hold the same secret, and the whole session is ended.",
        why="A stolen token would otherwise work for months without anybody noticing. This way its second "
        "use gives the thief away.",
        homes=(
            Home(
                "modules/identity/verbs/sessions.py",
                "use_refresh_token",
                "Uses one up and issues its successor.",
            ),
            Home(
                "modules/identity/verbs/sessions.py",
                "end_reused_session",
                "Ends the session of one seen twice.",
            ),
        ),
        spans=("identity.use_refresh_token", "identity.insert_refresh_token"),
        related=("access-tokens",),
    ),
    Concept(
        slug="roles",
        name="Roles and permissions",
        layer="security",
        what="Code never asks who you are, it asks what you may do. A role is a named set of such "
        "permissions, and members get roles.",
        why="When a new kind of helper joins, one table changes and not thirty conditions all over the "
        "code, of which one is always forgotten.",
        homes=(
            Home("modules/identity/permissions.py", "PERMISSIONS", "What each role may do."),
            Home("platform/actor.py", "Actor.require", "Refuses who may not, in a sentence."),
        ),
        spans=("identity.set_role",),
        related=("row-level-security", "audit-log"),
    ),
    Concept(
        slug="csrf",
        name="Forged forms (CSRF)",
        layer="security",
        what="Each form carries a token that only our own pages can know, tied to a cookie of the same "
        "browser. A form that comes without it, or from another site, is not acted upon.",
        why="A page elsewhere can make your browser send us a form, and your cookie comes along by itself. "
        "The token does not, so we can tell what you meant from what was done to you.",
        homes=(
            Home("platform/http/csrf.py", "Csrf.check", "Compares the form's token with the cookie."),
            Home(
                "platform/http/csrf.py", "Csrf._is_foreign", "What the browser itself says about the origin."
            ),
        ),
        related=("cookies", "http-methods"),
    ),
    Concept(
        slug="content-security-policy",
        name="Content security policy",
        layer="security",
        what="A header tells the browser where scripts, styles and pictures of a page may come from: from "
        "our own files. The checkout alone also admits those of the payment providers that it offers.",
        why="Should somebody's writing ever slip into a page as code, the browser still refuses to run it. "
        "It is the second lock behind escaping.",
        homes=(
            Home("platform/http/security.py", "page_policy", "The policy of pages."),
            Home("platform/http/security.py", "fixed_headers", "Its companions, on every answer."),
            Home("modules/store/pages/paying.py", "checkout_policy", "What the checkout admits besides."),
        ),
        related=("escaping", "http-methods"),
    ),
    Concept(
        slug="escaping",
        name="Escaping against XSS",
        layer="security",
        what="What people write is shown as text: templates replace every character that HTML would "
        "understand. Where formatting is allowed, in a product's description, all but a short list of tags "
        "is removed.",
        why="A name that contains a script would otherwise run in the browser of everybody who reads it.",
        homes=(
            Home("modules/store/rules/texts.py", "clean_html", "Keeps the harmless tags of a description."),
            Home(
                "modules/feed/rules.py", "linkify", "Turns a post into pieces: words and links, never HTML."
            ),
        ),
        related=("content-security-policy", "sql-parameters"),
    ),
    Concept(
        slug="sql-parameters",
        name="SQL parameters",
        layer="security",
        what="Every statement is a named constant, and what people typed travels beside it, never inside "
        "it. PostgreSQL receives the text of the statement and the values apart.",
        why="A search for a quotation mark can then break nothing, let alone read a table that was not "
        "asked for.",
        homes=(
            Home("platform/db/statement.py", "Statement", "A statement as a value: name, text, result."),
            Home("platform/work.py", "Work.all", "Hands text and values over separately."),
        ),
        related=("escaping", "validation"),
    ),
    Concept(
        slug="row-level-security",
        name="Tenants and row level security",
        layer="security",
        what="Several communities may share one database. Each row says whose it is, and PostgreSQL itself "
        "hides all rows of others from a connection, whatever the query says.",
        why="A forgotten condition in one of hundreds of queries would otherwise show one community's "
        "letters to another. Here it shows nothing.",
        homes=(
            Home("migrations/tenancy.py", "tenant_table", "Adds the policy to a table."),
            Home("platform/db/pool.py", "Connection.serve", "Tells the connection whom it serves now."),
            Home("platform/tenants.py", "Tenants.of_host", "Finds the community by the name of the site."),
        ),
        related=("roles", "connection-pool"),
    ),
    Concept(
        slug="audit-log",
        name="Audit log",
        layer="security",
        what="Triggers note each change to what matters: who, when, what was there before and after. The "
        "notes can be added to, but neither changed nor deleted by the application.",
        why="When a price or a role is not what it was, the question is always by whom. Code may forget to "
        "write that down; a trigger does not.",
        homes=(
            Home(
                "migrations/versions/0001_platform.py", "CREATE FUNCTION platform.audit()", "Writes the note."
            ),
            Home(
                "migrations/versions/0001_platform.py",
                "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON platform.audit_log",
                "Refuses every change to one.",
            ),
        ),
        related=("triggers", "erasure"),
    ),
    Concept(
        slug="erasure",
        name="Erasing a person",
        layer="security",
        what="When a member deletes their account, the modules that hold something of them hear of it and "
        "remove it. Orders stay for the books, without the person in them.",
        why="People have a right to be forgotten, and a module that must be remembered by name is one that "
        "will be left out. An event reaches them all.",
        homes=(
            Home(
                "modules/feed/reactions.py", "erase_member", "Posts, likes, follows and every count of them."
            ),
            Home("modules/store/reactions.py", "erase_buyer", "The cart, and the person in old orders."),
        ),
        spans=("feed.erase_member", "store.erase_buyer"),
        related=("events", "audit-log"),
    ),
    Concept(
        slug="webhook-signatures",
        name="Signed webhooks",
        layer="security",
        what="A payment provider calls us when something happened. Its message carries a signature made "
        "with a secret that we share, over the time and the exact bytes.",
        why="Anybody can send us a message that says an order was paid. Only the provider can sign it, and "
        "an old one that was overheard is refused for its age.",
        homes=(
            Home(
                "modules/payments/providers/http.py",
                "require_signature",
                "Compares without giving hints by time.",
            ),
            Home("modules/payments/providers/http.py", "require_fresh", "Refuses what is too old."),
            Home("modules/payments/rest.py", "webhook_route", "Where providers call."),
        ),
        spans=("payments.insert_webhook",),
        related=("webhooks", "deduplication"),
    ),
    Concept(
        slug="redaction",
        name="Secrets kept out of logs",
        layer="security",
        what="Before a log line is written, values under names like password or token are blotted out, and "
        "so is what merely looks like one inside a sentence.",
        why="Logs are copied, mailed and kept for years, and more people read them than ever see the "
        "database.",
        homes=(
            Home(
                "platform/telemetry/redaction.py",
                "redact_event",
                "Goes over the fields of a line before it is written.",
            ),
            Home("platform/telemetry/redaction.py", "_SHAPES", "What secrets look like inside text."),
        ),
        related=("structured-logs", "settings"),
    ),
    Concept(
        slug="untrusted-files",
        name="Files nobody vouches for",
        layer="security",
        what="An image that somebody uploads is opened in a process of its own with little memory and time, "
        "judged by its content, and drawn anew. What we keep is our drawing, never the file.",
        why="A file may claim a million times a million pixels, be a page with a script as well, or say "
        "where its photographer lives. None of that survives being painted again.",
        homes=(
            Home("modules/media/press/press.py", "Press", "Starts the process, and waits so long."),
            Home("modules/media/press/program.py", "_confine", "What that process may use."),
            Home("modules/media/press/program.py", "make_main", "Looks, refuses, paints."),
        ),
        related=("validation", "object-storage"),
    ),
    Concept(
        slug="spam-score",
        name="A score that learns",
        layer="security",
        what="Every new text is weighed: its words, links and the age of its account each make spam more or "
        "less likely, as moderators' earlier decisions have taught. What weighs too much waits for a person.",
        why="Nobody can read everything before it appears, and rules written once are known to spammers the "
        "day after. The reasons are kept, so that the author can be told them.",
        homes=(
            Home("modules/moderation/rules/spam.py", "score", "Adds up the evidence."),
            Home("modules/moderation/verbs/screening.py", "screen", "Holds, in the publishing transaction."),
            Home("modules/moderation/verbs/learning.py", "learn_from", "A decision becomes a lesson."),
        ),
        spans=("moderation.facts", "moderation.open_held"),
        related=("audit-log",),
    ),
)
