# SPDX-License-Identifier: BSD-3-Clause
"""The Raspberry Pi's camera as a receiver: raw frames of its sensor through picamera2, in a process of its own.

    receivers:
      sky: {driver: python, module: pi_camera, exposure: 10 s, gain: 8}
"""

import contextlib
import dataclasses
import queue
import threading
import time

import numpy as np

import astro


class PiCamera(astro.Receiver):
    """Each frame with the time at which its exposure began; frames that the machine was too slow for are counted."""

    @dataclasses.dataclass
    class Settings:
        camera: int = astro.field(0, min=0, max=7, says="which one, where there are two")
        format: str = astro.field("SRGGB12", says="of the sensor, unpacked: as `rpicam-hello --list-cameras` shows it, without _CSI2P")
        exposure: float = astro.field(1.0, unit="s", min=1e-5, max=670, says="until it is tuned")
        gain: float = astro.field(1.0, min=1, max=64, says="analogue, until it is tuned")

    def __init__(self, settings):
        self.settings = settings
        self.camera = None
        self.taker = None
        self.last = None  # when the exposure of the frame before began
        self.running = threading.Event()  # of the stream; each has its own

    def open(self, host):
        from picamera2 import Picamera2  # Debian's python3-picamera2, on a Raspberry Pi alone

        self.host = host
        self.frames = queue.Queue(maxsize=2)
        self.failure = None
        self.camera = Picamera2(self.settings.camera)
        try:
            size = self.camera.sensor_resolution
            self.camera.configure(self.camera.create_still_configuration(raw={"format": self.settings.format, "size": size}, buffer_count=4))
            raw = self.camera.camera_configuration()["raw"]
            if raw["format"] != self.settings.format:
                raise astro.Error("unsupported", f"the camera gives {raw['format']} in place of {self.settings.format}; say that as `format`, if its pixels are not packed")
            self.columns, self.rows = raw["size"]
            self.set(self.settings.exposure, self.settings.gain)
        except BaseException:
            self.camera.close()
            self.camera = None
            raise

    def close(self):
        self.stop()
        if self.taker:
            self.taker.join()
        if self.camera:
            self.camera.close()
        self.taker = self.camera = None

    def set(self, exposure, gain):
        """Nothing is left to the camera: neither exposure nor gain, nor colours."""
        self.exposure, self.gain = exposure, gain
        microseconds = round(exposure * 1e6)
        period = max(microseconds, 1)
        self.camera.set_controls({
            "AeEnable": False, "AwbEnable": False, "ExposureTime": microseconds, "AnalogueGain": gain, "FrameDurationLimits": (period, period),
        })  # fmt: skip

    def tune(self, wanted):
        options = wanted.options or {}
        self.set(options.get("exposure", self.exposure), options.get("gain", self.gain))
        tuning = astro.Tuning(options={"exposure": self.exposure, "gain": self.gain})
        return astro.StreamSettings(tuning, "u16", item_shape=[self.rows, self.columns, 1], item_period_s=self.exposure)

    def start(self):
        while not self.frames.empty():
            self.frames.get_nowait()
        self.running = threading.Event()
        self.running.set()
        self.taker = threading.Thread(target=self.take, args=(self.running, self.taker), daemon=True)
        self.taker.start()

    def stop(self):
        self.running.clear()
        with contextlib.suppress(AttributeError, queue.Full):  # it is not open yet; or `fill` does not wait
            self.frames.put_nowait(None)  # who waits in `fill`

    def capture(self, running):
        """The next frame, or None once the stream is over: that is not kept waiting for the end of a long exposure."""
        job = self.camera.capture_request(wait=False)
        while running.is_set():
            try:
                return self.camera.wait(job, timeout=0.1)
            except TimeoutError:
                pass
        self.camera.cancel_all_and_flush()  # or the camera's stop would wait behind it
        return None

    def take(self, running, before):
        """A frame takes as long as its exposure: that is no matter of hooks, neither of fill nor of start behind a stream
        that was stopped within one."""
        if before:
            before.join()
        if not running.is_set():
            return
        self.camera.start()
        try:
            while running.is_set():
                request = self.capture(running)
                if request is None:
                    break
                try:
                    pixels = request.make_array("raw").view(np.uint16)[: self.rows, : self.columns]
                    frame = (pixels.copy(), request.get_metadata())
                finally:
                    request.release()
                if not running.is_set():
                    break  # of a stream that is over
                try:
                    self.frames.put(frame, timeout=0.1)
                except queue.Full:  # nobody fetches it: the next one tells that it was lost
                    pass
        except Exception as error:
            if running.is_set():
                self.failure = error
        finally:
            self.last = None
            self.camera.stop()

    def lost_before(self, began, metadata):
        duration = metadata.get("FrameDuration", self.exposure * 1e6) * 1000
        before, self.last = self.last, began
        return max(0, round((began - before) / duration) - 1) if before is not None and duration > 0 else 0

    def fill(self, buffer):
        if self.failure:
            failure, self.failure = self.failure, None
            raise astro.Error("device_fault", f"taking a frame: {failure}; see that the camera's cable sits well")
        try:
            frame = self.frames.get(timeout=0.08)
        except queue.Empty:
            frame = None
        if frame is None:
            return astro.Filled(0)
        pixels, metadata = frame
        buffer[0, :, :, 0] = pixels
        began = metadata["SensorTimestamp"]  # nanoseconds since the machine was started
        utc = time.time_ns() - (time.clock_gettime_ns(time.CLOCK_BOOTTIME) - began)
        return astro.Filled(1, lost=self.lost_before(began, metadata), time=astro.Time.from_nanoseconds(utc))


astro.register(
    "pi_camera",
    PiCamera,
    says="the Raspberry Pi's camera, raw",
    options=[
        astro.point("exposure", unit="s", min=1e-5, max=670, says="of a frame"),
        astro.point("gain", min=1, max=64, says="analogue"),
    ],
    hook_bound_s=5,
)
