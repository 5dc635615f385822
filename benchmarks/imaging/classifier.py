# SPDX-License-Identifier: BSD-3-Clause
"""How long 100 candidates take to be scored, beside the same network in torch, both on one thread and in one run.

Usage: /usr/bin/python3 classifier.py [RESULT.json]   (Debian's interpreter, which has python3-torch)
"""

import json
import pathlib
import statistics
import sys
import time

import numpy as np
import torch

import astro

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "src/inference/candidates"))
import train  # noqa: E402


def milliseconds(call, repeats=15):
    """Of processor time, so that what else runs on the machine counts less: a median."""
    call()
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        times.append(1e3 * (time.process_time() - begin))
    return statistics.median(times)


def main():
    torch.set_num_threads(1)
    triplets = np.random.default_rng(1).normal(100, 10, (100, 3, 63, 63)).astype(np.float32)
    classifier = astro.imaging.Classifier()
    network = train.Network().eval()
    normalised = torch.from_numpy(astro.imaging.normalised(triplets))

    def in_torch():
        with torch.no_grad():
            network(normalised)

    results = {
        "score of 100": milliseconds(lambda: classifier.score(triplets)),
        "of that normalising": milliseconds(lambda: astro.imaging.normalised(triplets)),
        "network in torch": milliseconds(in_torch),
    }
    for name, value in results.items():
        print(f"{name}: {value:.1f} ms")
    if len(sys.argv) > 1:
        pathlib.Path(sys.argv[1]).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
