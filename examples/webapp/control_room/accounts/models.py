# SPDX-License-Identifier: BSD-3-Clause
"""What goes in and out of the accounts' routes."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, EmailStr, Field

from ..callers import Role
from ..texts import PlainText

State = Literal["active", "pending", "disabled"]


def _sayable(text: str) -> str:
    text.encode()  # half a surrogate pair has no bytes: UnicodeEncodeError is a ValueError
    return text


def _mailable(address: str) -> str:
    if not address.partition("@")[0].isascii():
        raise ValueError("must have plain letters before the @: most mail servers take no others")
    return address.lower()


Username = Annotated[
    str, Field(min_length=2, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", examples=["anna"])
]
Password = Annotated[
    str, Field(min_length=10, max_length=256, examples=["a long enough passphrase"]), AfterValidator(_sayable)
]
Email = Annotated[EmailStr, Field(max_length=254, examples=["anna@example.org"]), AfterValidator(_mailable)]
Given = Annotated[str, Field(max_length=256), AfterValidator(_sayable)]  # a password as somebody typed it
Id = Annotated[int, Field(ge=1, le=2**31 - 1)]


class UserOut(BaseModel):
    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {
                "id": 7,
                "username": "anna",
                "email": "anna@example.org",
                "role": "observer",
                "state": "active",
                "must_change_password": False,
                "created_at": "2026-01-15T20:00:00Z",
                "last_seen_at": None,
            }
        },
    )
    id: int
    username: str
    email: str | None
    role: Role
    state: State
    must_change_password: bool
    created_at: datetime
    last_seen_at: datetime | None


class Tokens(BaseModel):
    access_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int = Field(description="seconds")
    user: UserOut


class Registration(BaseModel):
    username: Username
    email: Email
    password: Password


class Login(BaseModel):
    username: Annotated[PlainText, Field(max_length=254, description="the name or the e-mail", examples=["anna"])]
    password: Given = Field(examples=["a long enough passphrase"])


class Guest(BaseModel):
    username: Username


class PasswordChange(BaseModel):
    old: Given
    new: Password


class ResetRequest(BaseModel):
    email: Email


class ResetConfirmation(BaseModel):
    token: Annotated[PlainText, Field(max_length=128, description="from the link of the mail")]
    password: Password


class Ways(BaseModel):
    """How one may come in."""

    registration: Literal["open", "admitted", "closed"]
    guests: bool
    oidc: bool
    oidc_name: str
    mail: bool = Field(description="whether a forgotten password can be reset by mail")


class UserChange(BaseModel):
    role: Role | None = None
    state: Literal["active", "disabled"] | None = None


class KeyRequest(BaseModel):
    name: Annotated[PlainText, Field(min_length=1, max_length=40, examples=["temperature sensor"])]
    role: Role = Field(examples=["operator"])
    module: Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9._-]*$", examples=["temp-sensor-01"])] = ""
    expires_at: AwareDatetime | None = None


class Key(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    user_id: int
    name: str
    role: Role
    module: str = Field(description="when not empty: posts as this module and no other")
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class NewKey(Key):
    key: str = Field(description="shown now and never again", examples=["cr_..."])
