# SPDX-License-Identifier: BSD-3-Clause
"""Contract 4: requests as they come and as they are kept, and what they are in libastro."""

import unicodedata
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import astro
from pydantic import BaseModel, ConfigDict, EmailStr, Field, field_validator

from ..texts import PlainText

BANDWIDTHS_MHZ = (1.5, 1.75, 2.5, 2.75, 3.0, 3.84, 5.5, 6.0, 7.0, 8.75, 10.0, 12.0, 14.0, 20.0, 28.0)
LONGEST_LOAD_S = 20.0
MOST_SPECTRA = 3600  # of one request: a long one is stored in longer spectra


class Status(StrEnum):
    pending = "PENDING"
    in_progress = "IN_PROGRESS"
    completed = "COMPLETED"
    failed = "FAILED"
    cancelled = "CANCELLED"


ENDED = (Status.completed, Status.failed, Status.cancelled)

STATUS_OF = {  # of the queue's states: contracts' section 6
    "waiting": Status.pending,
    "running": Status.in_progress,
    "done": Status.completed,
    "failed": Status.failed,
    "impossible": Status.failed,
    "cancelled": Status.cancelled,
}

Kind = Literal["TARGET_OBSERVATION", "HOT_CALIBRATION", "COLD_CALIBRATION"]
Frame = Literal["TOPO", "GEO", "BARY", "HELIO", "LSRK"]


def _quantity(title: str, unit: str, says: str, **more: Any) -> Any:
    """A number with its name and unit, which the form shows."""
    return Field(title=title, description=says, json_schema_extra={"unit": unit}, allow_inf_nan=False, **more)


def _one_line(text: str) -> str:
    if any(unicodedata.category(each) in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp") for each in text):
        raise ValueError("control characters and ends of lines cannot stand here")
    return text


class Asked(BaseModel):
    """What somebody wishes to have observed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"target_name": "Perseus arm", "ra": 6.3, "dec": 62.7, "integration_time": 60.0}]
        }
    )

    target_name: Annotated[
        PlainText | None,
        Field(
            title="Target name",
            max_length=200,
            description="for people; without it: named after the observation",
        ),
    ] = None
    ra: Annotated[float, _quantity("Right ascension", "deg", "ICRS", ge=0, le=360)]
    dec: Annotated[float, _quantity("Declination", "deg", "ICRS", ge=-90, le=90)]
    center_frequency: Annotated[
        float,
        _quantity(
            "Centre frequency",
            "MHz",
            "of the band: 1420, 1670, 22000, or what a receiver can be tuned to",
            gt=0,
            le=1e6,
        ),
    ] = 1420.0
    bandwidth: Annotated[
        float,
        Field(
            title="Bandwidth",
            description="of the band; it is the sample rate",
            json_schema_extra={"unit": "MHz", "enum": list(BANDWIDTHS_MHZ)},
        ),
    ] = 1.5
    velocity_frame: Annotated[Frame, Field(title="Velocity frame", description="in which velocities are told")] = "LSRK"
    observation_type: Annotated[Kind, Field(title="Observation", description="of a target, or of the loads alone")] = (
        "TARGET_OBSERVATION"
    )
    fft_size: Annotated[int, Field(title="Channels", ge=2, le=1_048_576, description="of the spectrum")] = 1024
    integration_time: Annotated[
        float, _quantity("Integration time", "s", "on the target", gt=0, le=1e6, examples=[60.0])
    ]
    planned_start: Annotated[datetime | None, Field(title="Not before", description="UTC without an offset")] = None
    output_filename: Annotated[
        PlainText | None,
        Field(title="Name of its files", max_length=100, description="without folder; without it: the target's name"),
    ] = None
    receive_csv: Annotated[bool, Field(title="CSV as well", description="besides FITS")] = False
    perform_data_analysis: Annotated[bool, Field(title="Reduce it", description="at its end")] = True

    @field_validator("bandwidth")
    @classmethod
    def is_a_filter(cls, given: float) -> float:
        if given not in BANDWIDTHS_MHZ:
            raise ValueError(f"bandwidth is one of {', '.join(f'{each:g}' for each in BANDWIDTHS_MHZ)} MHz")
        return given

    @field_validator("target_name", "output_filename")
    @classmethod
    def is_plain_text(cls, given: str | None) -> str | None:
        return _one_line(given).strip() or None if given is not None else None

    @field_validator("output_filename")
    @classmethod
    def is_no_path(cls, given: str | None) -> str | None:
        if given is not None and (given.startswith(".") or any(each in given for each in '/\\:*?"<>|')):
            raise ValueError("a file's name has no folder, does not begin with a dot, and none of / \\ : * ? \" < > |")
        return given

    @field_validator("planned_start")
    @classmethod
    def is_a_time_that_can_be(cls, given: datetime | None) -> datetime | None:
        if given is None:
            return None
        if not 1970 < given.year < 2200:
            raise ValueError("planned_start is a time between 1971 and 2199")
        return given if given.tzinfo is not None else given.replace(tzinfo=UTC)


class Requestor(BaseModel):
    """A guest, who has no account."""

    user_id: PlainText = Field(max_length=80)
    username: PlainText = Field(min_length=1, max_length=60)
    email: EmailStr
    auth_provider: Literal["guest"]

    @field_validator("user_id", mode="before")
    @classmethod
    def as_text(cls, given: object) -> object:
        return str(given) if isinstance(given, int) and not isinstance(given, bool) else given

    @field_validator("username")
    @classmethod
    def is_plain_text(cls, given: str) -> str:
        return _one_line(given)


class Submission(BaseModel):
    """The body of a request."""

    observation: Asked
    requestor: Requestor | None = None


class Kept(Asked):
    """A request as it is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 7,
                    "target_name": "Perseus arm",
                    "ra": 6.3,
                    "dec": 62.7,
                    "integration_time": 60.0,
                    "user_id": 3,
                    "username": "anna",
                    "status": "PENDING",
                    "reason": "planned for 2026-01-15T20:00:00Z: of all that can begin then it weighs most",
                    "created_on": "2026-01-15T19:58:12.000000Z",
                    "updated_on": "2026-01-15T19:58:12.000000Z",
                }
            ]
        }
    )

    id: int
    target_name: str  # type: ignore[assignment]  # it has one by now
    user_id: int | None = Field(None, description="null: a guest without an account")
    username: str = ""
    status: Status
    reason: str = Field("", description="of its status: why it waits, why it failed")
    created_on: datetime
    updated_on: datetime
    completed_on: datetime | None = None
    csv_download_url: str | None = Field(None, description="a signed link that expires")
    analysis_results_url: str | None = Field(None, description="a signed link that expires")
    data_download_url: str | None = Field(None, description="a signed link that expires")


class Health(BaseModel):
    status: str
    message: str
    data: dict[str, Any]


def to_request(asked: Asked, *, name: str, store: str, user: str) -> "astro.ObservationRequest":
    """The same in libastro's words. It has no field for the line: velocities are of the one that the band is meant for, by
    `astro.line_of_band` (1420 MHz: hydrogen; 1670: OH, 1667.359 MHz; 22000: water, 22235.08 MHz; Lovas, NIST Recommended
    Rest Frequencies for Observed Interstellar Molecular Microwave Transitions, 2002)."""
    loads = asked.observation_type != "TARGET_OBSERVATION"
    seconds = asked.integration_time
    each = min(seconds, max(1.0, seconds / MOST_SPECTRA))
    return astro.ObservationRequest(
        target=f"icrs {asked.ra % 360.0!r} {asked.dec!r}",
        target_name=name,
        mode="loads" if loads else "track",
        store=store,
        center_frequency=astro.megahertz(asked.center_frequency),
        rest_frequency=astro.line_of_band(astro.megahertz(asked.center_frequency)),
        bandwidth=astro.megahertz(asked.bandwidth),
        integration_time_s=seconds,
        integration_s=each,
        calibration_time_s=seconds if loads else min(seconds, LONGEST_LOAD_S),
        channels=asked.fft_size,
        velocity_frame=asked.velocity_frame.lower(),
        analysis=asked.perform_data_analysis,
        observer=user,
    )
