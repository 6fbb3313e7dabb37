"""Payments: money taken and given back through providers that nobody else knows, and the ledger of it.

A payment is begun in a Work, collected by the `Cashier` outside of any, and decided in a Work again,
together with the ledger. Whatever is left undecided is a row with a time, which a worker takes up.
"""

from threadly.modules.payments.approving import Approval, begin_approval
from threadly.modules.payments.cashier import Cashier, cashier_of, close_cashier, use_cashier
from threadly.modules.payments.errors import (
    AuthenticationRequired,
    CardDeclined,
    CardExpired,
    DiscrepancyMissing,
    InsufficientFunds,
    MethodInvalid,
    MethodUnavailable,
    NotRefundable,
    PaymentMissing,
    ProviderAway,
    RefundTooLarge,
    SplitUneven,
    declined,
)
from threadly.modules.payments.events import (
    EVENTS,
    PaymentAbandoned,
    PaymentDeclined,
    PaymentSaved,
    PaymentSucceeded,
    RefundFailed,
    RefundRequested,
    RefundSucceeded,
    WebhookReceived,
)
from threadly.modules.payments.jobs import request_reconciliation
from threadly.modules.payments.providers.configured import is_configured, list_methods
from threadly.modules.payments.providers.interface import ProviderError
from threadly.modules.payments.reconciling import reconcile
from threadly.modules.payments.types import (
    Attempt,
    Balance,
    Discrepancy,
    LedgerEntry,
    LedgerTransaction,
    Method,
    Offer,
    Payment,
    PaymentState,
    ProviderName,
    Reconciliation,
    Refund,
    Split,
)
from threadly.modules.payments.verbs.ledger import ledger_balances, list_ledger, post_ledger
from threadly.modules.payments.verbs.payments import (
    abandon_payment,
    begin_payment,
    find_payment,
    get_payment,
    list_attempts,
    list_succeeded,
    lock_payment,
)
from threadly.modules.payments.verbs.reconciliations import (
    list_discrepancies,
    list_reconciliations,
    settle_discrepancy,
)
from threadly.modules.payments.verbs.refunds import list_refunds, request_refund
from threadly.modules.payments.verbs.turn import Turn

__all__ = [
    "EVENTS",
    "Approval",
    "Attempt",
    "AuthenticationRequired",
    "Balance",
    "CardDeclined",
    "CardExpired",
    "Cashier",
    "Discrepancy",
    "DiscrepancyMissing",
    "InsufficientFunds",
    "LedgerEntry",
    "LedgerTransaction",
    "Method",
    "MethodInvalid",
    "MethodUnavailable",
    "NotRefundable",
    "Offer",
    "Payment",
    "PaymentAbandoned",
    "PaymentDeclined",
    "PaymentMissing",
    "PaymentSaved",
    "PaymentState",
    "PaymentSucceeded",
    "ProviderAway",
    "ProviderError",
    "ProviderName",
    "Reconciliation",
    "Refund",
    "RefundFailed",
    "RefundRequested",
    "RefundSucceeded",
    "RefundTooLarge",
    "Split",
    "SplitUneven",
    "Turn",
    "WebhookReceived",
    "abandon_payment",
    "begin_approval",
    "begin_payment",
    "cashier_of",
    "close_cashier",
    "declined",
    "find_payment",
    "get_payment",
    "is_configured",
    "ledger_balances",
    "list_attempts",
    "list_discrepancies",
    "list_ledger",
    "list_methods",
    "list_reconciliations",
    "list_refunds",
    "list_succeeded",
    "lock_payment",
    "post_ledger",
    "reconcile",
    "request_reconciliation",
    "request_refund",
    "settle_discrepancy",
    "use_cashier",
]
