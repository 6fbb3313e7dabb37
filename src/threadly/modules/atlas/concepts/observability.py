"""Cards of observability."""

from threadly.modules.atlas.types import Concept, Home

CONCEPTS = (
    Concept(
        slug="structured-logs",
        name="Structured logs",
        layer="observability",
        what="A log line is a set of named values, not a sentence. Each carries the request, the trace, the "
        "community and the member that it belongs to.",
        why="So one can ask for all lines of one order on all machines. Sentences would first have to be "
        "taken apart again.",
        homes=(
            Home(
                "platform/telemetry/logging.py",
                "configure_logging",
                "Readable in a terminal, JSON elsewhere.",
            ),
            Home("platform/telemetry/logging.py", "_add_trail", "Adds the ids to every line."),
            Home("modules/admin/verbs/searching.py", "search_log", "One list of lines and traces."),
            Home("platform/http/front.py", "_record", "The one line of each request."),
        ),
        related=("trace-ids", "redaction", "metrics"),
    ),
    Concept(
        slug="metrics",
        name="Metrics",
        layer="observability",
        what="Numbers that are cheap to keep: counters only grow, gauges are read at a moment, histograms "
        "sort durations into ranges. All processes add up to one answer.",
        why="An average hides the one in a hundred who waited ten seconds. The ranges of a histogram show "
        "them, and can be added up over machines.",
        homes=(
            Home("platform/telemetry/metrics.py", "observe_request", "Sorts a request into its range."),
            Home("platform/telemetry/metrics.py", "watch", "A gauge that is read when somebody asks."),
            Home("platform/telemetry/metrics.py", "render_metrics", "What /metrics answers."),
        ),
        related=("traces", "structured-logs", "load-shedding"),
    ),
    Concept(
        slug="trace-ids",
        name="Trace and request ids",
        layer="observability",
        what="Each request gets a number that stands in its answer, in every log line and on the error "
        "page. Who calls us with a trace of their own has it continued.",
        why="A visitor can quote that number, and the one who looks into it finds exactly that request "
        "among millions.",
        homes=(
            Home("platform/telemetry/trail.py", "Trail", "The ids, in one small object."),
            Home("platform/http/front.py", "_begin", "Takes them from the request, or makes them."),
        ),
        spans=("request",),
        related=("traces", "structured-logs", "error-kinds"),
    ),
    Concept(
        slug="traces",
        name="Traces",
        layer="observability",
        what="A trace is the story of one request as nested stretches of time: the request, each statement, "
        "each call. It goes on in the reactions and jobs that the request caused, in other processes.",
        why="That something took seven seconds is easy to see. Where they went can only be said by what was "
        "measured at each step.",
        homes=(
            Home("platform/telemetry/spans.py", "Span", "One stretch, for two millionths of a second."),
            Home("platform/telemetry/keeper.py", "Keeper._reason", "What makes a trace worth keeping."),
            Home(
                "platform/telemetry/tracing.py", "continue_trace", "Goes on with a trace in another process."
            ),
            Home("platform/relay.py", "Relay._react", "A reaction, as part of the trace that caused it."),
        ),
        spans=("request", "platform.commit"),
        related=("trace-ids", "metrics", "events"),
    ),
    Concept(
        slug="doctor",
        name="Examining an installation",
        layer="observability",
        what="A command that looks at everything an installation needs, from the version of PostgreSQL to "
        "events that wait too long, and says for each what is wrong and how to mend it.",
        why="Most trouble with running a system is known trouble. It is kinder to name it than to let "
        "everybody find it in the logs.",
        homes=(
            Home("doctor.py", "findings", "All that is looked at."),
            Home("doctor.py", "_role", "Whether the database's role can get around the policies."),
        ),
        related=("health-checks", "row-level-security", "dead-letters"),
    ),
    Concept(
        slug="error-budget",
        name="Objectives and error budgets",
        layer="observability",
        what="A file says what is promised: of a hundred reads of the feed, ninety-nine are answered within "
        "a tenth of a second. Each process counts what was good. The one that may be bad is the budget, and "
        "its burn rate is how fast it is being spent.",
        why="Without a number, whether it is slow is a matter of opinion. With one it can be seen when to "
        "stop building and mend, and when there is nothing to mend.",
        homes=(
            Home("modules/admin/objectives.py", "read_objectives", "Reads the file, or refuses it."),
            Home("modules/admin/meter.py", "Meter.observe", "Counts each request and reaction."),
            Home("modules/admin/rules/burning.py", "burn_rate", "1 spends the budget exactly in time."),
            Home("modules/admin/verbs/books.py", "compare_books", "Orders are counted from the books."),
        ),
        related=("alerts", "metrics", "traces"),
    ),
    Concept(
        slug="alerts",
        name="Alerts",
        layer="observability",
        what="Once a minute a worker looks whether a budget burns too fast, over an hour and in the last "
        "five minutes, and whether something waits for an operator. It tells people once, with a page that "
        "says what to do, and once more when it is over.",
        why="Otherwise members are the first to notice. And who is woken for every single error soon hears "
        "none: the long window says that it matters, the short one that it still goes on.",
        homes=(
            Home("modules/admin/rules/burning.py", "burning", "Both windows must burn."),
            Home("modules/admin/rules/alerting.py", "advance", "Fires, is told once, is over by itself."),
            Home("modules/admin/verbs/evaluating.py", "take_turn", "Of all workers one looks."),
            Home("modules/admin/telling.py", "tell", "Mail and webhook, by durable jobs."),
        ),
        spans=("admin.mail_alerts", "admin.post_alerts"),
        related=("error-budget", "dead-letters", "durable-jobs"),
    ),
    Concept(
        slug="profiling",
        name="Profiling",
        layer="observability",
        what="A thread of the running process notes a hundred times a second which functions the other "
        "threads are in. Drawn as a flame graph, the widest bar is where the time goes.",
        why="Guesses about slow code are usually wrong. A look at the real thing, under real load, costs ten "
        "seconds and settles it.",
        homes=(
            Home("platform/telemetry/profiler.py", "sample_stacks", "Looks at the threads."),
            Home("modules/admin/attending.py", "attending", "The process hears that it is asked."),
            Home("modules/admin/rules/flames.py", "draw_flames", "Lays the drawing out."),
        ),
        related=("metrics", "traces", "cost-of-a-request"),
    ),
    Concept(
        slug="cost-of-a-request",
        name="Cost of a request",
        layer="observability",
        what="Processor time, statements, round trips to the cache and calls of providers are added up by "
        "route, and a price table turns them into money.",
        why="What is dear shows before the invoice comes, with the route that causes it. A page that is "
        "cheap but loaded a million times is found as well.",
        homes=(
            Home("platform/telemetry/costing.py", "Meter", "Adds up, at each request."),
            Home("modules/admin/rules/pricing.py", "price_costs", "Turns it into money."),
        ),
        related=("metrics", "profiling"),
    ),
)
