"""What an operator may set: documented in full, read as written, refused where it is weak."""

import itertools
import re

import pytest
from pydantic import ValidationError

from settings import DEVELOPMENT_SECRET, ROOT, Settings

FERNET_KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SOUND = {
    "DAYBOOK_ENV": "production",
    "SECRET_KEY": "k" * 48,
    "ENCRYPTION_KEYS": FERNET_KEY,
    "PUBLIC_URL": "https://daybook.example",
}


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """Sets the environment to exactly the given settings, with no .env file, and reads it."""

    def read(**values: str) -> Settings:
        for name in Settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)
        return Settings(_env_file=None)

    return read


def documented() -> dict[str, tuple[str, str]]:
    """The settings of .env.example: name -> (explanation, default shown)."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = {}
    for before, line in itertools.pairwise(lines):
        if match := re.fullmatch(r"#([A-Z][A-Z0-9_]*)=(.*)", line):
            found[match[1]] = (before, match[2])
    return found


def test_every_setting_is_documented_and_every_documented_setting_exists():
    assert set(documented()) == {name.upper() for name in Settings.model_fields}


def test_every_documented_setting_is_explained():
    for name, (explanation, _) in documented().items():
        assert re.match(r"# \w.{5,}", explanation), name


def test_the_defaults_shown_are_the_defaults(environment):
    defaults = environment()
    shown = {name: value for name, (_, value) in documented().items() if value and name != "VAR_DIR"}
    assert len(shown) > 20
    again = environment(**shown)
    for name in shown:
        assert getattr(again, name.lower()) == getattr(defaults, name.lower()), name


def test_an_empty_value_means_the_default(environment):
    defaults = environment()
    assert environment(**dict.fromkeys(documented(), "")) == defaults


def test_lists_are_split_by_commas(environment):
    read = environment(WEBHOOK_ALLOWED_HOSTS="127.0.0.1:8765, hooks.local:80 ,", ALLOWED_REDIRECT_URIS="a://b,c://d")
    assert read.webhook_allowed_hosts == ("127.0.0.1:8765", "hooks.local:80")
    assert read.allowed_redirect_uris == ("a://b", "c://d")


def test_addresses_follow_the_ports(environment):
    read = environment(PORT="8100", VALKEY_PORT="6400", SANDBOX_SMTP_PORT="9200", VAR_DIR="/srv/daybook")
    assert read.public_url == "http://127.0.0.1:8100"
    assert read.redis_url == "redis://127.0.0.1:6400/0"
    assert read.smtp_url == "smtp://127.0.0.1:9200"
    assert read.database_url == "sqlite:////srv/daybook/daybook.sqlite3"


def test_a_redis_that_was_named_is_not_embedded(environment):
    assert environment().embeds_redis
    assert not environment(REDIS_URL="redis://127.0.0.1:6390/0").embeds_redis


def test_development_starts_with_nothing_set(environment):
    read = environment()
    assert not read.production
    assert read.sandboxed("github")
    assert len(read.fernet_keys) == 1


def test_production_starts_with_sound_secrets_and_has_no_sandbox(environment):
    read = environment(**SOUND)
    assert read.production
    assert not read.sandboxed("github")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", DEVELOPMENT_SECRET),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", f"{'k' * 48},short"),
        ("ENCRYPTION_KEYS", ""),
        ("ENCRYPTION_KEYS", "not a key"),
        ("ENCRYPTION_KEYS", "c2hvcnQ="),
        ("ARGON2_PROFILE", "test"),
        ("PUBLIC_URL", "http://daybook.example"),
        ("PUBLIC_URL", ""),
    ],
)
def test_production_refuses_what_is_weak_and_names_it(environment, name, value):
    with pytest.raises(ValidationError, match=name):
        environment(**SOUND | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("LOG_LEVEL", "LOUD"),
        ("DAYBOOK_ENV", "staging"),
        ("TRUSTED_PROXIES", "-1"),
    ],
)
def test_a_wrong_value_is_refused_by_name(environment, name, value):
    with pytest.raises(ValidationError) as refused:
        environment(**{name: value})
    assert (name.lower(),) in [error["loc"] for error in refused.value.errors()]


def test_a_refusal_never_shows_a_secret(environment):
    with pytest.raises(ValidationError) as refused:
        environment(**SOUND | {"SECRET_KEY": "my-little-secret", "GITHUB_CLIENT_SECRET": "hush-hush"})
    assert "my-little-secret" not in str(refused.value)
    assert "hush-hush" not in str(refused.value)
