# SPDX-License-Identifier: BSD-3-Clause
"""What may be set, by environment (CONTROL_ROOM_...) and by a TOML file that CONTROL_ROOM_SETTINGS names."""

import os
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


class Settings(BaseSettings):
    """Secrets are SecretStr, so that no log shows them."""

    model_config = SettingsConfigDict(env_prefix="CONTROL_ROOM_", extra="forbid")

    site: Path = Field(description="site file of the observatory")
    folder: Path = Field(Path("control-room"), description="database, keys and products of this control room")
    database: SecretStr | None = Field(None, description="SQLAlchemy URL; without it SQLite in `folder`")
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    address: str = Field("", description="as people reach it, for links in mails; empty: http://host:port")
    secret: SecretStr | None = Field(
        None, description="signs tokens and links; without it one is made and kept in `folder`"
    )
    trusted: Listed = Field(
        ["127.0.0.0/8", "::1/128"], description="addresses whose modules and telemetry need no token"
    )
    trusted_role: RoleName = Field(
        "operator", description="as which trusted addresses act on the routes of contracts 2 and 3"
    )
    proxies: Listed = Field([], description="addresses whose X-Forwarded-For and -Proto are believed")
    origins: Listed = Field(["http://localhost:4200"], description="CORS: pages of other origins that may ask")
    registration: Literal["open", "admitted", "closed"] = Field(
        "admitted", description="open: at once an observer; admitted: an admin says so first"
    )
    access_minutes: float = Field(15.0, gt=0, le=1440)
    refresh_days: float = Field(30.0, gt=0, le=365)
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
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_tls: Literal["none", "starttls", "tls"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    mail_from: str = "control-room@localhost"
    oidc_issuer: str = Field("", description="OpenID Connect: the provider's address; empty: none")
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr | None = None
    sentry_dsn: SecretStr | None = Field(None, description="where errors are reported to (Sentry's protocol)")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    hub: bool = Field(
        True, description="whether this process keeps the history and watches alarms: one of those that share a store"
    )
    queue: bool = Field(True, description="whether this process may carry out the observing queue")

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

    @property
    def database_url(self) -> str:
        if self.database is not None:
            return self.database.get_secret_value()
        return f"sqlite:///{(self.folder / 'control-room.db').resolve()}"

    @property
    def public_address(self) -> str:
        return (self.address or f"http://{self.host}:{self.port}").rstrip("/")
