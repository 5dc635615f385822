// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/operators.h>

#include "astro/files/image.hpp"
#include "astro/imaging/cosmic_rays.hpp"
#include "imaging.hpp"

namespace astro_python {
namespace {

namespace imaging = astro::imaging;
using imaging::Calibrator;
using imaging::Clip;
using imaging::Combine;
using imaging::CombineOptions;
using imaging::Image;
using imaging::Overscan;
using imaging::Section;
using imaging::Stack;

template <class>
using OptionalImage = const Image*;

/// Frames as Python has them: images, which it keeps, or files.
struct Frames {
  py::list kept;
  Stack stack;
};

Frames frames_from(const py::iterable& frames, const std::optional<Overscan>& overscan) {
  Frames made;
  std::vector<const Image*> images;
  std::vector<std::filesystem::path> paths;
  for (const py::handle each : frames) {
    if (py::isinstance<py::str>(each) || py::hasattr(each, "__fspath__")) {
      paths.push_back(py::cast<std::filesystem::path>(each));
      continue;
    }
    py::object image = py::reinterpret_borrow<py::object>(each);
    if (!py::isinstance<Image>(image)) image = py::cast(py::cast<Image>(image));
    made.kept.append(image);
    images.push_back(&py::cast<const Image&>(image));
  }
  if (!paths.empty() && !images.empty()) throw py::type_error("frames are images or files, not some of both");
  {
    const py::gil_scoped_release release;
    made.stack = paths.empty() ? imaging::stack_of(images) : astro::files::open_stack(paths);
    if (overscan) made.stack = imaging::without_overscan(std::move(made.stack), *overscan);
  }
  return made;
}

/// Binds a function that makes one image of many frames and of the masters that it names.
template <class... Masters, class Make>
void def_combining(py::module_& room, const char* name, const char* doc, Make make, const Masters&... masters) {
  const CombineOptions standard;
  room.def(
      name,
      [make](const py::iterable& frames, OptionalImage<Masters>... given, Combine combine, Clip clip, double low,
             double high, int rounds, const std::optional<Overscan>& overscan) {
        const Frames all = frames_from(frames, overscan);
        const py::gil_scoped_release release;
        return make(all.stack, given..., CombineOptions{combine, clip, low, high, rounds});
      },
      "frames"_a, masters..., py::kw_only(), "combine"_a = standard.combine, "clip"_a = standard.clip,
      "low"_a = standard.low, "high"_a = standard.high, "rounds"_a = standard.rounds, "overscan"_a = py::none(), doc);
}

void bind_sections(py::module_& room) {
  py::class_<Section>(room, "Section", "A part of an image.")
      .def(py::init<std::size_t, std::size_t, std::size_t, std::size_t>(), "row"_a, "column"_a, "rows"_a, "columns"_a)
      .def_readwrite("row", &Section::row)
      .def_readwrite("column", &Section::column)
      .def_readwrite("rows", &Section::rows)
      .def_readwrite("columns", &Section::columns)
      .def(py::self == py::self)
      .def("__repr__", [](const Section& self) {
        return "Section(row=" + std::to_string(self.row) + ", column=" + std::to_string(self.column) +
               ", rows=" + std::to_string(self.rows) + ", columns=" + std::to_string(self.columns) + ")";
      });
  py::class_<Overscan>(room, "Overscan", "Columns that no light fell on, read with each row.")
      .def(py::init<Section, Section, int>(), "strip"_a, "keep"_a, "order"_a = -1,
           "order: of a polynomial over the rows through their medians; -1: each row's own median.")
      .def_readwrite("strip", &Overscan::strip)
      .def_readwrite("keep", &Overscan::keep)
      .def_readwrite("order", &Overscan::order);
  room.def("parse_section", &imaging::parse_section, "text"_a, "From \"[17:528,1:520]\", as FITS cards have it.");
  room.def("trimmed", &imaging::trimmed, "image"_a, "keep"_a, nogil(), "A part of an image.");
  room.def("without_overscan", py::overload_cast<const Image&, const Overscan&>(&imaging::without_overscan), "image"_a,
           "overscan"_a, nogil(), "The image less the level of each row, without the strip.");
}

void bind_masters(py::module_& room) {
  const py::arg_v bias("bias", py::none());
  const py::arg_v dark("dark", py::none());
  def_combining(room, "combined", R"(One image of many.

frames: images, or names of files, each of which is opened once and read a band at a time; low, high: deviations from
the mean or the median at which values are clipped; rounds: at most. The variance is that of the frames where all have
one, else from their scatter.)",
                [](const Stack& stack, const CombineOptions& options) { return imaging::combined(stack, options); });
  def_combining(room, "master_bias", "The level of frames without exposure; see `combined`.",
                [](const Stack& stack, const CombineOptions& options) { return imaging::master_bias(stack, options); });
  def_combining(
      room, "master_dark", "Dark current during the mean exposure of the frames, each scaled to it by its own.",
      [](const Stack& stack, const Image* level, const CombineOptions& options) {
        return imaging::master_dark(stack, level, options);
      },
      bias);
  def_combining(
      room, "master_flat",
      "Response of each pixel, of a mean of 1, from frames of an even light, each divided by its median.",
      [](const Stack& stack, const Image* level, const Image* current, const CombineOptions& options) {
        return imaging::master_flat(stack, level, current, options);
      },
      bias, dark);
}

void bind_bad_pixels(py::module_& room) {
  const imaging::BadPixelOptions standard;
  room.def(
      "bad_pixels",
      [](const Image* dark, const Image* flat, double hot_sigma, double least_response, double most_response) {
        imaging::Plane<std::uint16_t> mask;
        {
          const py::gil_scoped_release release;
          mask = imaging::bad_pixels(dark, flat, {hot_sigma, least_response, most_response});
        }
        return array_of(std::move(mask));
      },
      "dark"_a = py::none(), "flat"_a = py::none(), py::kw_only(), "hot_sigma"_a = standard.hot_sigma,
      "least_response"_a = standard.least_response, "most_response"_a = standard.most_response,
      "A mask of what is hot in the dark (so many robust standard deviations above its median), dead or wrong in the "
      "flat (a response outside the two), or unusable in one of them: array of (rows, columns), uint16.");
}

void bind_calibrator(py::module_& room) {
  py::class_<Calibrator>(room, "Calibrator", nogil_destructor(), "Calibrates frames of one detector.")
      .def(py::init([](const Image* bias, const Image* dark, const Image* flat, const py::object& bad,
                       std::vector<double> linearity, bool has_noise) {
             imaging::Masters masters;
             if (bias != nullptr) masters.bias = *bias;
             if (dark != nullptr) masters.dark = *dark;
             if (flat != nullptr) masters.flat = *flat;
             if (!bad.is_none()) masters.bad = mask_from(bad, "bad", imaging::Flag::bad);
             masters.linearity = std::move(linearity);
             masters.has_noise = has_noise;
             const py::gil_scoped_release release;
             return Calibrator(std::move(masters));
           }),
           "bias"_a = py::none(), "dark"_a = py::none(), "flat"_a = py::none(), "bad"_a = py::none(),
           "linearity"_a = std::vector<double>(), "has_noise"_a = true,
           R"(What is not given is not done.

bad: a mask that is added, bits of Flag or truths (Flag.bad); linearity: what is measured, x without bias, is c0 + c1 x + c2 x^2 + ... of a linear
detector; has_noise: variances are propagated, and a frame that has none gets it from its gain and read noise.)")
      .def("calibrated", &Calibrator::calibrated, "frame"_a, nogil(),
           "Bias, linearity, dark current by the exposure, and flat field, in this order, with the noise of all.");
  room.def("in_electrons", &imaging::in_electrons, "image"_a, nogil(), "Counts as electrons.");
}

void bind_cosmic_rays(py::module_& room) {
  const imaging::CosmicRayOptions standard;
  room.def(
      "with_cosmic_rays_masked",
      [](const Image& image, double sigma, double neighbour, double contrast, int rounds, double background) {
        return imaging::with_cosmic_rays_masked(image, {sigma, neighbour, contrast, rounds, background});
      },
      "image"_a, py::kw_only(), "sigma"_a = standard.sigma, "neighbour"_a = standard.neighbour,
      "contrast"_a = standard.contrast, "rounds"_a = standard.rounds, "background"_a = standard.background, nogil(),
      R"(The image with Flag.cosmic_ray where a particle hit it: L.A.Cosmic (van Dokkum 2001, PASP 113, 1420).

sigma: a pixel so many times its noise above what is smooth may be one; neighbour: beside one, this part of it is
enough; contrast: over the fine structure of a star; background: what was subtracted from the pixels.)");
}

}  // namespace

void bind_calibration(py::module_& room) {
  make_enum<Combine>(room, "What of a stack's values at a pixel becomes its value: mean, median.");
  make_enum<Clip>(room, "From where values are clipped: none, mean (standard deviations), median (median deviations).");
  bind_sections(room);
  bind_masters(room);
  bind_bad_pixels(room);
  bind_calibrator(room);
  bind_cosmic_rays(room);
}

}  // namespace astro_python
