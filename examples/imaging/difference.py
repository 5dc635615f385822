# SPDX-License-Identifier: BSD-3-Clause
"""Two nights of a simulated field, and what has changed between them: a table of candidates, each with a score."""

import numpy as np

from astro import imaging

SIDE, GAIN = 512, 1.6  # pixels, electrons a count
random = np.random.default_rng(4)
stars = np.column_stack([random.uniform(0, SIDE, (250, 2)), 10 ** random.uniform(3, 5, 250)])  # x, y, electrons
new = [(100.3, 400.8, 2500), (310.6, 220.1, 1500), (402.2, 96.5, 8000)]
faded = [(230.7, 333.2, 4000)]


def night(stars, fwhm, sky, shift=(0.0, 0.0)):
    """An image in counts with the noise of its electrons."""
    at = np.arange(SIDE)
    light = np.full((SIDE, SIDE), float(sky))
    sigma = fwhm / 2.3548
    for x, y, flux in stars:
        across, along = (np.exp(-0.5 * ((at - place) / sigma) ** 2) for place in (x + shift[0], y + shift[1]))
        light += flux / (2 * np.pi * sigma**2) * np.outer(along, across)
    return imaging.Image(random.poisson(light) / GAIN, gain=GAIN)


science = night([*stars, *new], fwhm=3.4, sky=300)
reference = night([*stars, *faded], fwhm=2.8, sky=120, shift=(3.4, -2.6))

made = imaging.difference(science, reference)  # registers, resamples, measures PSFs and noise, subtracts, searches
scored = imaging.Classifier().scored(made.candidates, made.science, made.reference, made.subtraction.difference)

print("     x      y   sigma    flux  error  score")
for each in scored:
    if each.vetoes:
        continue
    place = f"{each.x_pixel:6.1f} {each.y_pixel:6.1f}"
    print(f"{place} {each.significance:7.1f} {each.flux:7.0f} {each.flux_error:6.0f} {each.score:6.2f}")

# Output, about:
#        x      y   sigma    flux  error  score
#    402.1   96.5    54.5    5167     92   1.00
#    230.7  333.3   -31.6   -2448     76   1.00
#    100.3  400.7    20.6    1559     74   1.00
#    310.5  220.1    13.5     983     71   1.00
