# SPDX-License-Identifier: BSD-3-Clause
"""One table of what the benchmarks measured: ours, what it is measured against in the same run, and what is wanted.

Usage: table.py RESULTS_FOLDER (holds bench_ROOM.json of Google Benchmark, startup.json of startup.py,
gnuradio.json of gnuradio_chain.py, peers.json of messaging/peers.py, instructions.json of instructions.py, long.json of long.py,
webapp.json, charts.json and pages.json of webapp/live.py, chart.py and pages.py, imaging.json, geometry.json, chain.json,
classifier.json and transients.json of imaging/peers.py, geometry.py, chain.py, classifier.py and transients.py)
"""

import json
import pathlib
import sys


def results(folder):
    """All entries by "room/name"; of repeated ones the median."""
    entries = {}
    for file in sorted(pathlib.Path(folder).glob("bench_*.json")):
        room = file.stem.removeprefix("bench_")
        for entry in json.loads(file.read_text())["benchmarks"]:
            if entry.get("aggregate_name", "median") == "median" and not entry.get("error_occurred"):
                entries[f"{room}/{entry['run_name']}"] = entry
    for name, counter in (("startup", "seconds"), ("gnuradio", "MS/s"), ("peers", None), ("instructions", None), ("long", None),
                          ("webapp", "value"), ("charts", "ms"), ("pages", "value"), ("imaging", None), ("geometry", None), ("chain", "seconds"), ("classifier", "ms"), ("transients", "part")):
        file = pathlib.Path(folder) / f"{name}.json"
        if file.exists():
            measured = json.loads(file.read_text())
            entries.update({f"{name}/{key}": {counter: value} if counter else value for key, value in measured.items()})
    return entries


class Row:
    """`ours` and `against` are (entry, counter); the figure is ours, or ours over against."""

    def __init__(self, what, ours, wanted, *, unit="", against=None, most=False, scale=1.0):
        self.what, self.ours, self.wanted, self.unit = what, ours, wanted, unit
        self.against, self.most, self.scale = against, most, scale

    def cells(self, entries):
        ours = self._value(entries, self.ours)
        against = self._value(entries, self.against) if self.against else None
        if ours is None or (self.against and against is None):
            return None
        figure = ours / against if against else ours * self.scale
        good = figure <= self.wanted if self.most else figure >= self.wanted
        return (
            self.what,
            _number(ours * self.scale),
            _number(against * self.scale) if against else "",
            self.unit,
            _number(figure) if against else "",
            ("at most " if self.most else "at least ") + _number(self.wanted),
            "yes" if good else "NO",
        )

    @staticmethod
    def _value(entries, place):
        entry = entries.get(place[0])
        return None if entry is None else entry[place[1]]


def _number(value):
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


ROWS = [
    Row("snapshot read through a handle", ("core/snapshot_read", "real_time"), 100, unit="ns", most=True),
    Row("queued call and back, p50, over a bare ping-pong", ("core/queued_call/iterations:100", "call_us"), 1.5,
        unit="us", against=("core/queued_call/iterations:100", "bare_us"), most=True),
    Row("stop to the driver's hook beside a hung one, p99", ("core/stop_beside_a_hung_hook/iterations:20", "p99_ms"), 50,
        unit="ms", most=True),
    Row("100 MS/s stream, part of a core beyond the bare loop",
        ("core/stream_100_megasamples/iterations:3", "extra_core"), 0.05, unit="core", most=True),
    Row("20 MS/s stream apart, part of a core beyond the same here",
        ("core/apart_stream_20_megasamples/iterations:3", "extra_core"), 0.1, unit="core", most=True),
    Row("call of a driver apart and back, p50", ("core/apart_call/iterations:50", "call_us"), 200, unit="us", most=True),
    Row("local transport, 200-byte messages", ("plugins/local_transport/1/min_time:2.000/process_time/real_time", "messages/s"), 10,
        unit="M/s", scale=1e-6),
    *[
        Row(f"mqtt, QoS 1, 200-byte messages, over Paho by hand{what}", (f"plugins/mqtt_beside_paho/{has_time}/iterations:48/real_time", "messages/s"), 0.95,
            unit="msg/s", against=(f"plugins/mqtt_beside_paho/{has_time}/iterations:48/real_time", "by_hand/s"))
        for what, has_time in (("", 0), (" with a time", 1))
    ],
    *[
        Row(f"kafka, messages of {size}, over librdkafka by hand", (f"plugins/kafka_transport/{count}/min_time:3.000/min_warmup_time:6.000/real_time", "messages/s"),
            0.9, unit="msg/s", against=(f"plugins/bare_librdkafka/{count}/min_time:3.000/min_warmup_time:6.000/real_time", "messages/s"))
        for size, count in (("200 B", 200), ("64 KiB", 65536))
    ],
    *[
        Row(f"a record {way.replace('_', ' ')}, over {peer} in Python", (f"peers/{way}", "ours"), 5, unit="records/s",
            against=(f"peers/{way}", "theirs"))
        for way, peer in (("to_avro", "fastavro"), ("from_avro", "fastavro"), ("to_json", "json"), ("from_json", "json"))
    ],
    *[
        Row(f"a record {way.replace('_', ' ')}, over RapidJSON by hand", (f"messaging/{way}", "records/s"), 1, unit="records/s",
            against=(f"messaging/{peer}", "records/s"))
        for way, peer in (("to_json", "rapidjson_writes"), ("from_json", "rapidjson_reads"))
    ],
    *[
        Row(f"outbox, points in batches of {batch}, durably", (f"messaging/outbox/{batch}/min_time:3.000/real_time", "points/s"), 1e5,
            unit="points/s")
        for batch in (1000, 10000)
    ],
    Row("stop over MQTT to the driver's hook, p99", ("messaging/stop_over_mqtt/iterations:1000/real_time", "p99_ms"), 10, unit="ms",
        most=True),
    Row("a mount tracked at 20 Hz: of a core", ("core/tracking_at_20_hertz/iterations:3", "core_percent"), 1, unit="%", most=True),
    Row("soapy, samples a core, over a bare loop of SoapySDR", ("plugins/soapy_receive/iterations:101", "MS/s"), 0.9, unit="MS/s",
        against=("plugins/soapy_receive/iterations:101", "bare_MS/s")),
    Row("soapy at 2.4 MS/s up to the spectrometer, with the radio: of a core", ("plugins/soapy_at_2_4_megasamples/iterations:1", "core_percent"), 2,
        unit="%", most=True),
    Row("rtl_tcp, samples a core, over bare recv", ("plugins/rtl_tcp_driver/in_time:0/iterations:21", "MS/s"), 0.9, unit="MS/s",
        against=("plugins/rtl_tcp_bare/in_time:0/iterations:21", "MS/s")),
    Row("rtl_tcp at 2.4 MS/s in packets of 1448 bytes: of a core", ("plugins/rtl_tcp_driver/in_time:1/iterations:1", "core_percent"), 2, unit="%",
        most=True),
    Row("sqlite, rows in batches of 1000, over bare SQLite",
        ("plugins/sqlite_store/1000/iterations:300/real_time", "rows/s"), 0.8, unit="rows/s",
        against=("plugins/bare_sqlite/1000/iterations:300/real_time", "rows/s")),
    Row("sqlite, rows in batches of 100, over bare SQLite",
        ("plugins/sqlite_store/100/iterations:1000/real_time", "rows/s"), 0.8, unit="rows/s",
        against=("plugins/bare_sqlite/100/iterations:1000/real_time", "rows/s")),
    *[
        Row(f"postgres, rows in batches of {batch}, over bare COPY in binary",
            (f"plugins/postgres_store/{batch}/iterations:{count}/real_time", "rows/s"), 0.8, unit="rows/s",
            against=(f"plugins/bare_copy_into_postgres/{batch}/iterations:{count}/real_time", "rows/s"))
        for batch, count in ((1000, 300), (100, 500))
    ],
    Row("recorder, points into postgres, over bare COPY in binary",
        ("telemetry/points_by_recorder/20000/iterations:10/real_time", "rows/s"), 0.8, unit="rows/s",
        against=("telemetry/points_by_bare_copy/20000/iterations:10/real_time", "rows/s")),
    *[
        Row(f"points to 100 live clients, {what}, over each client alone", (f"telemetry/live_feed_to_100_clients/batches:{batches}", "items_per_second"),
            10, unit="points/s", against=("telemetry/each_client_alone_to_100_clients", "items_per_second"))
        for batches, what in enumerate(("one message a point", "batches"))
    ],
    *[
        Row(f"chart of {what}", (f"telemetry/chart_of_minutes/{minutes}/real_time", "real_time"), 150, unit="ms", most=True)
        for minutes, what in ((300, "5 hours, from points"), (18720, "13 days, from minutes"), (525600, "a year, from hours"))
    ],
    Row("100 candidates scored", ("classifier/score of 100", "ms"), 50, unit="ms", most=True),
    Row("the same, over its network in torch", ("classifier/score of 100", "ms"), 2, unit="ms", most=True,
        against=("classifier/network in torch", "ms")),
    Row("postgres, 20,000 of 200,000 rows found by time, over bare SQL",
        ("plugins/postgres_finds_a_range/20000/real_time", "rows/s"), 0.5, unit="rows/s",
        against=("plugins/bare_sql_finds_a_range/20000/real_time", "rows/s")),
    *[
        Row(f"{what}, {sample}, {channels} channels, over the hand-composed limit", (f"signal/{ours}_{sample}/{channels}", "MS/s"),
            wanted, unit="MS/s", against=(f"signal/{limit}_{sample}/{channels}", "MS/s"))
        for what, ours, limit, wanted in (
            ("FFT", "spectrometer", "limit", 0.85),
            ("FFT with kurtosis", "kurtosis", "limit", 0.7),
            ("4-tap filterbank", "filterbank", "limit_filterbank", 0.85),
            ("4-tap filterbank with kurtosis", "kurtosis_filterbank", "limit_filterbank", 0.7),
        )
        for sample in ("cf32", "cu8")
        for channels in (1024, 4096, 16384)
    ],
    Row("FFT, cu8, 4096 channels, over rtl-power-fftw's loop", ("signal/spectrometer_cu8/4096", "MS/s"), 1.7, unit="MS/s",
        against=("signal/rtl_power_fftw/4096", "MS/s")),
    *[
        Row(f"{what}, {sample}, 4096 channels, over GNU Radio's {theirs}", (f"signal/{ours}_{sample}/4096", "MS/s"), wanted,
            unit="MS/s", against=(f"gnuradio/{chain}_{sample}", "MS/s"))
        for what, ours, theirs, chain, wanted in (("FFT", "spectrometer", "chain", "fft", 5),
                                                  ("4-tap filterbank", "filterbank", "weighted overlap-add", "wola", 8))
        for sample in ("cf32", "cu8")
    ],
    *[
        Row(f"instructions a sample of x86-64-v3, {what}, {sample}, over the limit's", (f"instructions/{prefix}{sample}", "ours"), 1.2,
            against=(f"instructions/{prefix}{sample}", "limit"), most=True)
        for what, prefix in (("FFT", ""), ("4-tap filterbank", "filterbank_"))
        for sample in ("cf32", "cu8")
    ],
    *[
        Row(f"{what}, {order}", (f"sky/{name}/shuffled:{shuffled}", "places/s"), 3, unit="M/s", scale=1e-6)
        for what, name in (("one target at 1e6 times", "one_target_at_many_times"),
                           ("1e6 targets at one time", "many_targets_at_one_time"))
        for shuffled, order in enumerate(("sorted", "shuffled"))
    ],
    *[
        Row(f"{what}, 2048 x 2048, over {peer}", (f"imaging/{name}", "ours"), wanted, unit="ms", against=(f"imaging/{name}", "theirs"),
            most=True, scale=1e3)
        for what, name, peer, wanted in (
            ("bias, dark and flat", "calibration", "ccdproc", 1),
            ("bias, dark and flat with noise", "calibration_with_noise", "ccdproc", 1),
            ("ten frames, clipped mean", "ten_frames_mean", "ccdproc", 1),
            ("ten frames, clipped median", "ten_frames_median", "ccdproc", 1),
            ("L.A.Cosmic", "cosmic_rays", "astroscrappy", 1),
            ("L.A.Cosmic", "cosmic_rays_separable", "astroscrappy with separable medians", 1),
            ("background subtracted", "background", "sep", 1.1),
            ("background subtracted", "background_photutils", "photutils", 1),
            ("extraction at 1.5 sigma", "extraction", "sep", 1.1),
            ("extraction at 1.5 sigma", "extraction_photutils", "photutils", 1),
            ("10,000 apertures", "apertures", "sep", 1.1),
        )
    ],
    Row("10,000 x 10,000 pixels from file to sources: memory", ("imaging/large_frame", "gigabytes"), 6, unit="GB", most=True),
    Row("two of them from files to candidates: memory", ("imaging/large_difference", "gigabytes"), 6, unit="GB", most=True),
    Row("2048 x 2048 subtracted, over its sixteen transforms", ("imaging/subtract/1/process_time/real_time", "real_time"), 2, unit="ms", most=True,
        against=("imaging/sixteen_transforms/1/process_time/real_time", "real_time")),
    Row("its memory, with both images and the result", ("imaging/subtract/1/process_time/real_time", "peak_MB"), 400, unit="MB", most=True),
    Row("one thread's time for it over that of two", ("imaging/two_threads/iterations:20/real_time", "one_ms"), 1.6, unit="ms",
        against=("imaging/two_threads/iterations:20/real_time", "two_ms")),
    *[
        Row(f"{case} pairs, {what}", (f"transients/{case}/{name}", "part"), wanted, most=most)
        for case in ("hard", "clean")
        for what, name, wanted, most in (
            ("found at S/N >= 5", "after_veto/found", 0.91, False),
            ("found on hosts", "after_veto/on_hosts", 0.90, False),
            ("false per MP besides cosmic rays", "detected/false_without_cosmic_rays_per_mp", 1.3, True),
            ("false per MP after the veto", "after_veto/false_per_mp", 3, True),
            ("purity after the veto", "after_veto/purity", 0.95, False),
            ("false per MP after the score", "after_score/false_per_mp", 0.1, True),
            ("part of what was found that the score keeps", "after_score/kept", 0.95, False),
        )
    ],
    Row("from two raw frames of 2048 x 2048 to 100 scored candidates", ("chain/all", "seconds"), 2, unit="s", most=True),
    *[
        Row(f"{what}, over {peer}", (f"geometry/{name}", "ours"), wanted, unit="ms", against=(f"geometry/{name}", "theirs"), most=True, scale=1e3)
        for what, name, peer, wanted in (
            ("1e6 pixels to the sky, SIP", "pixels_to_sky", "astropy", 1.5),
            ("1e6 directions to pixels, SIP", "sky_to_pixels", "astropy", 1.5),
            ("200 stars registered", "registration", "astroalign", 1),
            ("2048 x 2048 resampled, bilinear", "resampling_bilinear", "reproject", 1),
            ("2048 x 2048 resampled, Lanczos-3", "resampling_cubic", "reproject's cubic", 1),
            ("2048 x 2048 resampled, Lanczos-3", "resampling_adaptive", "reproject's adaptive", 1),
            ("2048 x 2048 resampled with noise, Lanczos-3", "resampling_with_noise", "reproject's cubic without", 1),
            ("a point spread function of 100 stars", "point_spread_function", "photutils", 1),
        )
    ],
    Row("process start to the first simulated spectrum", ("startup/first_spectrum", "seconds"), 1.0, unit="s", most=True),
    Row("import astro", ("startup/import_astro", "seconds"), 0.3, unit="s", most=True),
    Row("a simulated day of drift scan", ("long/drift_day", "wall_s"), 120, unit="s", most=True),
    Row("its memory", ("long/drift_day", "memory_mb"), 150, unit="MB", most=True),
    Row("observing at 2.4 MS/s: memory", ("long/samples", "memory_mb"), 150, unit="MB", most=True),
    Row("observing at 2.4 MS/s: cores for each MS/s", ("long/samples", "cores_per_msps"), 0.03, unit="cores", most=True),
    *[
        Row(f"live points to 100 clients, {how}, over plain FastAPI", (f"webapp/{ours}_to_100", "value"), wanted, unit="points/s",
            against=("webapp/plain_points_to_100", "value"))
        for how, ours, wanted in (("one a message", "points", 1.5), ("in batches", "batches", 10))
    ],
    Row("a live point to 100 clients at 50 a second, p99", ("webapp/p99_ms", "value"), 5, unit="ms", most=True),
    Row("live points to nine clients beside a stalled one, over nine alone", ("webapp/nine_of_ten", "value"), 0.95, unit="points/s",
        against=("webapp/nine_alone", "value")),
    *[
        Row(f"a year of one point a second: {zoom} {to}", (f"charts/{key} of {zoom}", "ms"), 300, unit="ms", most=True)
        for key, to in (("chart", "as numbers"), ("picture", "from request to picture"))
        for zoom in ("10 min", "1 h", "1 day", "13 days", "30 days", "the year")
    ],
    Row("first page of the control room, compressed", ("pages/first page, kB", "value"), 200, unit="kB", most=True),
    Row("until its heading stands", ("pages/first page, ms", "value"), 1000, unit="ms", most=True),
    Row("a live spectrum of 4096 channels: main thread", ("pages/main thread a live spectrum, ms", "value"), 8, unit="ms", most=True),
    Row("live spectra a second", ("pages/live spectra a second", "value"), 9.5, unit="1/s"),
    Row("longest task of a minute, if over 50 ms", ("pages/longest task over 50 ms, ms", "value"), 50, unit="ms", most=True),
]


def main():
    entries = results(sys.argv[1])
    head = ("what", "ours", "against", "unit", "ratio", "wanted", "met")
    table = [head] + [cells for row in ROWS if (cells := row.cells(entries))]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    missing = len(ROWS) + 1 - len(table)
    if missing:
        print(f"({missing} rows were not measured in this run)")


if __name__ == "__main__":
    main()
