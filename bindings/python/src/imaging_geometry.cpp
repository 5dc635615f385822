// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/astrometry.hpp"
#include "astro/imaging/photometry.hpp"
#include "astro/imaging/registration.hpp"
#include "astro/imaging/resampling.hpp"
#include "astro/imaging/wcs.hpp"
#include "enums.hpp"
#include "foreign.hpp"
#include "imaging.hpp"
#include "sky.hpp"

namespace astro_python {

template <>
struct EnumNames<astro::imaging::Motion> {
  static constexpr const char* name = "Motion";
  static constexpr auto values = std::to_array<const char*>({"shift", "rigid", "similarity", "affine"});
};
template <>
struct EnumNames<astro::imaging::Kernel> {
  static constexpr const char* name = "Kernel";
  static constexpr auto values = std::to_array<const char*>({"bilinear", "lanczos3"});
};

namespace {

namespace imaging = astro::imaging;
using astro::Angle;
using astro::Icrs;
using imaging::CatalogueStar;
using imaging::Image;
using imaging::PixelPosition;
using imaging::Psf;
using imaging::Registration;
using imaging::Star;
using imaging::Transform;
using imaging::Wcs;

using Pair = std::pair<double, double>;
using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;

PixelPosition position(const Pair& pair) { return {pair.first, pair.second}; }
Pair pair_of(PixelPosition place) { return {place.x, place.y}; }

/// x, y and flux: columns of these names, or an array of (n, 3), or of (n, 2) without fluxes.
std::vector<Star> stars_from(const py::object& object) {
  const py::module_ numpy = py::module_::import("numpy");
  const py::array array = numpy.attr("asarray")(object);
  std::vector<Star> stars;
  if (!array.attr("dtype").attr("names").is_none()) {
    const auto column = [&](const char* name) { return numbers_from<double>(py::object(array[py::str(name)])); };
    const std::vector<double> x = column("x");
    const std::vector<double> y = column("y");
    const std::vector<double> flux = column("flux");
    for (std::size_t i = 0; i < x.size(); ++i) stars.push_back({{x[i], y[i]}, flux[i]});
    return stars;
  }
  if (array.size() == 0) return stars;
  const Doubles rows(array);
  if (rows.ndim() != 2 || (rows.shape(1) != 2 && rows.shape(1) != 3)) {
    throw py::value_error(
        "stars are an array of (n, 3) with x, y and flux, of (n, 2) without fluxes, or one with columns of these "
        "names");
  }
  for (py::ssize_t i = 0; i < rows.shape(0); ++i) {
    stars.push_back({{rows.at(i, 0), rows.at(i, 1)}, rows.shape(1) == 3 ? rows.at(i, 2) : 0.0});
  }
  return stars;
}

std::vector<CatalogueStar> catalogue_from(const Pairs& directions, const py::object& magnitudes) {
  const std::vector<double> magnitude = magnitudes.is_none() ? std::vector<double>() : numbers_from<double>(magnitudes);
  const std::span<const Icrs> icrs = directions.span<Icrs>();
  if (!magnitude.empty() && magnitude.size() != icrs.size())
    throw py::value_error("there are not as many magnitudes as directions");
  std::vector<CatalogueStar> catalogue;
  for (std::size_t i = 0; i < icrs.size(); ++i) catalogue.push_back({icrs[i], magnitude.empty() ? NAN : magnitude[i]});
  return catalogue;
}

py::array stars_array(const std::vector<Star>& stars) {
  py::array_t<double> made({static_cast<py::ssize_t>(stars.size()), py::ssize_t{3}});
  double* at = made.mutable_data();
  for (const Star& star : stars) {
    *at++ = star.place.x;
    *at++ = star.place.y;
    *at++ = star.flux;
  }
  return made;
}

py::array pairs_array(const std::vector<std::pair<std::size_t, std::size_t>>& pairs) {
  py::array_t<std::int64_t> made({static_cast<py::ssize_t>(pairs.size()), py::ssize_t{2}});
  std::int64_t* at = made.mutable_data();
  for (const auto& [first, second] : pairs) {
    *at++ = static_cast<std::int64_t>(first);
    *at++ = static_cast<std::int64_t>(second);
  }
  return made;
}

py::tuple places_array(const std::vector<PixelPosition>& places) {
  py::array_t<double> x(static_cast<py::ssize_t>(places.size()));
  py::array_t<double> y(static_cast<py::ssize_t>(places.size()));
  for (std::size_t i = 0; i < places.size(); ++i) {
    x.mutable_data()[i] = places[i].x;
    y.mutable_data()[i] = places[i].y;
  }
  return py::make_tuple(x, y);
}

/// Text of cards, or what astropy has: a Header or a WCS.
std::string cards_from(py::object object) {
  if (py::hasattr(object, "to_header")) object = object.attr("to_header")("relax"_a = true);
  if (py::hasattr(object, "tostring") && py::hasattr(object, "cards"))
    object = object.attr("tostring")("sep"_a = "", "padding"_a = false);
  return py::cast<std::string>(object);
}

py::object sky_of_many(const Wcs& wcs, const py::object& x, const py::object& y) {
  const std::vector<PixelPosition> places = places_from(x, y);
  const std::vector<Icrs> sky = without_gil([&] { return wcs.sky(places); });
  PairsMade made(sky.size());
  std::copy(sky.begin(), sky.end(), made.span<Icrs>().begin());
  return made.as("IcrsArray");
}

}  // namespace

std::optional<Wcs> wcs_from(py::handle object) {
  if (!is_a(object, "astropy", "WCS")) return std::nullopt;
  const std::string cards = cards_from(py::reinterpret_borrow<py::object>(object));
  return without_gil([&] { return Wcs::from_header(cards); });
}

void bind_wcs(py::module_& room) {
  py::class_<Wcs>(room, "Wcs",
                  R"(Where each pixel of an image lies on the sky, in every projection of FITS, with SIP and TPV.

Pixels are counted from 0 at the centre of the first one, x along a row. A WCS of astropy is taken wherever a Wcs is.)")
      .def_static(
          "from_header",
          [](const py::object& cards) {
            const std::string text = cards_from(cards);
            return without_gil([&] { return Wcs::from_header(text); });
          },
          "cards"_a, "From the cards of a FITS header (80 characters each), or astropy's Header or WCS.")
      .def_static(
          "tangential",
          [](const Icrs& centre, const Pair& at, Angle scale, Angle rotation, bool flipped) {
            return Wcs::tangential(centre, position(at), scale, rotation, flipped);
          },
          "centre"_a, "at"_a, "scale"_a, "rotation"_a = Angle(), "flipped"_a = false,
          "A tangential projection; rotation: of north from up (+y) through east (-x, unless flipped).")
      .def(
          "sky",
          [](const Wcs& self, double x, double y) {
            return self.sky(PixelPosition{x, y});
          },
          "x"_a, "y"_a, "ICRS of a pixel; None where the projection has no such place.")
      .def("sky", &sky_of_many, "x"_a, "y"_a,
           "Of many: named arrays ra and dec in radians, NaN where there is nothing.")
      .def(
          "pixel",
          [](const Wcs& self, const Pairs& directions) {
            return places_array(without_gil([&] { return self.pixel(directions.span<Icrs>()); }));
          },
          "directions"_a,
          "Of many (a SkyCoord, radians of (n, 2), two arrays in a tuple): arrays x and y, NaN where there is nothing.")
      .def(
          "pixel",
          [](const Wcs& self, const Icrs& direction) {
            const auto place = self.pixel(direction);
            return place ? std::optional(pair_of(*place)) : std::nullopt;
          },
          "direction"_a, "(x, y) of a direction; None on the far side.")
      .def("header", &Wcs::header, "The same as cards of a FITS header, 80 characters each.")
      .def("shifted", &Wcs::shifted, "column"_a, "row"_a,
           "That of a part of the image whose first pixel is at (column, row).")
      .def_property_readonly(
          "reference", [](const Wcs& self) { return pair_of(self.reference()); }, "CRPIX, counted from 0.")
      .def_property_readonly("scale", &Wcs::scale, "Side of a pixel at the reference.")
      .def(
          "to_astropy",
          [](const Wcs& self) {
            const py::object header =
                py::module_::import("astropy.io.fits").attr("Header").attr("fromstring")(self.header());
            return py::module_::import("astropy.wcs").attr("WCS")(header);
          },
          "astropy.wcs.WCS of the same.");
}

namespace {

void bind_registration(py::module_& room) {
  make_enum<imaging::Motion>(room, "What may differ between two images: shift, rigid, similarity, affine.");
  py::class_<Transform>(room, "Transform", "x' = x0 + xx x + xy y, y' = y0 + yx x + yy y.")
      .def(py::init([](double x0, double xx, double xy, double y0, double yx, double yy) {
             return Transform{x0, xx, xy, y0, yx, yy};
           }),
           "x0"_a = 0.0, "xx"_a = 1.0, "xy"_a = 0.0, "y0"_a = 0.0, "yx"_a = 0.0, "yy"_a = 1.0)
      .def_readonly("x0", &Transform::x0)
      .def_readonly("xx", &Transform::xx)
      .def_readonly("xy", &Transform::xy)
      .def_readonly("y0", &Transform::y0)
      .def_readonly("yx", &Transform::yx)
      .def_readonly("yy", &Transform::yy)
      .def(
          "__call__",
          [](const Transform& self, double x, double y) {
            return pair_of(self({x, y}));
          },
          "x"_a, "y"_a)
      .def(
          "__call__",
          [](const Transform& self, const py::object& x, const py::object& y) {
            std::vector<PixelPosition> places = places_from(x, y);
            for (PixelPosition& place : places) place = self(place);
            return places_array(places);
          },
          "x"_a, "y"_a)
      .def("inverse", &Transform::inverse)
      .def_property_readonly("scale", &Transform::scale)
      .def_property_readonly("rotation", &Transform::rotation, "By which x turns towards y.")
      .def_property_readonly("is_mirrored", &Transform::is_mirrored);
  py::class_<Registration>(room, "Registration", nogil_destructor(),
                           "How two images lie to each other, and whether that can be relied on.")
      .def_readonly("is_found", &Registration::is_found)
      .def_readonly("reason", &Registration::reason, "What was found, or why nothing was.")
      .def_readonly("transform", &Registration::transform)
      .def_readonly("rms", &Registration::rms, "Of the matched stars, in pixels and each coordinate.")
      .def_property_readonly(
          "pairs", [](const Registration& self) { return pairs_array(self.pairs); },
          "Indices of the same stars: array of (n, 2).")
      .def("__repr__", [](const Registration& self) {
        return std::string("<Registration ") + (self.is_found ? "found: " : "not found: ") + self.reason + ">";
      });
  const imaging::RegistrationOptions standard;
  room.def(
      "register_stars",
      [](const py::object& from, const py::object& to, imaging::Motion motion, bool may_be_mirrored, double tolerance,
         std::size_t brightest) {
        const std::vector<Star> first = stars_from(from);
        const std::vector<Star> second = stars_from(to);
        return without_gil([&] {
          return imaging::register_stars(first, second, {motion, may_be_mirrored, tolerance, brightest});
        });
      },
      "from_stars"_a, "to_stars"_a, py::kw_only(), "motion"_a = standard.motion,
      "may_be_mirrored"_a = standard.may_be_mirrored, "tolerance"_a = standard.tolerance,
      "brightest"_a = standard.brightest,
      R"(From patterns of stars alone (Groth 1986, AJ 91, 1244; Valdes et al. 1995, PASP 107, 1119).

Stars: an array of (n, 3) with x, y (pixels) and flux, or one with columns of these names, such as `extracted` gives.
motion: what may differ; tolerance: pixels of the second image by which a star may miss its place at first; brightest: stars
of each that make patterns, 3 to 300. Where nothing is found, `is_found` is false and `reason` says why. Raises an Error for
places and fluxes that are not finite.)");
  room.def(
      "register_wcs", &imaging::register_wcs, "from_wcs"_a, "rows"_a, "columns"_a, "to_wcs"_a,
      "motion"_a = imaging::Motion::affine, nogil(),
      "From where two images say that they lie on the sky; rows and columns of the first. `rms` (pixels) is by how "
      "much a transform differs from that; not found where the second has no such part of the sky.");
}

void bind_resampling(py::module_& room) {
  make_enum<imaging::Kernel>(room, "bilinear, lanczos3.");
  py::class_<imaging::Resampled>(room, "Resampled", nogil_destructor(), "An image on other pixels.")
      .def_readonly("image", &imaging::Resampled::image)
      .def_readonly(
          "correlation", &imaging::Resampled::correlation,
          "The sum of many pixels has this many times the sum of their variances, since neighbours share noise.");
  const imaging::ResamplingOptions standard;
  const auto define = [&room, &standard]<class To>(const To*, const char* says) {
    room.def(
        "resample",
        [](const Image& image, const To& to, std::pair<std::size_t, std::size_t> shape, imaging::Kernel kernel,
           bool keeps_flux, double unusable_share) {
          return imaging::resample(image, to, shape.first, shape.second, {kernel, keeps_flux, unusable_share});
        },
        "image"_a, "to"_a, "shape"_a, py::kw_only(), "kernel"_a = standard.kernel, "keeps_flux"_a = standard.keeps_flux,
        "unusable_share"_a = standard.unusable_share, nogil(), says);
  };
  define(static_cast<const Wcs*>(nullptr), R"(The image on the pixels of a Wcs, of a shape (rows, columns).

kernel: "lanczos3" or "bilinear"; keeps_flux: the sum of the pixels is kept (counts), otherwise their values are (a surface
brightness); unusable_share: a pixel is no_data when unusable ones would have more of its weights. Variance and mask are
carried; the variance is that of each pixel alone, see `Resampled.correlation`. Raises an Error when the image has no wcs,
or the two do not meet.)");
  define(static_cast<const Transform*>(nullptr), "The same by a transform from the image to the result.");
}

void bind_astrometry(py::module_& room) {
  py::class_<imaging::Refinement>(room, "Refinement", nogil_destructor(), "Coordinates fitted to a catalogue.")
      .def_readonly("wcs", &imaging::Refinement::wcs)
      .def_readonly("rms", &imaging::Refinement::rms, "Of the stars that were used, in each coordinate.")
      .def_readonly("rms_pixels", &imaging::Refinement::rms_pixels, "The same in pixels.")
      .def_property_readonly(
          "pairs", [](const imaging::Refinement& self) { return pairs_array(self.pairs); },
          "Indices of stars and of the catalogue: array of (n, 2).");
  const imaging::RefinementOptions refining;
  room.def(
      "refine",
      [](const Wcs& rough, const py::object& stars, const Pairs& catalogue, const py::object& magnitudes, int sip_order,
         double radius) {
        const std::vector<Star> given = stars_from(stars);
        const std::vector<CatalogueStar> entries = catalogue_from(catalogue, magnitudes);
        return without_gil([&] { return imaging::refine(rough, given, entries, {sip_order, radius}); });
      },
      "rough"_a, "stars"_a, "catalogue"_a, "magnitudes"_a = py::none(), py::kw_only(),
      "sip_order"_a = refining.sip_order, "radius"_a = refining.radius,
      R"(World coordinates by least squares on a catalogue (a SkyCoord, or radians of (n, 2)), at the epoch of the image.

stars: (n, 3) with x, y (pixels) and flux; sip_order: of the distortions, 2 to 5, or 0 for none; radius: pixels by which
`rough` may be wrong where patterns of stars do not say more. Raises an Error when too few stars agree, with how many.)");
  const imaging::SolvingOptions solving;
  room.def(
      "solve_field",
      [](const py::object& stars, std::pair<std::size_t, std::size_t> shape,
         const std::optional<std::filesystem::path>& indexes, std::optional<Angle> least_scale,
         std::optional<Angle> most_scale, std::optional<Icrs> near, Angle radius, astro::Duration at_most,
         const std::string& program) {
        const std::vector<Star> given = stars_from(stars);
        return without_gil([&] {
          return imaging::solve_field(given, shape.first, shape.second,
                                      {indexes.value_or(""), least_scale, most_scale, near, radius, at_most, program});
        });
      },
      "stars"_a, "shape"_a, py::kw_only(), "indexes"_a = py::none(), "least_scale"_a = py::none(),
      "most_scale"_a = py::none(), "near"_a = py::none(), "radius"_a = solving.radius, "at_most_s"_a = solving.at_most,
      "program"_a = solving.program,
      R"(World coordinates from the pattern of the stars alone, by astrometry.net's solve-field (Lang et al. 2010, AJ 139, 1782).

shape: (rows, columns) of the image; indexes: a folder of index files; least_scale, most_scale: the side of a pixel, an
angle; near, radius: where the middle lies. A tangential projection, to be refined. Raises an Error: unsupported where the
program is not installed, not_found when no index knows the pattern, timeout after at_most_s.)");
}

void bind_psf(py::module_& room) {
  py::class_<Psf>(room, "Psf", nogil_destructor(),
                  "The image of a point of unit flux, which may change over the field.")
      .def(py::init([](const py::object& plane) { return Psf(plane_from<float>(plane, "the function")); }), "plane"_a,
           "The same everywhere.")
      .def(py::init([](const py::iterable& terms, int order, std::pair<std::size_t, std::size_t> shape) {
             std::vector<imaging::Plane<float>> planes;
             for (const py::handle term : terms) {
               planes.push_back(plane_from<float>(py::reinterpret_borrow<py::object>(term), "a term"));
             }
             return Psf(std::move(planes), order, shape.first, shape.second);
           }),
           "terms"_a, "order"_a, "shape"_a,
           "Varying over an image of shape (rows, columns): the coefficients of 1, x, y, x^2, xy, y^2, ... up to the "
           "order, with x and y from -1 to 1 over it, each an array with odd sides.")
      .def(
          "at",
          [](const Psf& self, double x, double y) {
            return array_of(self.at({x, y}));
          },
          "x"_a, "y"_a, "Centred, sum 1.")
      .def_property_readonly(
          "shape", [](const Psf& self) { return std::pair(self.rows(), self.columns()); }, "(rows, columns).")
      .def_property_readonly("order", &Psf::order, "Of the polynomial over the field.")
      .def(
          "fwhm",
          [](const Psf& self, double x, double y) {
            return self.fwhm({x, y});
          },
          "x"_a, "y"_a, "Pixels, of a circle of equal area.")
      .def(
          "ellipticity",
          [](const Psf& self, double x, double y) {
            return self.ellipticity({x, y});
          },
          "x"_a, "y"_a, "1 - b / a.")
      .def(
          "noise_pixels",
          [](const Psf& self, double x, double y) {
            return self.noise_pixels({x, y});
          },
          "x"_a, "y"_a, "1 over the sum of squares.");
  py::class_<imaging::MeasuredPsf>(room, "MeasuredPsf", nogil_destructor(),
                                   "A point spread function, and of what it was made.")
      .def_readonly("psf", &imaging::MeasuredPsf::psf)
      .def_property_readonly(
          "stars", [](const imaging::MeasuredPsf& self) { return stars_array(self.stars); },
          "x, y and flux by a fit of it: array of (n, 3).")
      .def_readonly("residual", &imaging::MeasuredPsf::residual,
                    "What the stars differ by from it beyond their noise, in units of its peak.")
      .def_readonly("reason", &imaging::MeasuredPsf::reason, "Of what it was made, and what was wanting.");
  const imaging::PsfOptions standard;
  room.def(
      "measure_psf",
      [](const Image& image, const py::object& stars, int order, std::size_t side, std::size_t most_stars) {
        const std::vector<Star> given = stars_from(stars);
        return without_gil([&] { return imaging::measure_psf(image, given, {order, side, most_stars}); });
      },
      "image"_a, "stars"_a, py::kw_only(), "order"_a = standard.order, "side"_a = standard.side,
      "most_stars"_a = standard.most_stars,
      R"(The point spread function from stars that are whole, unsaturated and alone (after Anderson and King 2000, PASP 112, 1360).

stars: (n, 3) with x, y (pixels, to one) and flux; order: of the polynomial over the field, 0 to 2, lower when there are
too few stars; side: pixels, odd, 0 for eight widths; most_stars: the brightest of them. Raises an Error when no star can
be used, with how many were refused for what.)");
}

void bind_quality(py::module_& room) {
  using imaging::Quality;
  using imaging::ZeroPoint;
  py::class_<ZeroPoint>(room, "ZeroPoint", "magnitude of a star = magnitude - 2.5 log10(flux).")
      .def(py::init([](double magnitude) { return ZeroPoint{.magnitude = magnitude}; }), "magnitude"_a)
      .def_readonly("magnitude", &ZeroPoint::magnitude)
      .def_readonly("error", &ZeroPoint::error)
      .def_readonly("scatter", &ZeroPoint::scatter, "Standard deviation of one star about it.")
      .def_readonly("stars", &ZeroPoint::stars);
  room.def(
      "zero_point",
      [](const Wcs& wcs, const py::object& stars, const Pairs& catalogue, const py::object& magnitudes, Angle radius) {
        const std::vector<Star> given = stars_from(stars);
        const std::vector<CatalogueStar> entries = catalogue_from(catalogue, magnitudes);
        return without_gil([&] { return imaging::zero_point(wcs, given, entries, radius); });
      },
      "wcs"_a, "stars"_a, "catalogue"_a, "magnitudes"_a, "radius"_a = astro::arcseconds(2),
      R"(The magnitude of one count, robustly, with its error.

stars: (n, 3) with x, y (pixels) and flux; catalogue: a SkyCoord, or radians of (n, 2); magnitudes: one for each, NaN where
it is not known; radius: an angle. Raises an Error when fewer than three stars agree.)");
  const imaging::QualityLimits standard;
  py::class_<imaging::QualityLimits>(room, "QualityLimits", "What is too little or too much.")
      .def(py::init([](double most_fwhm, double most_ellipticity, double most_background, double least_depth,
                       double least_usable, double least_overlap, std::size_t least_stars) {
             return imaging::QualityLimits{most_fwhm,    most_ellipticity, most_background, least_depth,
                                           least_usable, least_overlap,    least_stars};
           }),
           py::kw_only(), "most_fwhm"_a = standard.most_fwhm, "most_ellipticity"_a = standard.most_ellipticity,
           "most_background"_a = standard.most_background, "least_depth"_a = standard.least_depth,
           "least_usable"_a = standard.least_usable, "least_overlap"_a = standard.least_overlap,
           "least_stars"_a = standard.least_stars);
  py::class_<Quality>(room, "Quality", nogil_destructor(), "Whether an image is worth using, and why.")
      .def_readonly("is_good", &Quality::is_good)
      .def_readonly("reason", &Quality::reason, "All that is wrong, or what was measured.")
      .def_readonly("stars", &Quality::stars, "Of which the point spread function was made.")
      .def_readonly("usable", &Quality::usable, "Share of the pixels.")
      .def_readonly("saturated", &Quality::saturated, "Share of the pixels.")
      .def_readonly("background", &Quality::background, "Median, in the unit of the pixels.")
      .def_readonly("noise", &Quality::noise, "Standard deviation of a pixel of the background.")
      .def_readonly("fwhm", &Quality::fwhm, "Pixels.")
      .def_readonly("seeing", &Quality::seeing, "The same on the sky.")
      .def_readonly("ellipticity", &Quality::ellipticity, "1 - b / a of a star in the middle.")
      .def_readonly("limiting_flux", &Quality::limiting_flux, "Of a star at five times its noise.")
      .def_readonly("depth", &Quality::depth, "The same in magnitudes.")
      .def_readonly("overlap", &Quality::overlap, "Share of the image that lies on the reference.");
  room.def(
      "judge",
      [](const Image& image, const py::object& stars, const imaging::QualityLimits& limits,
         std::optional<ZeroPoint> zero_point, const Image* reference) {
        const std::vector<Star> given = stars_from(stars);
        return without_gil([&] { return imaging::judge(image, given, {limits, zero_point, reference}); });
      },
      "image"_a, "stars"_a, py::arg_v("limits", imaging::QualityLimits(), "QualityLimits()"), py::kw_only(),
      "zero_point"_a = py::none(), "reference"_a = py::none(),
      R"(Whether an image can be used. Never fails for a bad image: it says what is wrong with it.

stars: (n, 3) with x, y (pixels) and flux; zero_point: for the depth; reference: for the overlap, with a wcs. Raises an
Error for planes that do not fit each other alone.)");
}

}  // namespace

void bind_geometry(py::module_& room) {
  bind_registration(room);
  bind_resampling(room);
  bind_astrometry(room);
  bind_psf(room);
  bind_quality(room);
}

}  // namespace astro_python
