"""Settings: read once, refused by name, never printed with a secret in them."""

import re
from pathlib import Path

import pytest

from threadly.settings import BadSetting, Settings, read_settings, variable_of

ROOT = Path(__file__).parent.parent
PRODUCTION = {
    "THREADLY_ENV": "production",
    "THREADLY_SECRET_KEY": "x" * 32,
    "THREADLY_BASE_URL": "https://a.example",
}


def test_the_environment_wins_over_the_file_and_an_empty_value_counts_as_unset(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("THREADLY_PORT=9001\nTHREADLY_WORKERS=3\nTHREADLY_LOG_LEVEL=\n")
    settings = read_settings({"THREADLY_PORT": "9002"}, dotenv=dotenv)
    assert (settings.port, settings.workers, settings.log_level) == (9002, 3, "info")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"THREADLY_PORT": "eighty"}, "THREADLY_PORT"),
        ({"THREADLY_PORT": "65536"}, "THREADLY_PORT"),
        ({"DATABASE_URL": "mysql://db"}, "DATABASE_URL"),
        ({"VALKEY_URL": "http://cache"}, "VALKEY_URL"),
        ({"THREADLY_ENV": "staging"}, "THREADLY_ENV"),
        ({"THREADLY_RATE_LIMIT_FACTOR": "0"}, "THREADLY_RATE_LIMIT_FACTOR"),
        ({"THREADLY_CORS_ORIGINS": "https://a.example, b.example"}, "THREADLY_CORS_ORIGINS"),
        ({"THREADLY_SOURCE_URL": "https://me:hunter2@host.example/code"}, "THREADLY_SOURCE_URL"),
        ({"THREADLY_PROT": "8000"}, "THREADLY_PROT"),
        ({"THREADLY_ENV": "production", "THREADLY_BASE_URL": "https://a.example"}, "THREADLY_SECRET_KEY"),
        ({"THREADLY_ENV": "production", "THREADLY_SECRET_KEY": "x" * 32}, "THREADLY_BASE_URL"),
        ({**PRODUCTION, "THREADLY_DEMO": "true"}, "THREADLY_DEMO"),
        ({"THREADLY_METRICS_TOKEN": "short"}, "THREADLY_METRICS_TOKEN"),
    ],
)
def test_a_bad_or_missing_value_is_refused_in_one_line_that_names_it(
    environ: dict[str, str], named: str
) -> None:
    with pytest.raises(BadSetting) as refused:
        read_settings(environ, dotenv=None)
    assert str(refused.value).startswith(named)
    assert "\n" not in str(refused.value)


def test_a_refused_secret_is_not_repeated() -> None:
    with pytest.raises(BadSetting) as refused:
        read_settings({"THREADLY_SECRET_KEY": "too short"}, dotenv=None)
    assert "too short" not in str(refused.value)


def test_printing_the_settings_shows_no_secret() -> None:
    settings = Settings(
        secret_key="s" * 40,
        database_url="postgresql://threadly_app:hunter2@db/threadly",
        valkey_url="redis://:hunter2@cache",
        smtp_url="smtp://me:hunter2@mail",
    )
    assert "hunter2" not in repr(settings)
    assert "ssss" not in repr(settings)


def test_env_example_lists_every_setting_and_nothing_else() -> None:
    listed = re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(variable_of(field) for field in Settings.__struct_fields__)


def test_the_defaults_in_env_example_are_the_defaults() -> None:
    lines = re.findall(r"^#(THREADLY_[A-Z_]+)=(.+)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    examples = {"THREADLY_OWNER_DATABASE_URL", "THREADLY_POSTGRES_BIN", "THREADLY_VALKEY_BIN"} | {
        "THREADLY_BASE_URL",
        "THREADLY_SMTP_URL",
        "THREADLY_OTLP_ENDPOINT",
        "THREADLY_PRICES",
        "THREADLY_SANDBOX_URL",
        "THREADLY_WAREHOUSE_URL",
        "THREADLY_SMS_URL",
        "THREADLY_SOURCE_URL",
        "THREADLY_STORAGE_URL",
        "THREADLY_MEDIA_BASE_URL",
        "THREADLY_STUN_URLS",
        "THREADLY_TURN_URLS",
    }
    assert read_settings({name: value for name, value in lines if name not in examples}) == Settings()
