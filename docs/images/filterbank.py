# SPDX-License-Identifier: BSD-3-Clause
"""Draws filterbank.png of docs/explanation/filterbank.md: python docs/images/filterbank.py"""

import pathlib

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import astro

SHOWN = [("hann", 1, "Hann, 1 tap (windowed transform)"), ("hann", 4, "Hann, 4 taps"), ("hamming", 4, "Hamming, 4 taps"),
         ("hann", 8, "Hann, 8 taps")]


def decibels(power):
    return 10 * np.log10(np.maximum(power, 1e-12))


def main():
    figure, (far, near) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for window, taps, label in SHOWN:
        for axes, reach in ((far, 6.0), (near, 0.75)):
            off = np.linspace(-reach, reach, 1201)
            response = astro.channel_response(off, channels=64, window=window, taps=taps)
            axes.plot(off, decibels(response), label=label, linewidth=1)
    far.set(ylim=(-100, 5), xlabel="channels from the centre", ylabel="response [dB]", title="side lobes")
    near.set(ylim=(-12, 1), xlabel="channels from the centre", title="scalloping: dashed where the next channel begins")
    for edge in (-0.5, 0.5):
        near.axvline(edge, linestyle="--", color="0.5", linewidth=0.8)
    far.legend(fontsize=8, loc="lower center")
    figure.savefig(pathlib.Path(__file__).with_suffix(".png"), dpi=110)


if __name__ == "__main__":
    main()
