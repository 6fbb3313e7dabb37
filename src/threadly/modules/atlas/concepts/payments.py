"""Cards of payments and the checkout."""

from threadly.modules.atlas.types import Concept, Home

CONCEPTS = (
    Concept(
        slug="saga",
        name="Saga",
        layer="payments",
        what="A checkout cannot be one transaction, since the provider is not in our database. It is three "
        "steps: take everything and write the order, charge, record what became of it. Each step is kept in "
        "rows before the next begins.",
        why="Between any two steps a process may die. What has been written down is enough for another to "
        "finish or to undo.",
        homes=(
            Home("modules/store/checkout.py", "check_out", "The three steps, where the buyer waits."),
            Home("modules/store/verbs/checkout.py", "begin_checkout", "The first step."),
            Home("modules/store/verbs/settling.py", "settle", "The last, in the transaction of the outcome."),
        ),
        spans=("store.claim_checkout", "store.insert_order", "payments.start_attempt", "store.settle_order"),
        related=("compensation", "payment-in-doubt", "reservations"),
    ),
    Concept(
        slug="compensation",
        name="Compensation",
        layer="payments",
        what="What cannot be rolled back is made good by its opposite. When an order comes to nothing, gift "
        "cards, coupons and stock are given back, in the reverse order of taking, in one transaction.",
        why="A declined card must not leave a coupon spent or a unit reserved for nobody.",
        homes=(
            Home("modules/store/verbs/settling.py", "cancel_open", "Gives back all that was held."),
            Home(
                "modules/store/verbs/settling.py", "refund_cancelled", "Money that comes too late goes back."
            ),
        ),
        spans=("store.return_to_gift_cards", "store.return_coupons", "store.release", "store.free_cart"),
        related=("saga", "reservations"),
    ),
    Concept(
        slug="reservations",
        name="Reservations",
        layer="payments",
        what="At the start of a checkout the units are set aside for the order until a certain time. If it "
        "is paid they are sold; if it is not, they go back.",
        why="Nobody should pay for what somebody else has just bought, and nobody should be able to block "
        "the shop by never paying.",
        homes=(
            Home("modules/store/verbs/stock.py", "reserve", "All lines, or none."),
            Home("modules/store/verbs/stock.py", "consume", "What was set aside is sold."),
            Home("modules/store/jobs.py", "release_expired", "What was held too long goes back."),
        ),
        spans=("store.reserve", "store.consume", "store.release_expired"),
        related=("row-locks", "constraints", "compensation"),
    ),
    Concept(
        slug="payment-in-doubt",
        name="Payments in doubt",
        layer="payments",
        what="Each attempt to charge is a row before it is a call, and its id is the key under which the "
        "provider knows it. If no answer comes, the attempt is asked about or repeated under that same key, "
        "never begun anew.",
        why="A call that timed out may still have charged the card. To guess either way is wrong: one loses "
        "the order, the other charges twice.",
        homes=(
            Home(
                "modules/payments/cashier.py",
                "_Drive._call",
                "Asks, repeats or cancels, under the attempt's key.",
            ),
            Home(
                "modules/payments/cashier.py", "_Drive._save_in_doubt", "Leaves it, with a time, to a worker."
            ),
            Home("modules/payments/jobs.py", "resume", "Goes on where somebody stopped."),
        ),
        spans=("payments.start_attempt", "payments.doubt_attempt", "payments.resume"),
        related=("idempotency-key", "leases", "fallback"),
    ),
    Concept(
        slug="double-entry",
        name="Double-entry ledger",
        layer="payments",
        what="Every movement of money is written twice, where it comes from and where it goes, so that the "
        "sum is nought. Entries are only ever added; a mistake is corrected by a further entry.",
        why="A balance alone cannot say how it came about. And what does not sum to nought is refused by "
        "the database at the commit, whoever wrote it.",
        homes=(
            Home("modules/payments/rules.py", "charge_entries", "What a charge means to the accounts."),
            Home("modules/payments/repository/ledger.py", "POST", "Writes each source once."),
            Home(
                "migrations/versions/0004_payments.py",
                "CREATE FUNCTION payments.require_balance()",
                "Refuses what does not balance.",
            ),
        ),
        spans=("payments.post",),
        related=("reconciliation", "constraints", "money"),
    ),
    Concept(
        slug="reconciliation",
        name="Reconciliation",
        layer="payments",
        what="Every day the provider's account is compared with our ledger, movement by movement. What we "
        "had not heard of is mended; what cannot be explained is listed until a person has settled it.",
        why="Two systems that both keep books will differ one day. It is better to find it the next morning "
        "than at the end of the year.",
        homes=(
            Home("modules/payments/reconciling.py", "reconcile", "The provider's account against ours."),
            Home("modules/payments/comparing.py", "compare", "What counts as a difference."),
            Home(
                "modules/store/verbs/auditing.py",
                "list_order_discrepancies",
                "Orders against payments and stock.",
            ),
        ),
        spans=("payments.reconcile_all", "payments.insert_discrepancies"),
        related=("double-entry", "schedules"),
    ),
    Concept(
        slug="webhooks",
        name="Webhooks",
        layer="payments",
        what="A provider calls us when a payment is decided. The message is stored as it came and answered "
        "at once; a reaction works it off afterwards, in the database only.",
        why="Such messages come twice, late, out of order or not at all. Stored under the provider's own "
        "id, a second copy does nothing, and nothing depends on their coming.",
        homes=(
            Home("modules/payments/verbs/webhooks.py", "receive_webhook", "Keeps it, once."),
            Home(
                "modules/payments/verbs/webhooks.py",
                "handle_webhook",
                "Records what it says, if that is news.",
            ),
            Home(
                "modules/store/warehouse.py",
                "post_order",
                "The other direction: we call a warehouse, signed.",
            ),
        ),
        spans=("payments.insert_webhook", "payments.record_webhook"),
        related=("webhook-signatures", "deduplication", "payment-in-doubt"),
    ),
    Concept(
        slug="money",
        name="Money as whole numbers",
        layer="payments",
        what="An amount is a number of cents and a currency, in one type. Two currencies cannot be added by "
        "mistake, and a sum that is split is split so that the parts make up the whole.",
        why="Most decimal fractions do not exist in a computer's floating-point numbers. The cent that goes "
        "missing is never found again.",
        homes=(
            Home("platform/money.py", "Money", "The one type."),
            Home("platform/money.py", "apportion", "Splits a sum and loses nothing."),
        ),
        related=("double-entry", "validation"),
    ),
    Concept(
        slug="state-machine",
        name="State machine",
        layer="payments",
        what="An order is in exactly one state, and a table says which may follow which. Every step is "
        "noted with its reason.",
        why="Without the table, somebody will one day send what was refunded, because two buttons were "
        "pressed at the same time.",
        homes=(
            Home(
                "modules/store/rules/orders.py",
                "require_transition",
                "Refuses a step that the table has not.",
            ),
            Home("modules/store/verbs/orders.py", "move_order", "Takes the step and notes why."),
        ),
        spans=("store.move_order", "store.note_order_history"),
        related=("saga", "row-locks"),
    ),
)
