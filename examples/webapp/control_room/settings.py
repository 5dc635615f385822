# SPDX-License-Identifier: BSD-3-Clause
"""What may be set, by environment (CONTROL_ROOM_...) and by a TOML file that CONTROL_ROOM_SETTINGS names."""

import os
from email.errors import HeaderParseError
from email.headerregistry import Address
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

RoleName = Literal["guest", "observer", "operator", "curator", "admin"]
Listed = Annotated[list[str], NoDecode]  # "a, b" in the environment


class WrongSetting(ValueError):
    """Found when it is used; the text says what to do."""


class Settings(BaseSettings):
    """Secrets are SecretStr, so that no log shows them."""

    model_config = SettingsConfigDict(env_prefix="CONTROL_ROOM_", extra="forbid")

    site: Path = Field(description="site file of the observatory")
    folder: Path = Field(Path("control-room"), description="database, keys and products of this control room")
    database: SecretStr | None = Field(None, description="SQLAlchemy URL; without it SQLite in `folder`")
    host: str = Field("127.0.0.1", description="address to listen on; others than loopback belong behind TLS")
    port: int = Field(8000, ge=0, le=65535, description="to listen on")
    address: str = Field("", description="as people reach it, for links in mails; empty: http://host:port")
    secret: SecretStr | None = Field(
        None, description="signs tokens and links; without it one is made and kept in `folder`"
    )
    trusted: Listed = Field(
        ["127.0.0.0/8", "::1/128"], description="addresses that need no token for telemetry and modules"
    )
    trusted_role: RoleName = Field("operator", description="as which they act there")
    proxies: Listed = Field([], description="addresses whose X-Forwarded-For and -Proto are believed")
    origins: Listed = Field(["http://localhost:4200"], description="pages of other sites that may ask (CORS)")
    registration: Literal["open", "admitted", "closed"] = Field(
        "admitted", description="open: at once an observer; admitted: an admin says so first"
    )
    guests: bool = Field(True, description="whether one may come in by a name alone, to watch")
    access_minutes: float = Field(15.0, gt=0, le=1440, description="how long an access token works")
    refresh_days: float = Field(30.0, gt=0, le=365, description="after so long without a visit one signs in again")
    refresh_leeway_s: float = Field(
        5.0, ge=0, le=60, description="a refresh token used twice within this is refused and no more: two tabs at once"
    )
    requests_per_minute: float = Field(6000.0, gt=0, description="of one address, to any route")
    attempts: int = Field(10, ge=1, description="failed sign-ins of one name from one address in five minutes")
    client_body_s: float = Field(30.0, gt=0, description="a request's body, or an answer's part, takes no longer")
    client_headers_s: float = Field(10.0, gt=0, description="a request's headers take no longer")
    link_minutes: float = Field(60.0, gt=0, description="how long a signed link to a file works")
    control_minutes: float = Field(10.0, gt=0, description="how long who drives may be silent")
    most_connections: int = Field(1000, ge=1, description="of the live socket")
    buffer: int = Field(200, ge=0, description="recent messages that a new client of the live socket gets first")
    client_queue: int = Field(1000, ge=1, description="messages that wait for one client before it is thinned")
    client_patience_s: float = Field(30.0, gt=0, description="how long a client may not read before it is dropped")
    kept_messages: int = Field(
        100_000, ge=1, description="messages of the stream that are no points, in the history; points all stay"
    )
    kept_frames: int = Field(20, ge=1, le=1000, description="pictures of each camera module")
    alarm_mails: Listed = Field([], description="who is told of alarms by mail")
    module_interval_s: float = Field(60.0, gt=0, description="silent for three times this a module is stale")
    command_expiry_s: float = Field(300.0, gt=0, description="of commands to modules that poll")
    most_body_mb: float = Field(16.0, gt=0, description="of one request")
    smtp_host: str = Field("", description="without it no mails are sent")
    smtp_port: int = Field(587, ge=1, le=65535, description="of the mail server")
    smtp_tls: Literal["none", "starttls", "tls"] = Field("starttls", description="how the way there is encrypted")
    smtp_user: str = Field("", description="with it and smtp_password we sign in there")
    smtp_password: SecretStr | None = Field(None, description="of smtp_user")
    mail_from: str = Field("control-room@localhost", description="the sender's address")
    mail_retry_s: float = Field(10.0, gt=0, description="one that did not go waits so long; doubled each time")
    oidc_issuer: str = Field("", description="OpenID Connect: the provider's address; empty: none")
    oidc_name: str = Field("OpenID", description="what the button says: sign in with ...")
    oidc_client_id: str = Field("", description="what the provider calls us")
    oidc_client_secret: SecretStr | None = Field(None, description="and its proof")
    sentry_dsn: SecretStr | None = Field(None, description="where errors are reported to (Sentry's protocol)")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="of the server's log")
    hub: bool = Field(
        True, description="whether this process keeps the history and watches alarms: one of those that share a store"
    )
    queue: bool = Field(True, description="whether this process may carry out the observing queue")
    lease_s: float = Field(
        10.0, ge=1, le=600, description="an instance that was silent so long no longer observes: another does"
    )

    @field_validator("trusted", "proxies", "origins", "alarm_mails", mode="before")
    @classmethod
    def split(cls, given: object) -> object:
        return [part.strip() for part in given.split(",") if part.strip()] if isinstance(given, str) else given

    @field_validator("trusted", "proxies")
    @classmethod
    def are_networks(cls, given: list[str]) -> list[str]:
        for each in given:
            ip_network(each, strict=False)  # ValueError names it
        return given

    @field_validator("mail_from")
    @classmethod
    def is_address(cls, given: str) -> str:
        try:
            Address(addr_spec=given)
        except (ValueError, IndexError, HeaderParseError):
            raise ValueError("must be an address such as dish@example.org") from None
        return given

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get("CONTROL_ROOM_SETTINGS")
        if not file:
            return init_settings, env_settings
        if not Path(file).is_file():
            raise FileNotFoundError(
                f"CONTROL_ROOM_SETTINGS names {file}, which is not there: name a TOML file or unset it"
            )
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))

    @classmethod
    def unknown(cls) -> list[str]:
        """Of the environment: what looks like a setting and is none. pydantic would not say."""
        known = {f"CONTROL_ROOM_{name.upper()}" for name in cls.model_fields} | {"CONTROL_ROOM_SETTINGS"}
        ours = (name for name in os.environ if name.upper().startswith("CONTROL_ROOM_"))
        return sorted(name for name in ours if name.upper() not in known)

    @property
    def database_url(self) -> str:
        if self.database is not None:
            given = self.database.get_secret_value()
            kind, _, rest = given.partition("://")
            return f"postgresql+psycopg://{rest}" if kind in ("postgresql", "postgres") else given
        return f"sqlite:///{(self.folder / 'control-room.db').resolve()}"

    @property
    def public_address(self) -> str:
        return (self.address or f"http://{self.host}:{self.port}").rstrip("/")
