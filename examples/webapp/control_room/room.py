# SPDX-License-Identifier: BSD-3-Clause
"""The observatory that this process has open, its hub (history, alarms) and its store."""

from pathlib import Path

import astro

from .settings import Settings


class Room:
    """Opened once, closed at the end. Handles are made anew for each call, with who asks as their issuer."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.site = astro.Observatory.open(settings.site, state_folder=self._state_folder(settings))
        self.hub: astro.telemetry.Hub | None = None
        self.alarm_listeners: list = []  # functions of an astro.telemetry.Alarm, called from a thread of the hub
        try:
            self.store = self.site.store(self._store_name())
            if settings.hub:
                self.hub = astro.telemetry.Hub(self.site, changed=self._alarm_changed)
        except BaseException:
            self.site.close()
            raise

    @staticmethod
    def _state_folder(settings: Settings) -> Path:
        return settings.folder / "state"

    def _store_name(self) -> str:
        names = self.site.names("store")
        named = (self.site.site.sections.get("queue") or {}).get("store", "")
        if named:
            return named
        if len(names) == 1:
            return names[0]
        raise astro.SiteError(
            f"the control room: {self.settings.site} has {len(names)} stores ({', '.join(names) or 'none'}): "
            "say which keeps the queue and the history by `queue: {store: ...}`"
        )

    def _alarm_changed(self, alarm: "astro.telemetry.Alarm") -> None:
        for tell in list(self.alarm_listeners):
            tell(alarm)

    def close(self) -> None:
        if self.hub is not None:
            self.hub.close()
        self.site.close()
