"""Every value the environment may change, read once when the process starts, and loud when it is wrong."""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent
DEVELOPMENT_SECRET = "daybook-development-secret-never-use-in-production"  # noqa: S105
PROVIDERS = ("github", "jira", "google", "slack", "notion", "linear")

List = Annotated[tuple[str, ...], NoDecode]
"""Items separated by commas."""


class Settings(BaseSettings):
    """What an operator can change. Names are those of the environment variables, in capitals."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", frozen=True,
        hide_input_in_errors=True,  # the input holds the secrets
    )

    # -- where and how it runs
    daybook_env: Literal["development", "production"] = "development"
    var_dir: Path = ROOT / "var"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = Field(default_factory=lambda set_: f"http://127.0.0.1:{set_['port']}")
    web_workers: int = 2
    web_threads: int = 16
    web_greenlets: bool = True
    live_sockets: int = Field(default=3000, ge=1)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    trusted_proxies: int = Field(default=0, ge=0, le=5)

    # -- what it stands on
    database_url: str = Field(default_factory=lambda set_: f"sqlite:///{set_['var_dir'].absolute()}/daybook.sqlite3")
    valkey_port: int = Field(default=6390, ge=1, le=65535)
    redis_url: str = Field(default_factory=lambda set_: f"redis://127.0.0.1:{set_['valkey_port']}/0")
    broker_url: str = ""
    sandbox_smtp_port: int = Field(default=9125, ge=1, le=65535)
    smtp_url: str = Field(default_factory=lambda set_: f"smtp://127.0.0.1:{set_['sandbox_smtp_port']}")
    mail_from: str = "Daybook <no-reply@daybook.example>"

    # -- secrets: the newest first; older ones are still read, never written
    secret_key: List = (DEVELOPMENT_SECRET,)
    encryption_keys: List = ()

    # -- accounts
    access_seconds_tymblok: int = 900
    access_seconds: int = 3600
    refresh_days: int = 30
    refresh_grace_seconds: int = 10
    argon2_profile: Literal["standard", "test"] = "standard"
    refused_passwords: List = ()
    rate_limits: bool = True

    # -- what may be reached or returned to
    allowed_redirect_uris: List = ("tymblok://auth/callback", "tymblok://")
    webhook_allowed_hosts: List = ()
    webhook_retry_scale: float = Field(default=1.0, gt=0)

    # -- work away from the request
    sync_minutes: int = Field(default=10, ge=1)
    sync_request_seconds: float = 20.0
    sync_concurrency: int = Field(default=4, ge=1)
    tick_seconds: float = Field(default=2.0, gt=0)
    summary_hour: int = Field(default=20, ge=0, le=23)
    focus_run_hours: int = 12
    idle_minutes: int = Field(default=45, ge=1)
    puzzle_sessions_per_day: int = 3

    # -- providers
    sandbox_url: str = "http://127.0.0.1:9100"
    github_client_id: str = ""
    github_client_secret: SecretStr = SecretStr("")
    github_api_url: str = "https://api.github.com"
    github_authorize_url: str = "https://github.com/login/oauth/authorize"
    github_token_url: str = "https://github.com/login/oauth/access_token"  # noqa: S105
    github_webhook_secret: SecretStr = SecretStr("")
    jira_client_id: str = ""
    jira_client_secret: SecretStr = SecretStr("")
    jira_api_url: str = "https://api.atlassian.com"
    jira_authorize_url: str = "https://auth.atlassian.com/authorize"
    jira_token_url: str = "https://auth.atlassian.com/oauth/token"  # noqa: S105
    jira_webhook_secret: SecretStr = SecretStr("")
    google_client_id: str = ""
    google_client_secret: SecretStr = SecretStr("")
    google_api_url: str = "https://www.googleapis.com"
    google_authorize_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    google_token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105
    google_webhook_secret: SecretStr = SecretStr("")
    slack_client_id: str = ""
    slack_client_secret: SecretStr = SecretStr("")
    slack_api_url: str = "https://slack.com/api/"
    slack_authorize_url: str = "https://slack.com/oauth/v2/authorize"
    slack_token_url: str = "https://slack.com/api/oauth.v2.access"  # noqa: S105
    slack_webhook_secret: SecretStr = SecretStr("")
    notion_client_id: str = ""
    notion_client_secret: SecretStr = SecretStr("")
    notion_api_url: str = "https://api.notion.com"
    notion_authorize_url: str = "https://api.notion.com/v1/oauth/authorize"
    notion_token_url: str = "https://api.notion.com/v1/oauth/token"  # noqa: S105
    notion_webhook_secret: SecretStr = SecretStr("")
    linear_client_id: str = ""
    linear_client_secret: SecretStr = SecretStr("")
    linear_api_url: str = "https://api.linear.app"
    linear_authorize_url: str = "https://linear.app/oauth/authorize"
    linear_token_url: str = "https://api.linear.app/oauth/token"  # noqa: S105
    linear_webhook_secret: SecretStr = SecretStr("")
    stripe_api_url: str = "https://api.stripe.com"
    stripe_secret_key: SecretStr = SecretStr("")
    stripe_webhook_secret: SecretStr = SecretStr("")
    stripe_price_monthly: str = ""
    stripe_price_yearly: str = ""

    @field_validator(
        "secret_key", "encryption_keys", "allowed_redirect_uris", "webhook_allowed_hosts", "refused_passwords",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_redirect_uris")
    @classmethod
    def _refuse_whole_web(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for address in value:
            scheme, _, rest = address.partition("://")
            if not rest and scheme.lower() in ("http", "https", "javascript", "data", "file", ""):
                raise ValueError(f"{address} would allow every address")
        return value

    @model_validator(mode="after")
    def _refuse_weak_production(self) -> Settings:
        if not self.secret_key:
            raise ValueError("SECRET_KEY is empty")
        if self.production:
            for key in self.secret_key:
                if key == DEVELOPMENT_SECRET or len(key) < 32:
                    raise ValueError("SECRET_KEY must be set in production, each key at least 32 characters long")
            if not self.encryption_keys:
                raise ValueError("ENCRYPTION_KEYS must be set in production (Fernet keys, the newest first)")
            if self.argon2_profile != "standard":
                raise ValueError("ARGON2_PROFILE may not be changed in production")
            if not self.public_url.startswith("https://"):
                raise ValueError("PUBLIC_URL must begin with https:// in production")
        for key in self.encryption_keys:
            try:
                usable = len(base64.urlsafe_b64decode(key)) == 32
            except ValueError:
                usable = False
            if not usable:
                raise ValueError("ENCRYPTION_KEYS must hold Fernet keys (32 bytes in URL-safe base64)")
        return self

    @property
    def production(self) -> bool:
        return self.daybook_env == "production"

    @property
    def on_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")

    @property
    def serves_with_greenlets(self) -> bool:
        """A greenlet that yields inside SQLite's BEGIN IMMEDIATE would stop its whole process."""
        return self.web_greenlets and not self.on_sqlite

    @property
    def embeds_redis(self) -> bool:
        """Whether `cli.py up` starts the Redis-compatible server itself: where nobody named another."""
        return "redis_url" not in self.model_fields_set

    @property
    def catches_mail(self) -> bool:
        """Whether mail goes to the sandbox's SMTP server: in development, where nobody named another."""
        return not self.production and "smtp_url" not in self.model_fields_set

    @property
    def broker(self) -> str:
        """Where Celery's messages go: RabbitMQ where `BROKER_URL` says so, else Redis."""
        return self.broker_url or self.redis_url

    @property
    def fernet_keys(self) -> tuple[str, ...]:
        """The keys that seal provider credentials. Development derives one from `SECRET_KEY`."""
        if self.encryption_keys:
            return self.encryption_keys
        return tuple(
            base64.urlsafe_b64encode(hashlib.sha256(b"daybook-seal:" + key.encode()).digest()).decode()
            for key in self.secret_key
        )

    def sandboxed(self, provider: str) -> bool:
        """Whether a provider is played by the sandbox: in development, where it has no client of its own."""
        if provider == "stripe":
            return not self.production and not self.stripe_secret_key.get_secret_value()
        return not self.production and not getattr(self, f"{provider}_client_id")


def read_again() -> Settings:
    """What the file that SETTINGS_FILE names holds by now, in the place of what the environment was at the start.

    A process's environment cannot be changed from outside, so this is how a reload of the web learns of a new key.
    Where the new settings are wrong the old ones stay.
    """
    global settings
    file = os.environ.get("SETTINGS_FILE")
    if file and Path(file).is_file():
        before = dict(os.environ)
        os.environ.update({name: value or "" for name, value in dotenv_values(file, interpolate=False).items()})
        try:
            settings = read()
        except SystemExit as mistakes:
            sys.stderr.write(f"{mistakes}\nThe settings of before stay.\n")
            os.environ.clear()
            os.environ.update(before)
    return settings


def read() -> Settings:
    """The settings of this process; it ends with one line for each mistake where they are wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [
            ": ".join([*(str(part).upper() for part in each["loc"]), each["msg"].removeprefix("Value error, ")])
            for each in error.errors(include_url=False)
            if each["type"] != "default_factory_not_called"  # follows from another mistake
        ]
        raise SystemExit("Daybook cannot start with these settings:\n  " + "\n  ".join(wrong)) from None


settings = read()
