# SPDX-License-Identifier: BSD-3-Clause
"""Files of an observation. The site's store is the truth: any instance makes them of it when somebody asks."""

import csv
import json
import logging
import math
import os
import re
import tempfile
import threading
from pathlib import Path
from typing import Any

import astro
import numpy

from ..room import Room
from .contract import Asked
from .tables import Observation

log = logging.getLogger(__name__)

MEDIA_TYPES = {
    "fits": "application/fits",
    "sdfits": "application/fits",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "png": "image/png",
}
_drawing = threading.Lock()  # matplotlib's settings are the process's


class NoProduct(Exception):
    """The observation has nothing of this kind."""


def base_name(row: Observation) -> str:
    """What its files are called: as was asked, else as the target, in letters that every system takes."""
    wished = row.asked.get("output_filename") or row.asked.get("target_name") or ""
    stem = re.sub(r"[^A-Za-z0-9._+-]+", "_", wished).strip("._")[:80]
    for ending in MEDIA_TYPES:
        stem = stem.removesuffix(f".{ending}")
    return stem or f"observation-{row.id}"


def endings(row: Observation) -> list[str]:
    if not row.archived:
        return []
    asked = Asked.model_validate(row.asked)
    if asked.observation_type != "TARGET_OBSERVATION":
        return ["csv", "json"]
    return ["fits", "sdfits", "csv", *(["json", "png"] if asked.perform_data_analysis else [])]


class Products:
    def __init__(self, room: Room) -> None:
        self._room = room
        self._folder = room.settings.folder / "products"
        self._making = [threading.Lock() for _ in range(16)]

    def names(self, row: Observation) -> list[str]:
        return [f"{base_name(row)}.{ending}" for ending in endings(row)]

    def file(self, row: Observation, name: str) -> tuple[Path, str]:
        """The file and its media type; made now when it is not there yet. Raises NoProduct."""
        if name not in self.names(row):
            raise NoProduct(f"observation {row.id} has no file {name}")
        return self._made(row, row.archived, name.rpartition(".")[2]), self.media_type(name)

    @staticmethod
    def media_type(name: str) -> str:
        return MEDIA_TYPES[name.rpartition(".")[2]]

    def size(self, row: Observation, name: str) -> int | None:
        """None when it is not made yet."""
        try:
            return self._place(row, row.archived, name.rpartition(".")[2]).stat().st_size
        except FileNotFoundError:
            return None

    def plot(self, row: Observation, archived: str) -> bytes | None:
        """The picture for its mail, or None where there is none to draw."""
        asked = Asked.model_validate(row.asked)
        if not archived or not asked.perform_data_analysis or asked.observation_type != "TARGET_OBSERVATION":
            return None
        try:
            return self._made(row, archived, "png").read_bytes()
        except (NoProduct, OSError) as why:
            log.warning("observation %d has no picture: %s", row.id, why)
            return None

    def result(self, row: Observation) -> "astro.ObservationResult":
        """Reduced anew. Raises NoProduct."""
        if not row.archived:
            raise NoProduct(f"observation {row.id} has no data yet")
        try:
            result = astro.reduce(self._room.store, row.archived, self._room.site.location)
        except astro.Error as why:
            raise NoProduct(f"observation {row.id}: {why}") from why
        if result.spectrum.axis.channels > 0:
            result.spectrum.velocity_frame = row.asked["velocity_frame"].lower()
        return result

    def _place(self, row: Observation, archived: str, ending: str) -> Path:
        return self._folder / str(row.id) / f"{archived}.{ending}"

    def _made(self, row: Observation, archived: str, ending: str) -> Path:
        file = self._place(row, archived, ending)
        folder = file.parent
        with self._making[row.id % len(self._making)]:
            if file.is_file():
                return file
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder) as scratch:  # never half a file under its name
                made = Path(scratch) / f"{archived}.{ending}"
                try:
                    self._make(row, archived, ending, made)
                except astro.Error as why:
                    raise NoProduct(f"observation {row.id} has no .{ending}: {why}") from why
                os.replace(made, file)
        return file

    def _make(self, row: Observation, archived: str, ending: str, file: Path) -> None:
        loads = row.asked["observation_type"] != "TARGET_OBSERVATION"
        if ending == "json":
            file.write_text(json.dumps(self._analysis(archived), indent=1))
        elif ending == "png":
            result = astro.reduce(self._room.store, archived, self._room.site.location)
            spectrum = result.spectrum
            if spectrum.axis.channels == 0:
                raise NoProduct(f"observation {row.id} has no spectrum in kelvin to draw")
            spectrum.velocity_frame = row.asked["velocity_frame"].lower()
            title = (row.asked.get("target_name") or f"Observation {row.id}").replace("$", r"\$")
            with _drawing:
                astro.plot.spectrum_png(str(file), spectrum, title, astro.provenance_of(result.observation))
        elif ending == "csv" and loads:
            self._write_loads(archived, file)
        else:
            astro.export_observation(self._room.store, archived, self._room.site.site, file)

    def _analysis(self, archived: str) -> dict[str, Any]:
        result = astro.reduce(self._room.store, archived, self._room.site.location)
        spectrum = result.spectrum
        found: dict[str, Any] = {
            "observation_id": archived,
            "state": str(result.observation.state),
            "software": result.observation.software,
            "findings": [
                {"name": each.name, "value": _finite(each.value), "error": _finite(each.error), "unit": each.unit}
                for each in result.findings
            ],
        }
        if spectrum.axis.channels > 0:
            peak = result.peak
            found |= {
                "tsys_k": _finite(spectrum.tsys_k),
                "exposure_s": spectrum.exposure_s,
                "samples_lost": spectrum.samples_lost,
                "peak": {
                    "temperature_k": _finite(peak.peak_k),
                    "temperature_error_k": _finite(peak.sigma_k),
                    "velocity_km_s": _finite(peak.peak_velocity_km_s),
                    "velocity_frame": str(spectrum.velocity_frame),
                    "rest_frequency_mhz": spectrum.rest.megahertz,
                    "velocity_error_km_s": _finite(peak.sigma_velocity_km_s),
                    "noise_k": _finite(peak.rms_k),
                },
            }
        return found

    def _write_loads(self, archived: str, file: Path) -> None:
        """The averages of the two loads, side by side."""
        kept = self._room.store.find(astro.Integration, {"observation_id": archived}, order_by="sequence")
        means = {}
        for phase in ("hot", "cold"):
            spectra = [astro.to_spectrum(each, self._room.site.location) for each in kept if str(each.phase) == phase]
            if spectra:
                means[phase] = astro.average(spectra)
        if not means:
            raise NoProduct("it has no spectrum of a load")
        with file.open("w", newline="") as text:
            rows = csv.writer(text)
            rows.writerow(["frequency_hz", *(f"{phase}_power" for phase in means)])
            frequencies = numpy.asarray(next(iter(means.values())).frequency_hz)
            for values in zip(frequencies, *(mean.power for mean in means.values()), strict=True):
                rows.writerow([repr(float(value)) for value in values])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
