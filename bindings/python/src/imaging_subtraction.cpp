// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/coaddition.hpp"
#include "astro/imaging/detection.hpp"
#include "astro/imaging/kernel_matching.hpp"
#include "astro/imaging/subtraction.hpp"
#include "imaging.hpp"
#include "records.hpp"

namespace astro_python {

template <>
struct EnumNames<astro::imaging::Veto> {
  static constexpr const char* name = "Veto";
  static constexpr auto& values = astro::Description<astro::imaging::Veto>::choices;
};

namespace {

namespace imaging = astro::imaging;
using imaging::Candidate;
using imaging::Image;
using imaging::PixelPosition;
using imaging::Psf;
using imaging::Subtraction;
using imaging::SubtractionMatch;

/// A plane of an object, as an array that keeps the object.
template <class T>
py::array view_of(const imaging::Plane<T>& plane, const py::object& owner) {
  const std::array<std::size_t, 2> shape{plane.rows(), plane.columns()};
  return view(plane.data(), *astro::detail::dtype_of<T>(), shape, owner);
}

template <class Owner, class T>
auto plane_getter(imaging::Plane<T> Owner::*member) {
  return [member](const py::object& self) { return view_of(py::cast<const Owner&>(self).*member, self); };
}

void bind_match(py::module_& room) {
  py::class_<SubtractionMatch>(room, "SubtractionMatch", "How the two images of a subtraction fit each other.")
      .def_readonly("flux_ratio", &SubtractionMatch::flux_ratio,
                    "Science counts of a source for each in the reference.")
      .def_readonly("flux_scatter", &SubtractionMatch::flux_scatter, "Robust relative scatter of the stars around it.")
      .def_readonly("shift_x", &SubtractionMatch::shift_x,
                    "Pixels that the science image's stars lay further, taken off.")
      .def_readonly("shift_y", &SubtractionMatch::shift_y, "The same along the columns.")
      .def_readonly("astrometric_x", &SubtractionMatch::astrometric_x, "Astrometric noise, pixels.")
      .def_readonly("astrometric_y", &SubtractionMatch::astrometric_y, "The same along the columns.")
      .def_readonly("science_noise", &SubtractionMatch::science_noise, "Standard deviation of a pixel of the sky.")
      .def_readonly("reference_noise", &SubtractionMatch::reference_noise, "The same of the reference, in its unit.")
      .def_readonly("significance_std", &SubtractionMatch::significance_std,
                    "Robust standard deviation of the significance: 1 where the noise is understood.")
      .def_readonly("stars", &SubtractionMatch::stars, "How many were used.")
      .def("__repr__", [](const SubtractionMatch& self) {
        return py::cast<std::string>(
            py::str("<SubtractionMatch of {} stars: flux ratio {:.4f}, shift ({:+.3f}, {:+.3f}), noise {:.3f}>")
                .format(self.stars, self.flux_ratio, self.shift_x, self.shift_y, self.significance_std));
      });
}

void bind_subtraction_result(py::module_& room) {
  py::class_<Subtraction>(room, "Subtraction", nogil_destructor(),
                          "What has changed between two images; fluxes in the unit of the reference.")
      .def_readonly("difference", &Subtraction::difference,
                    "Image: a source of flux f appears as f times `psf`; its noise is white.")
      .def_property_readonly("flux", plane_getter(&Subtraction::flux), "Array: flux of a point that changed, there.")
      .def_property_readonly("flux_error", plane_getter(&Subtraction::flux_error), "Array: its standard deviation.")
      .def_property_readonly("significance", plane_getter(&Subtraction::significance),
                             "Array: S_corr, positive where something became brighter; 0 where there is no data.")
      .def_readonly("psf", &Subtraction::psf, "Of the difference, in the middle of the image.")
      .def_readonly("difference_scale", &Subtraction::difference_scale, "F_D: D = difference x F_D.")
      .def_readonly("score_scale", &Subtraction::score_scale, "F_S: S = flux x F_S.")
      .def_readonly("match", &Subtraction::match)
      .def("__repr__", [](const Subtraction& self) {
        return "<Subtraction of " + std::to_string(self.flux.rows()) + " x " + std::to_string(self.flux.columns()) +
               " pixels, " + std::to_string(self.match.stars) + " stars>";
      });
}

void bind_subtract(py::module_& room) {
  const imaging::SubtractionOptions standard;
  room.def(
      "subtract",
      [](const Image& science, const Psf& science_psf, const Image& reference, const Psf& reference_psf,
         std::optional<double> flux_ratio, std::optional<double> astrometric_noise, bool align,
         std::size_t background_cell, int correlated, std::size_t tile, int threads) {
        return imaging::subtract(science, science_psf, reference, reference_psf,
                                 {.flux_ratio = flux_ratio,
                                  .astrometric_noise = astrometric_noise,
                                  .align = align,
                                  .background_cell = background_cell,
                                  .correlated = correlated,
                                  .tile = tile,
                                  .threads = threads});
      },
      "science"_a, "science_psf"_a, "reference"_a, "reference_psf"_a, py::kw_only(), "flux_ratio"_a = py::none(),
      "astrometric_noise"_a = py::none(), "align"_a = standard.align, "background_cell"_a = standard.background_cell,
      "correlated"_a = standard.correlated, "tile"_a = standard.tile, "threads"_a = standard.threads, nogil(),
      R"(Subtracts images of the same pixels by the statistic of Zackay, Ofek and Gal-Yam (2016, ApJ 830, 27).

flux_ratio, astrometric_noise (pixels): None, to measure them from the stars; background_cell: side in pixels of the cells
of the background, 0 where it was taken off; correlated: how many pixels away the noise of resampled images is shared;
align: take off the mean shift that remains, up to half the width of a star; tile: side of the parts that are subtracted one
by one, 0 to choose it. A variance that is missing is made from the sky and the gain. Planes of the result have the shape of
the images, fluxes the unit of the reference. The astrometric noise enters by the product of the gradients of both images,
where the paper has the square of each. Raises an Error for images and PSFs that do not fit each other, without usable
pixels, and where fewer than 5 stars tell a flux ratio that is not given.)");
}

void bind_coadd(py::module_& room) {
  using imaging::Coadd;
  py::class_<Coadd>(room, "Coadd", nogil_destructor(), "Many images as one.")
      .def_readonly("image", &Coadd::image, "A source of flux f appears as f times `psf`; its noise is white.")
      .def_readonly("psf", &Coadd::psf, "In the middle of the image.")
      .def_readonly("noise", &Coadd::noise, "Standard deviation of a pixel of the sky.");
  const imaging::CoadditionOptions standard;
  room.def(
      "coadd",
      [](const std::vector<Image>& images, const std::vector<Psf>& psfs, const std::vector<double>& fluxes,
         std::size_t background_cell, int threads) {
        if (psfs.size() != images.size() || (!fluxes.empty() && fluxes.size() != images.size())) {
          throw py::value_error("there are " + std::to_string(images.size()) + " images, " +
                                std::to_string(psfs.size()) + " PSFs and " + std::to_string(fluxes.size()) + " fluxes");
        }
        std::vector<imaging::Exposure> exposures;
        for (std::size_t i = 0; i < images.size(); ++i) {
          exposures.push_back({&images[i], &psfs[i], fluxes.empty() ? 1.0 : fluxes[i]});
        }
        const py::gil_scoped_release release;
        return imaging::coadd(exposures, {background_cell, threads});
      },
      "images"_a, "psfs"_a, "fluxes"_a = py::list(), py::kw_only(), "background_cell"_a = standard.background_cell,
      "threads"_a = standard.threads,
      R"(Adds up images of the same pixels (Zackay and Ofek 2017, ApJ 836, 188).

fluxes: counts of a source in each for each count in the result; 1 where none are given; background_cell: side in pixels of
the cells of the background, which is taken off, 0 where it was. Raises an Error without images, for shapes that do not fit,
and for a flux that is not positive.)");
}

void bind_kernel(py::module_& room) {
  using imaging::KernelMatch;
  py::class_<KernelMatch>(room, "KernelMatch", nogil_destructor(), "A difference by a kernel that was fitted.")
      .def_readonly("difference", &KernelMatch::difference, "In the unit of the science image.")
      .def_readonly("flux_ratio", &KernelMatch::flux_ratio, "Sum of the kernel.")
      .def_readonly("chi_square", &KernelMatch::chi_square, "A pixel, of the stamps that were used.")
      .def_readonly("stamps", &KernelMatch::stamps, "That were used.")
      .def_readonly("clipped", &KernelMatch::clipped, "That were not, since they do not fit.");
  const imaging::KernelOptions standard;
  room.def(
      "match_kernel",
      [](const Image& science, const Image& reference, std::size_t reach, std::vector<double> widths,
         std::vector<int> orders, int field_order, int background_order, std::size_t stamps, std::size_t stamp_reach,
         int threads) {
        return imaging::match_kernel(
            science, reference,
            {reach, std::move(widths), std::move(orders), field_order, background_order, stamps, stamp_reach, threads});
      },
      "science"_a, "reference"_a, py::kw_only(), "reach"_a = standard.reach, "widths"_a = standard.widths,
      "orders"_a = standard.orders, "field_order"_a = standard.field_order,
      "background_order"_a = standard.background_order, "stamps"_a = standard.stamps,
      "stamp_reach"_a = standard.stamp_reach, "threads"_a = standard.threads, nogil(),
      R"(Subtracts the reference through the kernel that fits the stars best (Alard and Lupton 1998, ApJ 503, 325).

reach: the kernel has 2 reach + 1 pixels a side; widths, orders: its Gaussians and the polynomials that multiply them;
field_order, background_order: of its change over the field, and of what is added, 0 to 3; stamps: bright stars that it is
fitted to, at most, each of 2 stamp_reach + 1 pixels a side. The reference should be the sharper one. Raises an Error where
fewer stars are found than the kernel needs.)");
}

std::vector<PixelPosition> places_from(const py::object& object) {
  if (object.is_none()) return {};
  const py::array_t<double, py::array::c_style | py::array::forcecast> array(object);
  if (array.ndim() != 2 || array.shape(1) != 2) throw py::value_error("places are an array of (n, 2): x and y");
  std::vector<PixelPosition> made;
  for (py::ssize_t i = 0; i < array.shape(0); ++i) made.push_back({array.at(i, 0), array.at(i, 1)});
  return made;
}

void bind_detection(py::module_& room) {
  make_enum<imaging::Veto>(room, "Why a candidate is probably nothing on the sky.");
  bind_record<Candidate>(room, "Candidate", "A point that has changed, and what is known of it.");
  const imaging::DetectionOptions standard;
  room.def(
      "detect",
      [](const Subtraction& subtraction, const Image& science, const Image& reference, const py::object& sources,
         double threshold, bool negative, double halo_reach, double halo_contrast, double dipole_share,
         double point_chi_square) {
        const std::vector<PixelPosition> places = places_from(sources);
        const py::gil_scoped_release release;
        return imaging::detect(subtraction, science, reference, places,
                               {threshold, negative, halo_reach, halo_contrast, dipole_share, point_chi_square});
      },
      "subtraction"_a, "science"_a, "reference"_a, "sources"_a = py::none(), py::kw_only(),
      "threshold"_a = standard.threshold, "negative"_a = standard.negative, "halo_reach"_a = standard.halo_reach,
      "halo_contrast"_a = standard.halo_contrast, "dipole_share"_a = standard.dipole_share,
      "point_chi_square"_a = standard.point_chi_square,
      R"(Candidates of a subtraction, the most significant first, those with a veto among them.

science, reference: the images that were subtracted; sources: (n, 2) places of the reference's, x and y in pixels; threshold:
standard deviations; negative: also what became fainter; halo_reach (widths of a point), halo_contrast: of a saturated star's
halo; dipole_share: of an extreme of the other sign; point_chi_square: per pixel, above it is no point.)");
  room.def(
      "forced_flux",
      [](const Subtraction& subtraction, double x, double y) -> std::optional<std::pair<double, double>> {
        const std::optional<imaging::ForcedFlux> made = imaging::forced_flux(subtraction, {x, y});
        if (!made) return std::nullopt;
        return std::pair(made->flux, made->error);
      },
      "subtraction"_a, "x"_a, "y"_a,
      "Flux of a point at a known place (pixels) and its error, in the unit of the reference; None where there is no "
      "data.");
  room.def(
      "cut",
      [](const Image& science, const Image& reference, const Image& difference, double x, double y, std::size_t side) {
        imaging::Triplet made = imaging::cut(science, reference, difference, {x, y}, side);
        return py::make_tuple(array_of(std::move(made.science)), array_of(std::move(made.reference)),
                              array_of(std::move(made.difference)));
      },
      "science"_a, "reference"_a, "difference"_a, "x"_a, "y"_a, "side"_a = 63,
      "Science, reference and difference around a place (pixels): three arrays of (side, side), float32; NaN: outside, "
      "or "
      "not usable. side is odd; 63 as in ZTF's alerts.");
}

}  // namespace

void bind_subtraction(py::module_& room) {
  bind_match(room);
  bind_subtraction_result(room);
  bind_subtract(room);
  bind_coadd(room);
  bind_kernel(room);
  bind_detection(room);
}

}  // namespace astro_python
