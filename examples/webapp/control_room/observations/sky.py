# SPDX-License-Identifier: BSD-3-Clause
"""Where things are: the site, the whole sky at a time, and when a target is up."""

import math
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal

import astro
import numpy
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from ..accounts.answers import refusals
from ..room import Room
from .routes import Watcher, invalid

router = APIRouter(prefix="/api", tags=["sky"])

MOST_FOUND = 20
TRACK_AHEAD_S, TRACK_EVERY_S = 6 * 3600, 600
HYDROGEN = astro.megahertz(1420.405751768)

Place = tuple[float, float]  # azimuth and altitude, degrees


class Axis(BaseModel):
    name: str
    lowest_deg: float
    highest_deg: float
    fastest_deg_s: float


class MountOut(BaseModel):
    name: str
    geometry: str
    axes: list[Axis]
    limits: dict[str, Place]
    rates: bool  # whether it can be moved at a rate
    parks: bool
    horizon: list[Place]


class ReceiverOut(BaseModel):
    name: str
    mount: str
    frequency_mhz: tuple[float, float]
    bandwidth_mhz: tuple[float, float]


class Location(BaseModel):
    latitude: float
    longitude: float
    height: float


class SiteOut(BaseModel):
    name: str
    location: Location
    mounts: list[MountOut]
    receivers: list[ReceiverOut]
    horizon: list[Place]  # of the first mount
    time: datetime  # by the observatory's clock, which may be simulated
    clock_speed: float


class AltAz(BaseModel):
    alt: float
    az: float


class Moon(AltAz):
    illuminated: float


class Source(BaseModel):
    name: str
    kind: str
    ra: float
    dec: float
    alt: float
    az: float
    flux: float | None = None  # Jy at 1420 MHz


class MountOnSky(BaseModel):
    name: str
    state: str
    commanded: AltAz
    actual: AltAz
    on_target: bool
    tracking: bool
    target: str | None
    track: list[Place]


class Sky(BaseModel):
    time: datetime
    lst_deg: float
    galactic_plane: list[Place]
    sun: AltAz
    moon: Moon
    catalogue: list[Source]
    mounts: list[MountOnSky]


class Found(BaseModel):
    name: str
    kind: str
    ra: float
    dec: float
    l: float
    b: float
    alt: float
    az: float


class Visibility(BaseModel):
    name: str
    ra: float
    dec: float
    rise: datetime | None
    transit: datetime | None
    set: datetime | None
    transit_altitude_deg: float | None
    up_now: bool
    never_up: bool
    always_up: bool
    night: list[list[datetime]]  # while the Sun is down
    up: list[list[datetime]]  # above horizon and limits, within a day
    tonight: list[list[datetime]]  # both
    altitude: list[list[datetime | float]]
    horizon: list[list[datetime | float]]  # its altitude where the target is then


def _site_rules(room: Room, mount: str) -> list[Place]:
    """The horizon's line of a mount: what stands around, and how low its axes reach."""
    lowest = _lowest(room, mount)
    rules = (room.site.site.sections.get("safety") or {}).get(mount) or {}
    line = rules.get("horizon") or []
    if isinstance(line, list) and line:
        points = sorted((float(each["azimuth"]) % 360.0, float(each["altitude"])) for each in line)
        return [(azimuth, max(altitude, lowest)) for azimuth, altitude in points]
    return [(0.0, lowest)]


def _lowest(room: Room, mount: str) -> float:
    handle = room.site.mount(mount)
    return handle.limits[1].start.degrees if str(handle.description.geometry) == "alt_az" else 0.0


def _horizon(room: Room) -> "tuple[list[Place], astro.sky.Horizon]":
    names = room.site.names("mount")
    line = _site_rules(room, names[0]) if names else [(0.0, 0.0)]
    if len(line) == 1:
        return line, astro.sky.Horizon(astro.degrees(line[0][1]))
    return line, astro.sky.Horizon(
        [astro.AltAz(azimuth=astro.degrees(az), altitude=astro.degrees(alt)) for az, alt in line]
    )


@router.get("/site", response_model=SiteOut, responses=refusals(401, 403))
def site(request: Request, caller: Watcher) -> Any:
    """What the observatory is: mounts with their reach, receivers with theirs, the horizon."""
    room: Room = request.app.state.room
    opened = room.site
    mounts = []
    for name in opened.names("mount"):
        handle = opened.mount(name)
        about = handle.description
        named = _axis_names(str(about.geometry))
        first, second = handle.limits
        fastest = (about.fastest.first.degrees, about.fastest.second.degrees)
        axes = [
            Axis(name=axis, lowest_deg=each.start.degrees, highest_deg=each.end.degrees, fastest_deg_s=speed)
            for axis, each, speed in zip(named, (first, second), fastest, strict=True)
        ]
        mounts.append(
            MountOut(
                name=name,
                geometry=str(about.geometry),
                axes=axes,
                limits={axis.name: (axis.lowest_deg, axis.highest_deg) for axis in axes},
                rates=about.rates,
                parks=about.parks,
                horizon=_site_rules(room, name),
            )
        )
    receivers = []
    for entry in opened.site.devices:
        if str(entry.kind) == "receiver":
            about = opened.receiver(entry.name).description
            receivers.append(
                ReceiverOut(
                    name=entry.name,
                    mount=entry.mount,
                    frequency_mhz=(about.lowest.megahertz, about.highest.megahertz),
                    bandwidth_mhz=(about.slowest.megahertz, about.fastest.megahertz),
                )
            )
    where = opened.location
    return SiteOut(
        name=opened.site.name,
        location=Location(latitude=where.latitude.degrees, longitude=where.longitude.degrees, height=where.height_m),
        mounts=mounts,
        receivers=receivers,
        horizon=_horizon(room)[0],
        time=opened.clock.now().datetime,
        clock_speed=opened.clock.speed,
    )


def _axis_names(geometry: str) -> tuple[str, str]:
    return ("azimuth", "altitude") if geometry == "alt_az" else ("hour_angle", "declination")


@lru_cache(maxsize=1)
def _catalogue() -> "tuple[list[astro.CatalogueEntry], numpy.ndarray]":
    """All sources that stand still, and their directions in radians."""
    entries = [each for each in astro.catalogue() if isinstance(each.target, astro.Icrs | astro.Galactic)]
    return entries, numpy.array([_icrs(each.target) for each in entries])


def _icrs(target: "astro.Icrs | astro.Galactic") -> tuple[float, float]:
    direction = target if isinstance(target, astro.Icrs) else astro.sky.icrs(target)
    return direction.ra.radians, direction.dec.radians


def _time_of(room: Room, asked: datetime | None) -> "astro.Time":
    if asked is None:
        return room.site.clock.now()
    if not 1971 <= asked.year <= 2199:
        raise invalid("a time between 1971 and 2199", "time")
    return astro.Time(asked if asked.tzinfo is not None else asked.replace(tzinfo=UTC))


def _places(result: Any) -> list[Place]:
    azimuths = numpy.degrees(numpy.asarray(result.azimuth)) % 360.0
    return list(zip(azimuths.tolist(), numpy.degrees(numpy.asarray(result.altitude)).tolist(), strict=True))


def _flux(name: str, at: "astro.Time") -> float | None:
    try:
        return astro.sky.flux_density_jy(name, HYDROGEN, at)
    except astro.Error:  # known at other frequencies alone
        return None


def _altaz(place: "astro.AltAz") -> dict[str, float]:
    return {"alt": place.altitude.degrees, "az": place.azimuth.degrees % 360.0}


@router.get("/sky", response_model=Sky, responses=refusals(401, 403))
def sky(
    request: Request,
    caller: Watcher,
    time: Annotated[datetime | None, Query(description="UTC without an offset; without it: now")] = None,
) -> Any:
    """All of the sky at a time, in azimuth and altitude."""
    room: Room = request.app.state.room
    opened, at = room.site, _time_of(room, time)
    observer = astro.sky.Observer(opened.location)
    plane = numpy.array([_icrs(astro.Galactic(l=astro.degrees(l), b=astro.degrees(0))) for l in range(0, 361, 3)])
    entries, directions = _catalogue()
    calibrators = set(astro.sky.flux_calibrators())
    sources = [
        Source(
            name=entry.name,
            kind=entry.kind,
            ra=math.degrees(ra) % 360.0,
            dec=math.degrees(dec),
            az=azimuth,
            alt=altitude,
            flux=_flux(entry.name, at) if entry.name in calibrators else None,
        )
        for entry, (ra, dec), (azimuth, altitude) in zip(
            entries, directions, _places(observer.altaz(directions, at)), strict=True
        )
    ]
    sun, moon = (astro.sky.icrs(body, opened.location, at) for body in ("sun", "moon"))
    return Sky(
        time=at.datetime,
        lst_deg=astro.sky.sidereal_time(opened.location, at).degrees % 360.0,
        galactic_plane=_places(observer.altaz(plane, at)),
        sun=AltAz(**_altaz(observer.altaz("sun", at))),
        moon=Moon(
            **_altaz(observer.altaz("moon", at)), illuminated=(1.0 - math.cos(sun.separation(moon).radians)) / 2.0
        ),
        catalogue=sources,
        mounts=[_mount_on_sky(room, observer, name) for name in opened.names("mount")],
    )


def _mount_on_sky(room: Room, observer: "astro.sky.Observer", name: str) -> MountOnSky:
    handle = room.site.mount(name)
    status, target = handle.status(), handle.target
    if str(handle.description.geometry) == "alt_az":
        commanded = astro.AltAz(azimuth=status.commanded.first, altitude=status.commanded.second)
    else:
        commanded = astro.sky.altaz(
            astro.HourAngleDec(hour_angle=status.commanded.first, dec=status.commanded.second), room.site.location
        )
    track: list[Place] = []
    if status.tracking and target is not None:
        begin = room.site.clock.now()
        times = numpy.array([(begin + float(s)).to_numpy() for s in range(0, TRACK_AHEAD_S + 1, TRACK_EVERY_S)])
        try:
            track = _places(observer.altaz(target, times))
        except astro.Error:  # an ephemeris that ends before
            track = []
    return MountOnSky(
        name=name,
        state=str(status.state),
        commanded=AltAz(**_altaz(commanded)),
        actual=AltAz(**_altaz(status.place)),
        on_target=status.on_target,
        tracking=status.tracking,
        target=None if target is None else str(target),
        track=track,
    )


Text = Annotated[str, Query(min_length=1, max_length=100, examples=["Cas A"])]


@router.get("/sky/search", response_model=list[Found], responses=refusals(401, 403))
def search(request: Request, caller: Watcher, q: Text) -> list[Found]:
    """Sources by a part of one of their names; else what libastro takes for a target: `galactic 120 0`, `sun`."""
    wanted = q.strip().casefold()
    named = [(each, [each.name, *each.other_names.split(", ")]) for each in _catalogue()[0]]
    found = [
        (each.name, each.kind, each.target)
        for each, names in sorted(named, key=lambda one: wanted not in [name.casefold() for name in one[1]])
        if wanted and any(wanted in name.casefold() for name in names)
    ]
    if not found:
        target = _parsed(q)
        if target is not None:
            found = [(q.strip(), "direction", target)]
    room: Room = request.app.state.room
    return [_found(room, *each) for each in found[:MOST_FOUND]]


def _parsed(text: str) -> Any:
    """A target, also as plain right ascension and declination in degrees; None for what is none."""
    for each in (text, f"icrs {text}"):
        try:
            return astro.parse_target(each)
        except (astro.Error, ValueError):
            continue
    return None


def _found(room: Room, name: str, kind: str, target: Any) -> Found:
    now = room.site.clock.now()
    direction = astro.sky.icrs(target, room.site.location, now)
    galactic = astro.sky.galactic(direction)
    place = astro.sky.altaz(target, room.site.location, now)
    return Found(
        name=name,
        kind=kind,
        ra=direction.ra.degrees % 360.0,
        dec=direction.dec.degrees,
        l=galactic.l.degrees % 360.0,
        b=galactic.b.degrees,
        **_altaz(place),
    )


@router.get("/sky/visibility", response_model=Visibility, responses=refusals(401, 403))
def visibility(
    request: Request,
    caller: Watcher,
    target: Annotated[str | None, Query(max_length=100, examples=["Cas A"])] = None,
    ra: Annotated[float | None, Query(ge=0, le=360, allow_inf_nan=False)] = None,
    dec: Annotated[float | None, Query(ge=-90, le=90, allow_inf_nan=False)] = None,
    date: Annotated[date | None, Query(description="from local noon of that day; without it: from now")] = None,
    step: Annotated[Literal[5, 10, 20, 30], Query(description="minutes between the altitudes")] = 10,
) -> Any:
    """When a target is up within a day, and when of that it is night. By `target`, or by `ra` and `dec`."""
    room: Room = request.app.state.room
    where = room.site.location
    if target is not None:
        wanted = _parsed(target)
        if wanted is None:
            raise invalid(f"{target!r} is no target: a name, `icrs RA DEC`, `galactic L B`, `sun`", "target")
    elif ra is not None and dec is not None:
        wanted = astro.Icrs(ra=astro.degrees(ra % 360.0), dec=astro.degrees(dec))
    else:
        raise invalid("say a target, or both ra and dec", "target")
    begin = room.site.clock.now() if date is None else _noon(where, date)
    end = begin + 86400.0
    horizon = _horizon(room)[1]
    observer = astro.sky.Observer(where)
    times = [begin + 60.0 * step * each for each in range(24 * 60 // step + 1)]
    altitudes = _places(observer.altaz(wanted, numpy.array([each.to_numpy() for each in times])))
    happens = astro.sky.events(observer, wanted, begin, end, horizon)
    up = _spans(happens, begin, end, horizon.is_above(observer.altaz(wanted, begin)))
    night = [(a, b) for a, b in astro.sky.nights(where, begin, end)]
    first = {
        kind: next((each for each in happens if str(each.kind) == kind), None) for kind in ("rise", "transit", "set")
    }
    now = room.site.clock.now()
    direction = astro.sky.icrs(wanted, where, begin)
    transit = first["transit"]
    return Visibility(
        name=target or f"icrs {ra:g} {dec:g}",
        ra=direction.ra.degrees % 360.0,
        dec=direction.dec.degrees,
        rise=first["rise"].time.datetime if first["rise"] else None,
        transit=transit.time.datetime if transit else None,
        set=first["set"].time.datetime if first["set"] else None,
        transit_altitude_deg=transit.place.altitude.degrees if transit else None,
        up_now=horizon.is_above(observer.altaz(wanted, now)),
        never_up=not up,
        always_up=len(up) == 1 and up[0] == (begin, end),
        night=_as_datetimes(night),
        up=_as_datetimes(up),
        tonight=_as_datetimes([(max(a, c), min(b, d)) for a, b in up for c, d in night if max(a, c) < min(b, d)]),
        altitude=[(each.datetime, altitude) for each, (_, altitude) in zip(times, altitudes, strict=True)],
        horizon=[
            (each.datetime, horizon.at(astro.degrees(azimuth)).degrees)
            for each, (azimuth, _) in zip(times, altitudes, strict=True)
        ],
    )


def _noon(where: "astro.Location", day: date) -> "astro.Time":
    if not 1971 <= day.year <= 2199:
        raise invalid("a day between 1971 and 2199", "date")
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - timedelta(hours=where.longitude.degrees / 15.0)
    return astro.Time(noon)


def _spans(happens: Any, begin: "astro.Time", end: "astro.Time", is_up: bool) -> "list[tuple[astro.Time, astro.Time]]":
    spans, since = [], begin if is_up else None
    for each in happens:
        if str(each.kind) == "rise":
            since = each.time
        elif str(each.kind) == "set" and since is not None:
            spans.append((since, each.time))
            since = None
    return spans if since is None else [*spans, (since, end)]


def _as_datetimes(spans: Any) -> list[tuple[datetime, datetime]]:
    return [(a.datetime, b.datetime) for a, b in spans]
