# SPDX-License-Identifier: BSD-3-Clause
"""Instructions a sample, counted by callgrind: the library's and its limit's, 4096 channels.

Usage: instructions.py BUILD_FOLDER [RESULT.json]. Both sides run the same plan of FFTW, since the limit
takes what the library measured, and both for x86-64-v3 (valgrind knows nothing newer)."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

KINDS = ["cf32", "cu8", "filterbank_cf32", "filterbank_cu8"]
CHANNELS = 4096


def instructions(program, name, function, folder):
    out = pathlib.Path(folder) / "callgrind.out"
    ran = subprocess.run(
        ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", f"--toggle-collect={function}",
         program, f"--benchmark_filter=^{name}/{CHANNELS}$", "--benchmark_min_time=0.5", "--benchmark_format=json"],
        env=dict(os.environ, XDG_CACHE_HOME=str(folder), ASTRO_KERNELS="x86-64-v3"), capture_output=True, text=True, check=True,
    )
    assert json.loads(ran.stdout[ran.stdout.index("{"):])["benchmarks"], f"{name} was not run"
    profile = out.read_text()
    total = int(re.search(r"^summary: (\d+)", profile, re.MULTILINE).group(1))
    return total, profile


def transforms(profile):
    """How many transforms FFTW made, and the instructions it took for them."""
    numbers = set(re.findall(r"^c?fn=\((\d+)\) fftwf_execute$", profile, re.MULTILINE))
    found = re.findall(r"^cfn=\((\d+)\).*\ncalls=(\d+).*\n\S+ (\d+)$", profile, re.MULTILINE)
    ours = [(int(count), int(cost)) for number, count, cost in found if number in numbers]
    return sum(count for count, _ in ours), sum(cost for _, cost in ours)


def per_sample(program, name, function, folder):
    """Instructions a sample beside FFTW's, and FFTW's."""
    total, profile = instructions(program, name, f"*{function}*", folder)
    count, cost = transforms(profile)
    return (total - cost) / (count * CHANNELS), cost / (count * CHANNELS)


def main():
    program = pathlib.Path(sys.argv[1]) / "bin" / "bench_signal"
    results = {}
    print(f"{'':18} {'ours':>6} {'limit':>6} {'of FFT':>6} {'ratio':>6}   (at most 1.2)")
    with tempfile.TemporaryDirectory() as folder:
        # First without valgrind: what takes its time there is known then.
        subprocess.run([program, "--benchmark_filter=^spectrometer_cf32/4096$", "--benchmark_min_time=0.01"],
                       env=dict(os.environ, XDG_CACHE_HOME=folder, ASTRO_KERNELS="x86-64-v3"), capture_output=True, check=True)
        for kind in KINDS:
            ours_name = kind if kind.startswith("filterbank") else f"spectrometer_{kind}"
            # A plan that was measured anew on either side may be another one: the limit's counts for both.
            ours, _ = per_sample(program, ours_name, "library_block", folder)
            limit, fft = per_sample(program, f"limit_{kind}", "limit_block", folder)
            results[kind] = {"ours": ours + fft, "limit": limit + fft, "fft": fft}
            print(f"{kind:18} {ours + fft:6.2f} {limit + fft:6.2f} {fft:6.2f} {(ours + fft) / (limit + fft):6.3f}", flush=True)
    if len(sys.argv) > 2:
        pathlib.Path(sys.argv[2]).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
