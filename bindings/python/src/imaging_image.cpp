// SPDX-License-Identifier: BSD-3-Clause
#include <cstdint>
#include <limits>

#include "astro/files/image.hpp"
#include "astro/imaging/wcs.hpp"
#include "foreign.hpp"
#include "imaging.hpp"

namespace astro_python {
namespace {

namespace imaging = astro::imaging;
using imaging::Flag;
using imaging::Image;
using imaging::Plane;
using imaging::Wcs;

constexpr std::array flags{std::pair{"bad", Flag::bad},
                           std::pair{"saturated", Flag::saturated},
                           std::pair{"cosmic_ray", Flag::cosmic_ray},
                           std::pair{"no_data", Flag::no_data},
                           std::pair{"trail", Flag::trail},
                           std::pair{"user", Flag::user}};

template <class T>
void check_shape(const Image& image, const Plane<T>& plane, const char* name) {
  if (plane.fits(image.pixels)) return;
  throw py::value_error(std::string(name) + " has the shape (" + std::to_string(plane.rows()) + ", " +
                        std::to_string(plane.columns()) + "), the image (" + std::to_string(image.rows()) + ", " +
                        std::to_string(image.columns()) + ")");
}

/// Views of a plane stay: its numbers are replaced where they are.
template <class T>
void replace(Image& image, Plane<T>& plane, Plane<T> by, const char* name) {
  check_shape(image, by, name);
  if (plane.empty()) {
    plane = std::move(by);
  } else {
    std::copy(by.values().begin(), by.values().end(), plane.data());
  }
}

template <class T>
py::object view_of(const py::object& self, Plane<T> Image::*member) {
  const Plane<T>& plane = py::cast<const Image&>(self).*member;
  if (plane.empty()) return py::none();
  const std::array<std::size_t, 2> shape{plane.rows(), plane.columns()};
  return view(plane.data(), *astro::detail::dtype_of<T>(), shape, self, true);
}

/// What a masked array of numpy has masked, and the mask of the image has not.
void take_own_mask(const py::handle& pixels, Image& image) {
  if (!is_a(pixels, "numpy", "MaskedArray")) return;
  const Plane<std::uint16_t> own = mask_from(py::module_::import("numpy.ma").attr("getmaskarray")(pixels), "mask");
  if (image.mask.empty()) image.mask = Plane<std::uint16_t>(image.rows(), image.columns());
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (image.mask.data()[i] == 0) image.mask.data()[i] = own.data()[i];
  }
}

Image image_of_parts(const py::object& pixels, const py::object& variance, const py::object& mask,
                     std::optional<Wcs> wcs, std::string unit, double gain, double read_noise, double saturation,
                     astro::Duration exposure, std::optional<astro::Time> mid, std::string filter, std::string object) {
  Image image;
  image.pixels = plane_from<float>(pixels, "pixels");
  if (!variance.is_none()) replace(image, image.variance, plane_from<float>(variance, "variance"), "variance");
  if (!mask.is_none()) replace(image, image.mask, mask_from(mask, "mask"), "mask");
  take_own_mask(pixels, image);
  image.wcs = std::move(wcs);
  image.unit = std::move(unit);
  image.gain = gain;
  image.read_noise = read_noise;
  image.saturation = saturation;
  image.exposure = exposure;
  image.mid = mid;
  image.filter = std::move(filter);
  image.object = std::move(object);
  return image;
}

Image image_of_ccddata(const py::handle& ccd) {
  // (pixels, variance or None, mask or None, cards of the header, cards of the WCS, unit)
  const py::tuple parts = from_package("interop", "ccddata_parts")(ccd);
  Image image;
  image.pixels = plane_from<float>(parts[0], "data");
  if (!parts[1].is_none()) replace(image, image.variance, plane_from<float>(parts[1], "uncertainty"), "uncertainty");
  if (!parts[2].is_none()) replace(image, image.mask, mask_from(parts[2], "mask"), "mask");
  astro::files::take_cards(py::cast<std::string>(parts[3]), image);
  const auto wcs = py::cast<std::string>(parts[4]);
  if (!wcs.empty()) image.wcs = Wcs::from_header(wcs);
  image.unit = py::cast<std::string>(parts[5]);
  return image;
}

void bind_planes(py::class_<Image>& type) {
  type.def_property(
          "pixels", [](const py::object& self) { return view_of(self, &Image::pixels); },
          [](Image& self, const py::object& pixels) {
            replace(self, self.pixels, plane_from<float>(pixels, "pixels"), "pixels");
          },
          "Array of (rows, columns), float32: the image's own memory. Setting it replaces the numbers, not the shape.")
      .def_property(
          "variance", [](const py::object& self) { return view_of(self, &Image::variance); },
          [](Image& self, const py::object& variance) {
            replace(self, self.variance, plane_from<float>(variance, "variance"), "variance");
          },
          "The variance of each pixel in the same way; None while nobody has estimated it.")
      .def_property(
          "mask", [](const py::object& self) { return view_of(self, &Image::mask); },
          [](Image& self, const py::object& mask) { replace(self, self.mask, mask_from(mask, "mask"), "mask"); },
          "Bits of Flag, uint16, in the same way; 0: usable. None while nothing is masked. An array of truths sets "
          "Flag.user.")
      .def_property_readonly(
          "usable",
          [](const Image& self) {
            Plane<std::uint8_t> usable(self.rows(), self.columns());
            for (std::size_t row = 0; row < self.rows(); ++row) {
              for (std::size_t column = 0; column < self.columns(); ++column) {
                usable(row, column) = is_usable(self, row, column) ? 1 : 0;
              }
            }
            return array_of(std::move(usable)).attr("view")("bool");
          },
          "Which pixels can be used: array of truths.")
      .def_property_readonly(
          "shape", [](const Image& self) { return std::pair(self.rows(), self.columns()); }, "(rows, columns).");
}

void bind_description(py::class_<Image>& type) {
  type.def_readwrite("wcs", &Image::wcs, "Where each pixel lies on the sky; None: not known.")
      .def_readwrite("unit", &Image::unit, "\"adu\" or \"electron\".")
      .def_readwrite("gain", &Image::gain, "Electrons an adu.")
      .def_readwrite("read_noise", &Image::read_noise, "Electrons, standard deviation.")
      .def_readwrite("saturation", &Image::saturation, "This and more is saturated; 0: not known.")
      .def_readwrite("exposure_s", &Image::exposure)
      .def_readwrite("mid", &Image::mid, "UTC of the middle of the exposure.")
      .def_readwrite("filter", &Image::filter)
      .def_readwrite("object", &Image::object)
      .def(
          "copy", [](const Image& self) { return self; }, nogil(), "With memory of its own.")
      .def("__copy__", [](const Image& self) { return self; })
      .def("__deepcopy__", [](const Image& self, const py::object&) { return self; })
      .def(
          "to_astropy", [](const py::object& self) { return from_package("interop", "ccddata")(self); },
          "A CCDData whose data and uncertainty are this image's memory, and whose flags are its mask.")
      .def("__repr__", [](const Image& self) {
        return "<Image of " + std::to_string(self.rows()) + " x " + std::to_string(self.columns()) + " pixels in " +
               self.unit + ">";
      });
}

}  // namespace

Plane<std::uint16_t> mask_from(const py::object& object, const char* name, Flag truth) {
  const py::object array = py::module_::import("numpy").attr("asarray")(object);
  const auto kind = py::cast<std::string>(array.attr("dtype").attr("kind"));
  if (kind != "b" && kind != "u" && kind != "i") {
    throw py::value_error(std::string(name) + ": expected truths, or whole numbers of the bits of Flag");
  }
  if (kind != "b") {
    constexpr std::int64_t most = std::numeric_limits<std::uint16_t>::max();
    const bool is_empty = py::cast<std::size_t>(array.attr("size")) == 0;
    if (!is_empty &&
        (py::bool_(array.attr("min")() < py::int_(0)) || py::bool_(array.attr("max")() > py::int_(most)))) {
      throw py::value_error(std::string(name) +
                            ": expected bits of Flag from 0 to 65535; of other flags say which pixels are bad");
    }
    return plane_from<std::uint16_t>(array, name);
  }
  Plane<std::uint16_t> mask = plane_from<std::uint16_t>(array, name);
  for (std::uint16_t& each : mask.values()) each = each != 0 ? bit(truth) : std::uint16_t{0};
  return mask;
}

std::optional<Image> image_from(py::handle object) {
  if (is_a(object, "astropy", "CCDData")) return image_of_ccddata(object);
  if (!is_a(object, "numpy", "ndarray")) return std::nullopt;
  Image image;
  image.pixels = plane_from<float>(py::reinterpret_borrow<py::object>(object), "the array");
  take_own_mask(object, image);
  return image;
}

void bind_image(py::module_& room) {
  std::vector<std::pair<const char*, unsigned>> values;
  for (const auto& [name, flag] : flags) values.emplace_back(name, bit(flag));
  make_flags(room, "Flag", values, "Why a pixel is not usable; bits of a mask.");
  py::class_<Image> type(room, "Image", nogil_destructor(),
                         R"(Pixels with their noise, their mask and their place on the sky.

A pixel is usable when its mask is 0, its value is finite and below `saturation` where that is known, and its variance, where
there is one, is finite and above 0 (0: its noise is not known). What is not usable is read by no function, and has the value 0 where something was
computed. Every Error of this module is invalid_argument unless something else is said.

An array of two axes (a masked one with its mask) and a CCDData of astropy are taken wherever an Image is. Of a CCDData the
mask is taken, and flags of 16 bits as those of Flag.)");
  type.def(py::init([](const py::object& other) {
             if (py::isinstance<Image>(other)) return Image(py::cast<const Image&>(other));
             if (!is_a(other, "astropy", "CCDData")) throw py::reference_cast_error();  // arrays come next
             return image_of_ccddata(other);
           }),
           "other"_a, "A copy, or what a CCDData has.");
  type.def(py::init(&image_of_parts), "pixels"_a, "variance"_a = py::none(), "mask"_a = py::none(),
           "wcs"_a = py::none(), py::kw_only(), "unit"_a = "adu", "gain"_a = 1.0, "read_noise"_a = 0.0,
           "saturation"_a = 0.0, "exposure_s"_a = 0.0, "mid"_a = py::none(), "filter"_a = "", "object"_a = "",
           "Copies the arrays.");
  bind_planes(type);
  bind_description(type);
  room.def("checked", &imaging::checked, "image"_a, nogil(),
           "The image with what is not finite, saturated or of a variance that is not above 0 masked, and 0.");
  room.def(
      "with_noise", &imaging::with_noise, "image"_a, "background"_a = 0.0, nogil(),
      "The image with the variance that its gain and read noise predict; background: what was subtracted from it.");
}

}  // namespace astro_python
