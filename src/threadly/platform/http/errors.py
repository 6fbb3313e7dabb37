"""Turns whatever was raised into the one answer that the caller should see, and the log line for us."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import ClientException, HTTPException, MethodNotAllowedException, ValidationException
from litestar.types import Empty, ExceptionHandlersMap
from litestar.utils.scope.state import ScopeState

from threadly.platform.errors import FieldProblem, Kind, Refusal, invalid_fields
from threadly.platform.http.envelope import Failure, Problem
from threadly.platform.http.exchange import exchange_of
from threadly.platform.http.refusals import (
    BodyMissing,
    BodyTooLarge,
    BrokenUtf8,
    MalformedBody,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    UnsupportedMediaType,
    status_of,
)
from threadly.platform.http.validation import choices_in, problem_from, problems_in

__all__ = ["Answers", "AnyRequest", "RenderErrorPage", "wants_page"]

AnyRequest: TypeAlias = Request[Any, Any, Any]
# (request, status, code, message, trace_id) -> the page that a person sees
RenderErrorPage: TypeAlias = Callable[[AnyRequest, int, str, str, str], Response[Any]]

BUG_CODE = "server.error"
BUG_MESSAGE = "Something went wrong on our side. It has been recorded; please try again."
RETRY_AFTER_S = 5

_log = structlog.get_logger()
_encode = msgspec.json.Encoder().encode
_BY_STATUS: Mapping[int, type[Refusal]] = {404: NotFound, 413: BodyTooLarge, 415: UnsupportedMediaType}


class Answers:
    """Answers for refusals, for Litestar's own exceptions and for bugs: JSON under /api, else a page."""

    def __init__(self, render_error_page: RenderErrorPage) -> None:
        self._render_error_page = render_error_page

    @property
    def handlers(self) -> ExceptionHandlersMap:
        return {Refusal: self.to_refusal, HTTPException: self.to_http_exception, Exception: self.to_bug}

    def to_refusal(self, request: AnyRequest, refusal: Refusal) -> Response[Any]:
        status = status_of(refusal)
        if status >= 500:
            _log.warning("unavailable", code=refusal.code, cause=repr(refusal.__cause__))
        headers = _headers_for(refusal)
        _note(request, refusal)
        return self._answer(request, status, refusal, headers)

    def to_http_exception(self, request: AnyRequest, error: HTTPException) -> Response[Any]:
        if error.status_code >= 500:
            return self.to_bug(request, error)
        answer = self.to_refusal(request, _refusal_from(request, error))
        for name, value in (error.headers or {}).items():
            answer.headers.setdefault(name, value)
        return answer

    def to_bug(self, request: AnyRequest, error: Exception) -> Response[Any]:
        if refusal := _unreadable(request, error):
            return self.to_refusal(request, refusal)
        _note(request, error)
        _log.error("bug", method=request.method, path=request.scope["path"], exc_info=error)
        return self._answer(request, 500, _Bug(), {})

    def _answer(
        self, request: AnyRequest, status: int, refusal: Refusal, headers: Mapping[str, str]
    ) -> Response[Any]:
        trace_id = exchange_of(request.scope).trail.trace_id
        if wants_page(request):
            answer = self._render_error_page(request, status, refusal.code, refusal.message, trace_id)
            answer.status_code = status
        else:
            answer = Response(_failure(refusal, trace_id), status_code=status, media_type="application/json")
        answer.headers.update(headers)
        return answer


def _note(request: AnyRequest, error: Exception) -> None:
    """On the request's own span, for who looks at its trace."""
    recording = exchange_of(request.scope).trail.recording
    if recording is not None and recording.spans:
        recording.spans[0].fail(error)


class _Bug(Refusal):
    code = BUG_CODE
    kind = Kind.UNAVAILABLE
    message = BUG_MESSAGE


def wants_page(request: AnyRequest) -> bool:
    """Whether a person looks at the answer in a browser."""
    if request.scope["path"].startswith("/api/"):
        return False
    headers = exchange_of(request.scope).headers
    return b"text/html" in headers.get(b"accept", b"") or b"hx-request" in headers


def _failure(refusal: Refusal, trace_id: str) -> bytes:
    problem = Problem(
        code=refusal.code,
        message=refusal.message,
        field=refusal.field,
        details=refusal.details,
        trace_id=trace_id,
    )
    return _encode(Failure(error=problem))


def _headers_for(refusal: Refusal) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if refusal.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = "Bearer"
    retry_after_s = refusal.retry_after_s or (RETRY_AFTER_S if refusal.kind is Kind.UNAVAILABLE else None)
    if retry_after_s:
        headers["Retry-After"] = str(retry_after_s)
    return headers


def _refusal_from(request: AnyRequest, error: HTTPException) -> Refusal:
    if isinstance(error, ValidationException):
        return _invalid(request, error)
    if refusal := _unreadable(request, error):
        return refusal
    if isinstance(error, MethodNotAllowedException):
        allowed = (error.headers or {}).get("allow", "")
        return MethodNotAllowed(f"This address does not take {request.method}, only {allowed}.")
    known = _BY_STATUS.get(error.status_code, MalformedBody)
    return known()


def _unreadable(request: AnyRequest, error: Exception) -> Refusal | None:
    """What is wrong with a body that arrived but could not be decoded; None if that is not what failed."""
    state = ScopeState.from_scope(request.scope)
    if not state.body or state.body is Empty or state.json is not Empty or state.form is not Empty:
        return None
    if isinstance(error, UnicodeDecodeError):
        return BrokenUtf8()
    if isinstance(error, RecursionError):
        return MalformedJson("The JSON in the body is nested too deeply.")
    if isinstance(error, ClientException) and error.status_code == 400:
        detail = error.detail.removeprefix("JSON is malformed: ").rstrip(".")
        return MalformedJson(f"The body is not valid JSON: {detail}.")
    return None


def _invalid(request: AnyRequest, error: ValidationException) -> Refusal:
    extra = error.extra if isinstance(error.extra, list) else []
    problems = [
        _parameter_problem(request, each)
        for each in extra
        if each.get("key", "data") != "data" and not _in_body(each)
    ]
    if missing := _missing_parameter(error.detail):
        problems.append(
            FieldProblem(field=missing, code="input.required", message="This parameter is required.")
        )
    if any(each.get("key") == "data" or _in_body(each) for each in extra):
        body = _body_problems(request)
        if isinstance(body, Refusal):
            return body
        problems += body
    return invalid_fields(problems) if problems else MalformedBody()


def _in_body(each: Mapping[str, str]) -> bool:
    return each.get("source") == "body"


def _parameter_problem(request: AnyRequest, each: Mapping[str, str]) -> FieldProblem:
    name = each.get("key", "")
    declared = request.route_handler.parsed_fn_signature.parameters.get(name)
    return problem_from(
        name, each.get("message", ""), choices=choices_in(declared.annotation) if declared else ()
    )


def _missing_parameter(detail: str) -> str | None:
    """Litestar names it in its sentence only: "Missing required query parameter 'q' for …"."""
    if not detail.startswith("Missing required "):
        return None
    return detail.split("'")[1] if detail.count("'") >= 2 else quote(detail)


def _body_problems(request: AnyRequest) -> list[FieldProblem] | Refusal:
    """Litestar keeps the decoded body beside the scope, and nothing public leads there from a handler."""
    state = ScopeState.from_scope(request.scope)
    body = state.json if state.json is not Empty else state.form
    if body is Empty:
        return BodyMissing()
    if not isinstance(body, dict):
        return MalformedBody("The body must be a JSON object.")
    field = request.route_handler.parsed_data_field
    return (
        problems_in(body, field.annotation, decoder=request.route_handler.default_deserializer)
        if field
        else []
    )
