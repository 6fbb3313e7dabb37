"""Cards of data."""

from threadly.modules.atlas.types import Concept, Home

CONCEPTS = (
    Concept(
        slug="connection-pool",
        name="Connection pool",
        layer="data",
        what="Each process opens a few connections to PostgreSQL and lends them out, one per unit of work. "
        "Who finds none free waits a little, and is refused after that.",
        why="To open a connection takes longer than most questions that are asked through it, and a "
        "database has room for a few hundred at most.",
        homes=(
            Home("platform/db/pool.py", "Database._open", "Opens a pool and says how large it may grow."),
            Home("platform/db/pool.py", "Lease", "Lends one connection for the time of a block."),
        ),
        related=("connection-reuse", "bulkhead", "row-level-security"),
    ),
    Concept(
        slug="transactions",
        name="Transactions",
        layer="data",
        what="All changes of a request are one unit: either every one of them is kept or none is. It is "
        "opened once, at the edge, and committed there.",
        why="Without it, a crash between two statements could take the stock and leave no order, or write "
        "the order and forget the payment.",
        homes=(
            Home(
                "platform/work.py",
                "Works.write",
                "Opens it, commits at the end, undoes all if anything raises.",
            ),
            Home("platform/work.py", "Work._commit", "Writes the events that came up, then commits."),
        ),
        spans=("platform.commit",),
        related=("savepoints", "deadlock-retry", "outbox"),
    ),
    Concept(
        slug="savepoints",
        name="Savepoints",
        layer="data",
        what="A mark inside a transaction to which one can go back. What happened after it is undone, what "
        "came before stays.",
        why="When one of many reactions fails, the others in the same transaction need not start again.",
        homes=(
            Home("platform/work.py", "Work.savepoint", "Sets the mark, and goes back to it on an error."),
            Home("platform/relay.py", "Relay._react_or_set_aside", "Runs each doubtful reaction behind one."),
        ),
        related=("transactions", "dead-letters"),
    ),
    Concept(
        slug="deadlock-retry",
        name="Deadlocks, run again",
        layer="data",
        what="Two transactions can each hold what the other waits for. PostgreSQL notices and aborts one of "
        "them; that one is run again from its beginning, after a short random pause.",
        why="Nobody did anything wrong, so nobody should see an error. It also means that a write must "
        "touch nothing but its transaction, since it may run twice.",
        homes=(Home("platform/work.py", "Works.attempt", "Runs a write again, a few times at most."),),
        spans=("platform.commit",),
        related=("transactions", "row-locks", "retry"),
    ),
    Concept(
        slug="row-locks",
        name="Row locks",
        layer="data",
        what="Who is about to change rows locks them first; whoever wants the same rows waits for the end "
        "of that transaction. Several are always locked in the order of their ids.",
        why="Two buyers want the last unit at the same moment. One of them comes second, finds none left "
        "and is told so; and because of the order, no two can wait for each other.",
        homes=(
            Home(
                "modules/store/repository/stock.py",
                "RESERVE",
                "Locks the variants, judges, takes all or none.",
            ),
            Home("modules/store/verbs/settling.py", "settle", "Acts on an order under its lock."),
        ),
        spans=("store.reserve", "store.lock_order"),
        related=("reservations", "deadlock-retry", "conditional-requests"),
    ),
    Concept(
        slug="constraints",
        name="Constraints",
        layer="data",
        what="The tables themselves refuse what can never be right: a negative price, more units promised "
        "than there are, a total that is not the sum of its parts.",
        why="Code has bugs, and people mend data by hand at night. What the database refuses cannot happen "
        "either way.",
        homes=(
            Home(
                "migrations/versions/0005_store.py",
                "CONSTRAINT variants_not_oversold",
                "Never more reserved than on hand.",
            ),
            Home(
                "migrations/versions/0004_payments.py",
                "CREATE UNIQUE INDEX attempts_charged_once",
                "At most one attempt of a payment succeeds.",
            ),
        ),
        related=("validation", "triggers", "double-entry"),
    ),
    Concept(
        slug="documents",
        name="Documents (JSONB)",
        layer="data",
        what="Most of what is stored has the same columns in every row. What differs from one kind of thing "
        "to the next, such as the attributes of a product, is kept as JSON in a single column.",
        why="Shoes have sizes and books have authors. With a column for each, most would be empty in most "
        "rows.",
        homes=(
            Home(
                "modules/store/rules/attributes.py",
                "check_attributes",
                "Holds them to what their category asks for.",
            ),
            Home(
                "platform/db/pool.py",
                "_prepare_connection",
                "Reads and writes such columns as Python values.",
            ),
        ),
        spans=("store.insert_product",),
        related=("constraints", "validation"),
    ),
    Concept(
        slug="indexes",
        name="Indexes",
        layer="data",
        what="An index is a sorted copy of a few columns that leads to the rows, like the one at the end of "
        "a book. A partial index holds only the rows that are ever looked for in that way.",
        why="Without one, finding ten products means reading all of them. With too many, each write has to "
        "keep them all in order, so each is there for a query that exists.",
        homes=(
            Home(
                "migrations/versions/0005_store.py",
                "CREATE INDEX products_by_price",
                "Several columns, in order.",
            ),
            Home(
                "migrations/versions/0001_platform.py",
                "CREATE INDEX outbox_waiting",
                "Only events that still wait.",
            ),
            Home("migrations/versions/0005_store.py", "CREATE INDEX products_words", "The words of a text."),
        ),
        related=("keyset-pagination", "full-text-search"),
    ),
    Concept(
        slug="full-text-search",
        name="Full-text search",
        layer="data",
        what="PostgreSQL cuts a text into words, brings them to their stem and keeps an index of them. A "
        "search finds products that use the words in any form, the best matches first.",
        why="Looking for a piece of text inside every description reads them all, and finds no towel for "
        "somebody who types towels.",
        homes=(
            Home(
                "migrations/versions/0005_store.py", "CREATE FUNCTION store.find_products", "Finds and ranks."
            ),
            Home("modules/store/repository/catalog.py", "LIST_RELEVANT", "A page of what was found."),
        ),
        spans=("store.list_relevant",),
        related=("indexes",),
    ),
    Concept(
        slug="n-plus-one",
        name="N+1 queries, avoided",
        layer="data",
        what="A list with everything that belongs to its rows, authors and counts included, is read by one "
        "statement. No code asks again for each row.",
        why="Twenty small questions take twenty trips to the database, and nobody notices while there are "
        "three rows on a laptop. So tests count the statements.",
        homes=(
            Home("modules/feed/repository/reading.py", "HOME_FEED", "Posts, authors and likes in one."),
            Home("platform/work.py", "Work._executing", "Counts the statements of a unit of work."),
        ),
        spans=("feed.home_feed",),
        related=("hybrid-feed", "published-views"),
    ),
    Concept(
        slug="triggers",
        name="Triggers",
        layer="data",
        what="Small programs inside the database that run by themselves at each change of a row: they keep "
        "the time of the last change, write the audit log and sum up a product's prices.",
        why="Such chores must happen whoever makes the change, and the one place that every change passes "
        "is the table.",
        homes=(
            Home(
                "migrations/versions/0001_platform.py",
                "CREATE FUNCTION platform.touch_updated_at()",
                "Keeps the time.",
            ),
            Home(
                "migrations/versions/0005_store.py",
                "CREATE FUNCTION store.summarize_products",
                "Keeps a product's prices and whether it is to be had.",
            ),
        ),
        related=("audit-log", "constraints", "read-models"),
    ),
    Concept(
        slug="published-views",
        name="Published views",
        layer="data",
        what="A module's tables are its own. What others may join on, it publishes as a view, and a test "
        "holds every statement to that.",
        why="So accounts can be kept in another way tomorrow, and nobody's query breaks. And no other "
        "module can ever select a password's hash, because the view has none.",
        homes=(
            Home(
                "migrations/versions/0002_identity.py",
                "CREATE VIEW identity.profiles",
                "What everybody may know of a member.",
            ),
        ),
        related=("module-boundaries", "n-plus-one"),
    ),
    Concept(
        slug="read-replicas",
        name="Read replicas",
        layer="data",
        what="Work that only reads uses a pool of its own. If a copy of the database is configured, that "
        "pool leads there; if not, both lead to the same server.",
        why="Most requests only look at something. Sending them to copies leaves the one server that can "
        "write to those who write.",
        homes=(
            Home("platform/db/pool.py", "Database.connection", "Chooses the pool."),
            Home("platform/work.py", "Works.read", "Opens work that only reads."),
        ),
        related=("read-your-writes", "connection-pool"),
    ),
    Concept(
        slug="read-your-writes",
        name="Read your writes",
        layer="data",
        what="A copy of the database may be a moment behind. So whoever has just changed something reads "
        "from the original for a few seconds.",
        why="People who save and then see the old text press save again, and report a bug.",
        homes=(
            Home(
                "platform/http/edge.py",
                "Edge._wrote_just_now",
                "Asks whether this member wrote a moment ago.",
            ),
            Home(
                "platform/http/edge.py", "Edge._remember_writing", "Notes that they did, with a short life."
            ),
        ),
        spans=("valkey EXISTS",),
        related=("read-replicas",),
    ),
    Concept(
        slug="partitioning",
        name="Partitioning",
        layer="data",
        what="The table of orders is in truth one table per month. A query for recent orders reads only the "
        "recent ones, and a daily job makes the tables of the months to come, as each start does.",
        why="A shop's orders grow without end, but its questions are nearly always about the newest. Old "
        "months then cost those nothing.",
        homes=(
            Home(
                "migrations/versions/0005_store.py",
                "CREATE FUNCTION store.add_order_partitions",
                "Makes them.",
            ),
            Home("modules/store/jobs.py", "add_partitions", "Asks for them every day."),
        ),
        spans=("store.add_partitions", "store.add_order_partitions"),
        related=("time-ordered-ids", "schedules"),
    ),
    Concept(
        slug="time-ordered-ids",
        name="Time-ordered ids (UUIDv7)",
        layer="data",
        what="Every id begins with the time at which it was made, then chance. So any process can make one "
        "alone, and to sort by id is to sort by age.",
        why="Numbers that count up have to be handed out by a single place. Ids of pure chance need none, "
        "but scatter new rows all over an index.",
        homes=(Home("platform/ids.py", "new_id", "Makes one."),),
        related=("keyset-pagination", "partitioning"),
    ),
    Concept(
        slug="migrations",
        name="Migrations",
        layer="data",
        what="The shape of the database has a version, and each step from one to the next is a file with "
        "SQL in both directions, kept beside the code.",
        why="Code and tables have to fit each other on every machine, and when a release is taken back, the "
        "way back has been tried before.",
        homes=(
            Home("migrations/running.py", "migrate_up", "Takes the steps that are missing."),
            Home("migrations/running.py", "migrate_down", "Goes back, by one step or more."),
        ),
        related=("constraints", "durable-jobs"),
    ),
    Concept(
        slug="read-models",
        name="Read models",
        layer="data",
        what="A timeline holds nothing that cannot be found in posts and follows. It is those facts put "
        "into the order in which they are read, and kept up by reactions.",
        why="One shape of data is seldom right for writing and reading at once. The copy may be a moment "
        "late, and can be made anew from the facts.",
        homes=(
            Home(
                "migrations/versions/0003_feed.py", "CREATE TABLE feed.timelines", "What a feed is read from."
            ),
            Home(
                "modules/feed/repository/timelines.py",
                "BACKFILL",
                "Fills it for somebody who begins to follow.",
            ),
        ),
        spans=("feed.backfill",),
        related=("hybrid-feed", "outbox"),
    ),
    Concept(
        slug="search-by-meaning",
        name="Search by meaning",
        layer="data",
        what="A small model turns each text into some numbers, so that texts about the same thing lie near "
        "each other. The nearest are found beside those that share words, and both lists become one by rank.",
        why="Who looks for a cordless headset would miss the wireless headphones. Ranks can be put together "
        "where scores cannot: those of words and of distances have nothing in common.",
        homes=(
            Home("modules/search/embedding.py", "WordModel", "From words to numbers."),
            Home("modules/search/verbs/finding.py", "find", "Asks both ways."),
            Home("modules/search/rules/fusing.py", "fuse", "Makes one list of two."),
        ),
        spans=("search.match_words", "search.match_meaning"),
        related=("full-text-search", "indexes", "rebuilding-beside"),
    ),
    Concept(
        slug="rebuilding-beside",
        name="Rebuilding beside",
        layer="data",
        what="A new search index is filled while the old one answers and keeps up with what happens. When it "
        "is complete, one small transaction makes it the one that is asked.",
        why="An index is changed whenever it should find better, and must not be empty meanwhile. If the "
        "building fails, nothing was lost but time.",
        homes=(
            Home("modules/search/building.py", "build", "Fills a generation, step by step."),
            Home("modules/search/building.py", "_switch", "Makes it the one in use."),
        ),
        spans=("search.begin_generation", "search.take_over"),
        related=("read-models", "search-by-meaning"),
    ),
    Concept(
        slug="object-storage",
        name="Object storage",
        layer="data",
        what="Images lie outside of the database, in files or in any store that speaks S3. Their "
        "names come from their content, so what is once at an address never changes.",
        why="A database full of pictures is slow to copy and dear to keep. And what never changes may be "
        "kept by every browser and network on the way, for a year.",
        homes=(
            Home("platform/storage/storage.py", "Storage", "Puts, gets and deletes, wherever it is."),
            Home("modules/media/rules.py", "show", "The address; signed, for what is not for everybody."),
        ),
        spans=("media.find_served",),
        related=("asset-caching", "untrusted-files"),
    ),
    Concept(
        slug="ordered-changes",
        name="Numbered changes",
        layer="data",
        what="Each change in a conversation gets the next number, in the transaction that makes it. A client "
        "says the last number that it knows, and gets all that came after, in order.",
        why="Hints get lost and connections break in the middle of a sentence. With numbers, nobody has to "
        "guess what is missing, and nothing comes twice.",
        homes=(
            Home("modules/messaging/verbs/messages.py", "list_changes", "What came after a number."),
            Home("modules/messaging/verbs/writing.py", "send_message", "Takes the next one."),
        ),
        spans=("messaging.insert_message", "messaging.list_changes"),
        related=("keyset-pagination", "websockets", "row-locks"),
    ),
)
