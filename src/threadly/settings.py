"""Every setting there is, in one frozen value read from the environment (and `.env`) at the edge.

`.env.example` explains each variable to operators; a test holds the two together.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from dotenv import dotenv_values
from msgspec import Meta

__all__ = ["BadSetting", "Settings", "read_settings", "variable_of"]

LISTS = {"trusted_proxies", "cors_origins", "alert_mail", "intercepted", "stun_urls", "turn_urls"}
_UNPREFIXED = {"database_url", "database_replica_url", "valkey_url"}

PostgresUrl = Annotated[str, Meta(pattern=r"^postgres(ql)?://.+")]
ValkeyUrl = Annotated[str, Meta(pattern=r"^(valkey|redis|rediss|unix)://.+")]
HttpUrl = Annotated[str, Meta(pattern=r"^https?://[^/\s]+$")]
# s3://bucket/prefix at Amazon, or s3+https://host/bucket/prefix anywhere else.
StorageUrl = Annotated[str, Meta(pattern=r"^(file:///.*|s3://[^/\s@]+.*|s3\+https?://[^/\s@]+/[^/\s]+.*)$")]
WebUrl = Annotated[str, Meta(pattern=r"^https?://\S+$")]
MailAddress = Annotated[str, Meta(pattern=r"^[^@\s,]+@[^@\s,]+$", max_length=254)]
# For what everybody may read: no name and password before the host.
PublicUrl = Annotated[str, Meta(pattern=r"^https?://[^\s@]+$")]
StunUrl = Annotated[str, Meta(pattern=r"^stuns?:[^\s,]+$")]
TurnUrl = Annotated[str, Meta(pattern=r"^turns?:[^\s,]+$")]
Count = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(gt=0)]


class BadSetting(Exception):
    """A missing or bad value; the message is one line that names the variable."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """See `.env.example` for what each means. Passed on whole; nobody reads the environment elsewhere."""

    # Where the data is. Unset means: the embedded servers, under `home`.
    database_url: PostgresUrl | None = None
    database_replica_url: PostgresUrl | None = None
    owner_database_url: PostgresUrl | None = None
    valkey_url: ValkeyUrl | None = None
    home: Path = Path(".threadly")
    postgres_bin: Path | None = None
    valkey_bin: Path | None = None

    # Who and where we are.
    env: Literal["development", "production"] = "development"
    demo: bool = False
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8000
    base_url: HttpUrl | None = None
    secret_key: Annotated[str, Meta(min_length=32)] | None = None
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: tuple[HttpUrl, ...] = ()

    # Size.
    server: Literal["granian", "uvicorn"] = "granian"
    workers: Count = 1
    db_pool_size: Count = 10
    max_in_flight: Count = 512
    max_body_bytes: Count = 1_048_576
    request_timeout_s: Seconds = 15.0
    rate_limit_factor: Annotated[float, Meta(gt=0)] = 1.0
    feed_pull_threshold: Count = 10_000

    # Images and files. Unset means: they lie under `home`, and are served by ourselves.
    storage_url: StorageUrl | None = None
    storage_access_key: str | None = None
    storage_secret_key: str | None = None
    storage_region: str = "us-east-1"
    media_base_url: HttpUrl | None = None
    media_quota_mib: Count = 512
    media_file_mib: Annotated[int, Meta(ge=1, le=1024)] = 25

    # Mail. Unset means: nothing leaves, and /dev/mailbox shows what would have.
    smtp_url: Annotated[str, Meta(pattern=r"^smtps?://.+")] | None = None
    smtp_timeout_s: Seconds = 20.0
    mail_from: str = "Threadly <no-reply@localhost>"
    bounce_secret: Annotated[str, Meta(min_length=16)] | None = None

    # Payments. A provider without its key is not offered; `threadly up` sets the Sandbox's.
    sandbox_url: HttpUrl | None = None
    sandbox_key: str | None = None
    stripe_secret_key: str | None = None
    stripe_publishable_key: str | None = None
    stripe_webhook_secret: str | None = None
    paypal_client_id: str | None = None
    paypal_secret: str | None = None
    paypal_webhook_id: str | None = None
    paypal_url: HttpUrl = "https://api-m.paypal.com"

    # Whom an order is told to, besides the buyer's mail.
    warehouse_url: WebUrl | None = None
    warehouse_secret: str | None = None
    sms_url: WebUrl | None = None
    sms_token: str | None = None

    # Web push. Tests have the push service on this machine.
    push_private: bool = False

    # Calls: where browsers learn their own address, and what relays where they cannot reach each other.
    stun_urls: tuple[StunUrl, ...] = ()
    turn_urls: tuple[TurnUrl, ...] = ()
    turn_secret: str | None = None

    # Seeing.
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"
    otlp_endpoint: HttpUrl | None = None
    traces: bool = True
    trace_sample: Annotated[float, Meta(ge=0, le=1)] = 0.01
    trace_slow_ms: Count = 500
    trace_store_mib: Count = 256
    trace_keep_hours: Count = 72
    source_url: PublicUrl | None = None
    log_keep_hours: Count = 72
    log_keep_lines: Count = 200_000
    prices: Path | None = None
    worker_metrics_port: Annotated[int, Meta(ge=1, le=65535)] | None = None
    metrics_token: Annotated[str, Meta(min_length=16)] | None = None

    # Who is told when an objective is in danger, or something waits for an operator.
    objectives: Path | None = None
    alert_mail: tuple[MailAddress, ...] = ()
    alert_webhook_url: WebUrl | None = None
    alert_webhook_secret: str | None = None

    # Faults on purpose; `threadly up` says what it has put a proxy in front of.
    experiments: bool = False
    intercepted: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Names only what cannot hold a secret: addresses may carry passwords."""
        shown = ("env", "home", "host", "port", "server", "workers", "log_level")
        return f"Settings({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)}, …)"

    @property
    def public_url(self) -> str:
        """The address that people use, without a trailing slash."""
        return self.base_url or f"http://{self.host}:{self.port}"

    @property
    def secure_cookies(self) -> bool:
        return self.public_url.startswith("https://")


def variable_of(field: str) -> str:
    """The environment variable that sets `field`."""
    return field.upper() if field in _UNPREFIXED else f"THREADLY_{field.upper()}"


def read_settings(
    environ: Mapping[str, str] | None = None, *, dotenv: Path | None = Path(".env")
) -> Settings:
    """Settings from `environ` (the process's by default), which wins over the file `dotenv`.

    Raises BadSetting with one line naming the variable. An empty value counts as unset.
    """
    found: dict[str, str | None] = dict(dotenv_values(dotenv)) if dotenv and dotenv.is_file() else {}
    found |= os.environ if environ is None else environ
    _refuse_unknown(found)
    raw = {field: value for field in Settings.__struct_fields__ if (value := found.get(variable_of(field)))}
    settings = _convert(raw)
    if settings.env == "production" and not settings.secret_key:
        raise BadSetting("THREADLY_SECRET_KEY is missing: production needs 32 characters or more.")
    if settings.env == "production" and not settings.base_url:
        raise BadSetting("THREADLY_BASE_URL is missing: production needs it for links in mail.")
    if settings.env == "production" and settings.demo:
        raise BadSetting("THREADLY_DEMO is not for production: there everybody may start experiments.")
    return settings


def _refuse_unknown(found: Mapping[str, str | None]) -> None:
    known = {variable_of(field) for field in Settings.__struct_fields__}
    for name in sorted(found):
        if name.startswith("THREADLY_") and name not in known:
            raise BadSetting(f"{name} is not a setting of Threadly; .env.example lists them all.")


def _convert(raw: Mapping[str, str]) -> Settings:
    values: dict[str, object] = {}
    for field, annotation in _field_types().items():
        if field not in raw:
            continue
        text: object = raw[field]
        if field in LISTS:
            text = [part.strip() for part in raw[field].split(",") if part.strip()]
        try:
            values[field] = msgspec.convert(text, annotation, strict=False, dec_hook=_decode_path)
        except msgspec.ValidationError as error:
            # msgspec's sentence may quote nothing of the value, so secrets stay secret.
            raise BadSetting(f"{variable_of(field)} is not valid: {error}.") from None
    return Settings(**values)  # type: ignore[arg-type]  # each value was converted to its own field's type above


def _field_types() -> dict[str, object]:
    return {field.name: field.type for field in msgspec.structs.fields(Settings)}


def _decode_path(_expected: type, value: object) -> Path:
    """The one type among the fields that msgspec does not know."""
    return Path(str(value)).expanduser()
