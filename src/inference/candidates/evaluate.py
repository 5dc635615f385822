# SPDX-License-Identifier: BSD-3-Clause
"""How good the classifier is on candidates of simulate.py that it was not trained on: figures and curves.

Usage: evaluate.py HELD_OUT.npz [--picture FILE.png] [--json FILE] [--model FILE.onnx]
"""

import argparse
import json
import pathlib

import numpy as np

import astro


def precision_recall(score, is_real):
    """Precision and recall of each threshold, the highest first."""
    order = np.argsort(-score, kind="stable")
    true = np.cumsum(is_real[order])
    return true / np.arange(1, len(order) + 1), true / true[-1]


def area_under(precision, recall):
    """The average precision: the mean of the precision over the recall, without drawing lines between points."""
    return float(np.sum(np.diff(recall, prepend=0) * precision))


def calibration(score, is_real, bins=10):
    """Of each tenth of the probability: its mean, the part that is real, its standard error, and how many there are."""
    rows = []
    for low in np.arange(bins) / bins:
        here = (score >= low) & ((score < low + 1 / bins) | (low + 1 / bins >= 1))
        n = here.sum()
        if n:
            part = is_real[here].mean()
            # Laplace's rule: the error of none of three is not 0.
            guess = (is_real[here].sum() + 1) / (n + 2)
            rows.append((score[here].mean(), part, np.sqrt(guess * (1 - guess) / n), n))
    return np.array(rows)


def scored(classifier, triplets):
    return np.concatenate([classifier.score(triplets[i : i + 1000]) for i in range(0, len(triplets), 1000)])


def figures(classifier, data):
    score, is_real, vetoed = scored(classifier, data["triplets"]), data["is_real"], data["vetoed"]
    precision, recall = precision_recall(score, is_real)
    threshold = classifier.model.threshold
    kept = score >= threshold
    rows = calibration(score, is_real)
    sound = ~vetoed
    return {
        "candidates": len(score),
        "real": int(is_real.sum()),
        "area": area_under(precision, recall),
        "area without a veto": area_under(*precision_recall(score[sound], is_real[sound])),
        "threshold": threshold,
        "real kept": float(kept[is_real].mean()),
        "real kept without a veto": float(kept[is_real & sound].mean()),
        "false kept": float(kept[~is_real].mean()),
        "kept that are real": float(is_real[kept].mean()),
        "calibration error": float(np.sum(rows[:, 3] * abs(rows[:, 0] - rows[:, 1])) / rows[:, 3].sum()),
    }, score


def draw(file, data, score, threshold):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    is_real, size = data["is_real"], abs(data["significance"])
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    for name, here in (("all candidates", np.full(len(score), True)), ("without a veto", ~data["vetoed"]), ("below 7 sigma", size < 7)):
        precision, recall = precision_recall(score[here], is_real[here])
        left.plot(recall, precision, label=f"{name}: area {area_under(precision, recall):.4f}")
    left.set(xlabel="recall", ylabel="precision", xlim=(0.5, 1.005), ylim=(0.5, 1.01), title="Held-out fields")
    left.legend(loc="lower left")
    rows = calibration(score, is_real)
    middle.plot([0, 1], [0, 1], color="0.7")
    middle.errorbar(rows[:, 0], rows[:, 1], rows[:, 2], fmt="o-")
    for x, y, error, n in rows:
        low = y > 0.5
        middle.annotate(f"{n:.0f}", (x, y - error if low else y + error), (0, -12 if low else 5), textcoords="offset points", ha="center", fontsize=7)
    middle.set(xlabel="score", ylabel="part that is real", xlim=(-0.03, 1.03), ylim=(-0.06, 1.06), title="Calibration, with numbers of candidates")
    edges = np.geomspace(size.min(), 40, 12)
    centres = np.sqrt(edges[1:] * edges[:-1])
    for name, here, colour in (("real", is_real, "C0"), ("false", ~is_real, "C3")):
        parts = [np.nan if not (s := here & (size >= a) & (size < b)).any() else (score[s] >= threshold).mean() for a, b in zip(edges[:-1], edges[1:])]
        right.plot(centres, parts, "o-", color=colour, label=name)
    right.set(xscale="log", xlabel="significance", ylabel=f"part with a score above {threshold:.2f}", ylim=(-0.03, 1.03), title="What is kept")
    right.set_xticks([5, 7, 10, 20, 40], ["5", "7", "10", "20", "40"])
    right.minorticks_off()
    right.legend()
    figure.savefig(file, dpi=110)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("held_out")
    parser.add_argument("--picture")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--model")
    arguments = parser.parse_args()
    data = dict(np.load(arguments.held_out))
    classifier = astro.imaging.Classifier(arguments.model)
    made, score = figures(classifier, data)
    for name, value in made.items():
        print(f"{name}: {value:.4f}" if isinstance(value, float) else f"{name}: {value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(made, indent=2) + "\n")
    if arguments.picture:
        draw(arguments.picture, data, score, classifier.model.threshold)


if __name__ == "__main__":
    main()
