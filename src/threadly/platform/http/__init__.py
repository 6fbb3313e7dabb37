"""The HTTP kit: everything that is true of every request, whatever the route."""

from threadly.platform.http.application import make_application
from threadly.platform.http.conditional import etag_of, is_unchanged, kept_tag, require_match
from threadly.platform.http.csrf import SESSION_COOKIE, csrf_token
from threadly.platform.http.envelope import Failure, Listing, Pagination, Problem, Success
from threadly.platform.http.exchange import csp_nonce, exchange_of
from threadly.platform.http.pagination import CursorParameter, Cursors, LimitParameter
from threadly.platform.http.parameters import FieldsParameter, pick, select_fields

__all__ = [
    "SESSION_COOKIE",
    "CursorParameter",
    "Cursors",
    "Failure",
    "FieldsParameter",
    "LimitParameter",
    "Listing",
    "Pagination",
    "Problem",
    "Success",
    "csp_nonce",
    "csrf_token",
    "etag_of",
    "exchange_of",
    "is_unchanged",
    "kept_tag",
    "make_application",
    "pick",
    "require_match",
    "select_fields",
]
