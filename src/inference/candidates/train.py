# SPDX-License-Identifier: BSD-3-Clause
"""Trains the classifier of candidates that ships with libastro, and writes candidates.onnx with candidates.json.

Usage: train.py TRAINING.npz... --validation VALIDATION.npz [--out FOLDER] [--golden FILE] [--epochs 8] [--seed 1] [--minutes 15]

The files are those of simulate.py. What a network gets is made by astro.imaging.normalised alone, here as in use. Needs
torch, as Debian's python3-torch has it, and numpy. On one thread the same files and seed give the same network.
"""

import argparse
import io
import json
import pathlib
import time
import zlib

import numpy as np
import torch
from torch import nn

import astro

SIDE = 63
CORE = slice(20, 43)  # 23 pixels around the candidate
KEPT = 0.97  # above `threshold`, of the validation's real candidates of 5 sigma that have no veto


class Network(nn.Module):
    """What is at the place, pixel by pixel, and coarsely what is around it; one number comes out."""

    def __init__(self):
        super().__init__()
        self.core = nn.Sequential(
            layer(3, 16), layer(16, 24), nn.MaxPool2d(2), layer(24, 32), layer(32, 32), nn.Flatten()
        )  # 21, 19, 9, 7, 5
        self.around = nn.Sequential(
            nn.AvgPool2d(3), layer(3, 12), nn.MaxPool2d(2), layer(12, 16), nn.MaxPool2d(2), nn.Flatten()
        )  # 21, 19, 9, 7, 3
        self.judge = nn.Sequential(nn.Linear(32 * 25 + 16 * 9, 48), nn.ReLU(), nn.Dropout(0.2), nn.Linear(48, 1))

    def forward(self, triplets):
        both = torch.cat([self.core(triplets[:, :, CORE, CORE]), self.around(triplets)], 1)
        return self.judge(both)


def layer(into, out):
    return nn.Sequential(nn.Conv2d(into, out, 3), nn.BatchNorm2d(out), nn.ReLU())


def read(files):
    """Normalised triplets in half precision, which are real, and which anybody would look at without a classifier."""
    triplets, is_real, is_shown = [], [], []
    for file in files:
        data = np.load(file)
        raw = data["triplets"]
        parts = [astro.imaging.normalised(raw[i : i + 1000]).astype(np.float16) for i in range(0, len(raw), 1000)]
        triplets.append(np.concatenate(parts))
        is_real.append(data["is_real"])
        is_shown.append((abs(data["significance"]) >= 5) & ~data["vetoed"])
    return torch.from_numpy(np.concatenate(triplets)), torch.from_numpy(np.concatenate(is_real).astype(np.float32)), np.concatenate(is_shown)


def turned(batch, generator):
    """The sky has no preferred direction: one of eight orientations, for a whole batch."""
    turn = int(torch.randint(8, (1,), generator=generator))
    batch = torch.rot90(batch, turn % 4, (2, 3))
    return batch.flip(3) if turn >= 4 else batch


def said_by(network, triplets):
    network.eval()
    with torch.no_grad():
        return torch.cat([network(part.float())[:, 0] for part in triplets.split(512)])


def platt(said, is_real):
    """Slope and offset that make the most likely probabilities, by Newton's method."""
    x, y = said.double(), is_real.double()
    slope, offset = 1.0, 0.0
    for _ in range(50):
        p = torch.sigmoid(slope * x + offset)
        gradient = torch.stack([((p - y) * x).sum(), (p - y).sum()])
        w = p * (1 - p)
        bend = torch.stack([torch.stack([(w * x * x).sum(), (w * x).sum()]), torch.stack([(w * x).sum(), w.sum()])])
        step = torch.linalg.solve(bend + 1e-6 * torch.eye(2, dtype=bend.dtype), gradient)
        slope, offset = slope - float(step[0]), offset - float(step[1])
    return slope, offset


def train(triplets, is_real, checked, checked_real, epochs, seed, minutes):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    network = Network()
    rate, batch = 2e-3, 128
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    steps = epochs * (len(is_real) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps, pct_start=0.15)
    begin = time.monotonic()
    for epoch in range(epochs):
        network.train()
        total = 0.0
        for chosen in torch.randperm(len(is_real), generator=generator)[: steps // epochs * batch].split(batch):
            said = network(turned(triplets[chosen].float(), generator))[:, 0]
            loss = nn.functional.binary_cross_entropy_with_logits(said, is_real[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss)
        said = said_by(network, checked)
        other = float(nn.functional.binary_cross_entropy_with_logits(said, checked_real))
        print(f"epoch {epoch + 1}: loss {total / (steps // epochs):.4f}, validation {other:.4f}, {time.monotonic() - begin:.0f} s", flush=True)
        if time.monotonic() - begin > 60 * minutes:
            raise SystemExit("training takes longer than it may: take fewer fields or epochs")
    return network


def onnx_of(network):
    network.eval()
    content = io.BytesIO()
    names = {"input_names": ["triplets"], "output_names": ["said"], "dynamic_axes": {"triplets": {0: "n"}, "said": {0: "n"}}}
    torch.onnx.export(network, torch.zeros(2, 3, SIDE, SIDE), content, opset_version=11, **names)
    return content.getvalue()


def write_golden(file, network, validation, said):
    """Eight triplets from the surest false to the surest real, rounded so that they need little room, with what torch says."""
    data = np.load(validation)
    chosen = said.argsort()[torch.linspace(0, len(said) - 1, 8).long()].numpy()
    raw = data["triplets"][chosen]
    low, high = np.nanquantile(raw, (0.25, 0.75), axis=(2, 3), keepdims=True)
    step = (high - low) / 16
    raw = (np.round(raw / step) * step).astype(np.float32)
    with torch.no_grad():
        says = network(torch.from_numpy(astro.imaging.normalised(raw)))[:, 0].double().numpy()
    np.savez_compressed(file, triplets=raw, said=says)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("training", nargs="+")
    parser.add_argument("--validation", required=True)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--golden", type=pathlib.Path, help="also write some triplets with what the network says here: for the tests")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=15)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    triplets, is_real, _ = read(arguments.training)
    checked, checked_real, is_shown = read([arguments.validation])
    print(f"{len(is_real)} candidates, {int(is_real.sum())} of them real; {len(checked_real)} to check")
    network = train(triplets, is_real, checked, checked_real, arguments.epochs, arguments.seed, arguments.minutes)
    said = said_by(network, checked)
    slope, offset = platt(said, checked_real)
    probability = torch.sigmoid(slope * said + offset)
    threshold = float(probability[(checked_real == 1) & torch.from_numpy(is_shown)].quantile(1 - KEPT))
    content = onnx_of(network)
    (arguments.out / "candidates.onnx").write_bytes(content)
    description = {
        "name": "candidates-1",
        "says": "stars that appear, vanish or vary among what image subtraction takes for a change, on simulated fields",
        "side": SIDE,
        "slope": round(slope, 4),
        "offset": round(offset, 4),
        "threshold": round(threshold, 4),
        "bytes": len(content),
        "checksum": zlib.crc32(content),
    }
    (arguments.out / "candidates.json").write_text(json.dumps(description, indent=2) + "\n")
    if arguments.golden:
        write_golden(arguments.golden, network, arguments.validation, said)
    print(json.dumps(description, indent=2))


if __name__ == "__main__":
    main()
