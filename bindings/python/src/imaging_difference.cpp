// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/difference.hpp"
#include "enums.hpp"
#include "imaging.hpp"
#include "records.hpp"

namespace astro_python {

template <>
struct EnumNames<astro::imaging::Alignment> {
  static constexpr const char* name = "Alignment";
  static constexpr auto values = std::to_array<const char*>({"automatic", "stars", "wcs", "none"});
};

void bind_difference(py::module_& room) {
  using astro::imaging::Difference;
  using astro::imaging::Image;
  using astro::imaging::Psf;
  make_enum<astro::imaging::Alignment>(room, "By what a reference is brought onto the pixels of another image.");
  py::class_<Difference>(room, "Difference", nogil_destructor(),
                         "What has changed between two images, and how it was found.")
      .def_readonly("science", &Difference::science, "With its variance.")
      .def_readonly("reference", &Difference::reference, "With its variance, on the pixels of the science image.")
      .def_readonly("science_psf", &Difference::science_psf)
      .def_readonly("reference_psf", &Difference::reference_psf)
      .def_readonly("science_quality", &Difference::science_quality)
      .def_readonly("reference_quality", &Difference::reference_quality, "Before it was resampled.")
      .def_readonly("registration", &Difference::registration, "Of the reference to the science image.")
      .def_readonly("is_resampled", &Difference::is_resampled,
                    "Whether the reference was; the subtraction alone takes a shift of less than a pixel off.")
      .def_readonly("subtraction", &Difference::subtraction)
      .def_readonly("candidates", &Difference::candidates, "The most significant first, those with a veto among them.")
      .def("__repr__", [](const Difference& self) {
        return "<Difference with " + std::to_string(self.candidates.size()) + " candidates; " +
               self.registration.reason + ">";
      });
  room.def(
      "difference",
      [](const Image& science, const Image& reference, astro::imaging::Alignment alignment,
         std::optional<Psf> science_psf, std::optional<Psf> reference_psf, int psf_order, std::size_t psf_side,
         const astro::imaging::QualityLimits& limits, std::optional<double> flux_ratio,
         std::optional<double> astrometric_noise, std::size_t background_cell, double threshold, bool negative,
         int correlated, std::size_t tile, int threads) {
        astro::imaging::DifferenceOptions options{.alignment = alignment,
                                                  .science_psf = std::move(science_psf),
                                                  .reference_psf = std::move(reference_psf),
                                                  .psf_order = psf_order,
                                                  .psf_side = psf_side,
                                                  .limits = limits};
        options.subtraction.flux_ratio = flux_ratio;
        options.subtraction.astrometric_noise = astrometric_noise;
        options.subtraction.background_cell = background_cell;
        options.subtraction.correlated = correlated;
        options.subtraction.tile = tile;
        options.subtraction.threads = threads;
        options.detection.threshold = threshold;
        options.detection.negative = negative;
        return astro::imaging::difference(science, reference, options);
      },
      "science"_a, "reference"_a, py::kw_only(), "alignment"_a = astro::imaging::Alignment::automatic,
      "science_psf"_a = py::none(), "reference_psf"_a = py::none(), "psf_order"_a = 0, "psf_side"_a = 0,
      py::arg_v("limits", astro::imaging::QualityLimits(), "QualityLimits()"), "flux_ratio"_a = py::none(),
      "astrometric_noise"_a = py::none(), "background_cell"_a = 128, "threshold"_a = 5.0, "negative"_a = true,
      "correlated"_a = 0, "tile"_a = 0, "threads"_a = 1, nogil(),
      R"(All the way from two calibrated images of a field to the points that have changed.

Noise, registration and PSFs are measured where they are not given. alignment: "automatic" (the stars; the world
coordinates of both where the stars do not tell, or less surely and agree with them), "stars", "wcs" or "none"; psf_order, psf_side: of the PSFs that are measured, as order and side of
`measure_psf`; limits: of the verdicts, and least_overlap of what is subtracted; threshold,
negative: as of `detect`; the rest as of `subtract`. Raises an Error where the images cannot be brought onto each other, share
too little, or no star tells a PSF that is not given.)");
}

}  // namespace astro_python
