# SPDX-License-Identifier: BSD-3-Clause
"""GNU Radio's spectrometers, as small radio telescopes build them, beside ours on the same core.

Usage: taskset -c 1 /usr/bin/python3 gnuradio_chain.py [RESULT.json]    (Debian's package gnuradio)

4096 channels, averaged power, MS/s. Two flow graphs: windowed transform (vector, fft, magnitude squared,
integrate), and weighted overlap-add of four rows before it (four delays, four weights, a sum). Sources
repeat a block in memory, complex or pairs of bytes; the sink keeps nothing. The scheduler has one
thread a block: on one core they take turns, as on the small machines that telescopes have. A second is
one of the processor's, of all threads together, as Google Benchmark counts ours: what else runs costs
neither of them."""

import json
import pathlib
import sys
import time

import numpy as np
from gnuradio import blocks, fft, gr

CHANNELS = 4096
SAMPLES = 65536
SECONDS = 3.0


def source(graph, kind):
    """A block that yields complex samples for ever."""
    noise = np.random.default_rng(1).normal(size=2 * SAMPLES)
    if kind == "cf32":
        return blocks.vector_source_c(noise.astype(np.float32).view(np.complex64).tolist(), True)
    pairs = np.clip(noise * 20 + 127.5, 0, 255).astype(np.uint8)
    raw = blocks.vector_source_b(pairs.tolist(), True)
    signed = blocks.add_const_bb(128)  # 128 becomes 0, in the fewest steps that there are
    joined = blocks.interleaved_char_to_complex(False, 1.0)
    graph.connect(raw, signed, joined)
    return joined


def taper(count):
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(count) / count)


def windowed(graph, samples):
    rows = blocks.stream_to_vector(gr.sizeof_gr_complex, CHANNELS)
    graph.connect(samples, rows)
    return rows, fft.fft_vcc(CHANNELS, True, taper(CHANNELS).tolist(), True, 1)


def overlap_add(graph, samples):
    taps = np.sinc(np.arange(4 * CHANNELS) / CHANNELS - 2) * taper(4 * CHANNELS)
    added = blocks.add_vcc(CHANNELS)
    for row in range(4):
        delayed = blocks.delay(gr.sizeof_gr_complex, row * CHANNELS)
        vectors = blocks.stream_to_vector(gr.sizeof_gr_complex, CHANNELS)
        weighted = blocks.multiply_const_vcc(taps[row * CHANNELS : (row + 1) * CHANNELS].tolist())
        graph.connect(samples, delayed, vectors, weighted, (added, row))
    return added, fft.fft_vcc(CHANNELS, True, [], True, 1)


def megasamples_per_second(kind, chain):
    graph = gr.top_block()
    rows, transform = chain(graph, source(graph, kind))
    power = blocks.complex_to_mag_squared(CHANNELS)
    mean = blocks.integrate_ff(256, CHANNELS)
    sink = blocks.vector_sink_f(CHANNELS)
    graph.connect(rows, transform, power, mean, sink)
    graph.start()
    time.sleep(1.0)  # until plans and buffers are there
    before, began = len(sink.data()), time.process_time()
    time.sleep(SECONDS)
    after, ended = len(sink.data()), time.process_time()
    graph.stop()
    graph.wait()
    return (after - before) * 256 / (ended - began) / 1e6


def main():
    results = {}
    for name, chain in (("fft", windowed), ("wola", overlap_add)):
        for kind in ("cf32", "cu8"):
            results[f"{name}_{kind}"] = megasamples_per_second(kind, chain)
            print(f"GNU Radio {gr.version()} {name} {kind}: {results[f'{name}_{kind}']:.1f} MS/s", flush=True)
    if len(sys.argv) > 1:
        pathlib.Path(sys.argv[1]).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
