"""What only HTTP can refuse, and the one table from kinds of refusals to status codes."""

from typing import ClassVar

from threadly.platform.errors import Kind, Refusal

__all__ = [
    "STATUS",
    "BodyMissing",
    "BodyTooLarge",
    "BrokenUtf8",
    "CsrfMissing",
    "Disconnected",
    "HttpRefusal",
    "IdempotencyKeyReused",
    "InvalidCursor",
    "MalformedBody",
    "MalformedHost",
    "MalformedJson",
    "MethodNotAllowed",
    "NotFound",
    "Overloaded",
    "PreconditionFailed",
    "PreconditionRequired",
    "TimeLimitReached",
    "UnknownParameter",
    "UnsupportedMediaType",
    "status_of",
]

STATUS = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.DENIED: 403,
    Kind.MISSING: 404,
    Kind.CONFLICT: 409,
    Kind.GONE: 410,
    Kind.LIMITED: 429,
    Kind.UNAVAILABLE: 503,
}


def status_of(refusal: Refusal) -> int:
    own = refusal.status if isinstance(refusal, HttpRefusal) else None
    return own or STATUS[refusal.kind]


class HttpRefusal(Refusal):
    """A refusal that has a meaning in HTTP only; `status` where the kind's own is not precise enough."""

    kind: ClassVar[Kind] = Kind.INVALID
    status: ClassVar[int | None] = None


class MalformedJson(HttpRefusal):
    code = "http.malformed_json"
    message = "The body is not valid JSON."


class MalformedBody(HttpRefusal):
    code = "http.malformed_body"
    message = "The request could not be understood."


class BodyMissing(HttpRefusal):
    code = "http.body_missing"
    message = "This request needs a body."


class BrokenUtf8(HttpRefusal):
    code = "http.broken_utf8"
    message = "The request contains bytes that are not valid UTF-8 text."


class Disconnected(HttpRefusal):
    """Nobody reads this answer; it ends the request without being mistaken for a bug."""

    code = "http.disconnected"
    message = "The connection was closed before the whole request had arrived."


class MalformedHost(HttpRefusal):
    code = "http.malformed_host"
    message = "The Host header is not a name or an address, with a port perhaps."


class UnknownParameter(HttpRefusal):
    code = "http.unknown_parameter"
    message = "There is no such query parameter here."


class InvalidCursor(HttpRefusal):
    code = "http.invalid_cursor"
    message = "This cursor does not belong to this list. Leave `cursor` out to start from the first page."
    field = "cursor"


class NotFound(HttpRefusal):
    code = "http.not_found"
    kind = Kind.MISSING
    message = "There is nothing at this address."


class MethodNotAllowed(HttpRefusal):
    code = "http.method_not_allowed"
    status = 405
    message = "This address does not take that method."


class PreconditionFailed(HttpRefusal):
    code = "http.precondition_failed"
    status = 412
    message = "It has changed since you read it. Read it again, then repeat your change."


class BodyTooLarge(HttpRefusal):
    code = "http.body_too_large"
    status = 413
    message = "The body is larger than this address accepts."


class UnsupportedMediaType(HttpRefusal):
    code = "http.unsupported_media_type"
    status = 415
    message = "Send the body as application/json."


class IdempotencyKeyReused(HttpRefusal):
    code = "http.idempotency_key_reused"
    status = 422
    message = "This Idempotency-Key was used before with another body. Use a new key for a new request."
    field = "Idempotency-Key"


class PreconditionRequired(HttpRefusal):
    code = "http.precondition_required"
    status = 428
    message = "Send If-Match with the ETag you read, so that no other change is overwritten."
    field = "If-Match"


class CsrfMissing(HttpRefusal):
    code = "http.csrf_missing"
    kind = Kind.DENIED
    message = "This form has expired or came from another site. Reload the page and try again."


class Overloaded(HttpRefusal):
    code = "http.overloaded"
    kind = Kind.UNAVAILABLE
    message = "Too many requests are being served at this moment. Please try again shortly."
    retry_after_s = 1


class TimeLimitReached(HttpRefusal):
    code = "http.time_limit"
    kind = Kind.UNAVAILABLE
    message = "This took too long and was stopped. Please try again shortly."
    retry_after_s = 5
