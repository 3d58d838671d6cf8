"""Settings of one process, from the environment (``DUTYLINE_…``)."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.keys import Keyring, Purpose, make_or_read_secret_key


class MissingSecretKey(Exception):
    """Outside the embedded set-up nothing starts without a secret key."""


class UnusableSetting(SystemExit):
    """A setting that nothing could work with. It ends the process with a sentence, which does not repeat the value, for
    that may hold a password."""


class Settings(BaseSettings):
    """Every setting has a default that fits the embedded set-up, except the ones that only an operator can know."""

    model_config = SettingsConfigDict(env_prefix="DUTYLINE_", extra="ignore")

    data_dir: Path = Path("data")
    database_url: str | None = None
    public_url: str = "http://127.0.0.1:8080"
    recordings_url: str | None = None
    temporal_address: str = "127.0.0.1:7233"
    temporal_namespace: str = "default"
    temporal_api_key: str | None = None
    temporal_tls_cert: Path | None = None
    temporal_tls_key: Path | None = None
    temporal_tls_ca: Path | None = None
    temporal_tls_server_name: str | None = None
    temporal_ui_url: str | None = None
    secret_key: Annotated[list[str], NoDecode] = []
    build_id: str | None = None
    bootstrap_token: str | None = None
    smtp_url: str | None = None
    smtp_from: str = "dutyline@localhost"
    #: private networks that rooms, webhooks and calendars may be in; what is public is always reached
    egress_allow: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    #: events that each integration may send to one process; no limit unless set
    push_events_per_minute: Annotated[int, Field(gt=0)] | None = None
    #: how long an api that is stopped goes on answering for the calls that it has on the line
    drain_seconds: float = 60.0
    log_level: str = "INFO"
    log_format: str = "console"
    #: how the processes were started; set by ``dutyline up``
    embedded: bool = False
    demo: bool = False

    @field_validator("secret_key", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        return _parts(value) if isinstance(value, str) else value

    @field_validator("egress_allow", mode="before")
    @classmethod
    def _read_networks(cls, value: object) -> object:
        return tuple(_network(part) for part in _parts(value)) if isinstance(value, str) else value

    @field_validator("public_url", mode="after")
    @classmethod
    def _without_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("smtp_url", mode="after")
    @classmethod
    def _require_smtp_address(cls, value: str | None) -> str | None:
        """Here, at the start, rather than when the first alert is to be sent."""
        if value and not _is_smtp_address(value):
            raise UnusableSetting(
                "DUTYLINE_SMTP_URL cannot be used. It must look like smtp://user:password@host:587 or "
                "smtps://user:password@host:465; ?starttls=required or ?starttls=never may follow smtp://."
            )
        return value

    @property
    def database(self) -> str:
        """The database's address; SQLite in the data folder when none is set."""
        return self.database_url or f"sqlite+aiosqlite:///{self.data_dir / 'dutyline.db'}"

    def secret_keys(self) -> list[str]:
        """The operator's keys, or, embedded only, the one kept in the data folder."""
        if self.secret_key:
            return self.secret_key
        if not self.embedded:
            raise MissingSecretKey(
                "DUTYLINE_SECRET_KEY is not set. Make one with: "
                "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        return [make_or_read_secret_key(self.data_dir / "secret.key")]

    def keyring(self, purpose: Purpose) -> Keyring:
        return Keyring(self.secret_keys(), purpose)


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError:
        raise UnusableSetting(
            f"DUTYLINE_EGRESS_ALLOW cannot be used: “{text}” is no network. "
            "It must be networks separated by commas, like 10.20.0.0/16,fd12:3456::/32."
        ) from None


def _is_smtp_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number, or the host no address
        return False
    knows_starttls = parse_qs(parts.query).get("starttls") in (None, ["required"], ["never"])
    return has_host and (parts.scheme == "smtps" or (parts.scheme == "smtp" and knows_starttls))
