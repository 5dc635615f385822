// SPDX-License-Identifier: BSD-3-Clause
#include "imaging.hpp"

namespace astro_python {
namespace {

using astro::imaging::Image;
using astro::imaging::Plane;
using astro::imaging::Wcs;

template <class T>
py::object view_of(const py::object& self, Plane<T> Image::*member) {
  const Plane<T>& plane = py::cast<const Image&>(self).*member;
  if (plane.empty()) return py::none();
  const std::array<std::size_t, 2> shape{plane.rows(), plane.columns()};
  return view(plane.data(), *astro::detail::dtype_of<T>(), shape, self, true);
}

}  // namespace

void bind_image(py::module_& room) {
  py::class_<Image>(room, "Image", nogil_destructor(),
                    "Pixels with their noise, their mask and their place on the sky.")
      .def(py::init([](const py::object& pixels, const py::object& variance, const py::object& mask,
                       std::optional<Wcs> wcs, std::string unit, double gain, double read_noise, double saturation) {
             Image image;
             image.pixels = plane_from<float>(pixels, "pixels");
             if (!variance.is_none()) image.variance = plane_from<float>(variance, "variance");
             if (!mask.is_none()) image.mask = plane_from<std::uint16_t>(mask, "mask");
             image.wcs = std::move(wcs);
             image.unit = std::move(unit);
             image.gain = gain;
             image.read_noise = read_noise;
             image.saturation = saturation;
             return image;
           }),
           "pixels"_a, "variance"_a = py::none(), "mask"_a = py::none(), "wcs"_a = py::none(), py::kw_only(),
           "unit"_a = "adu", "gain"_a = 1.0, "read_noise"_a = 0.0, "saturation"_a = 0.0, "Copies the arrays.")
      .def_property_readonly("pixels", [](const py::object& self) { return view_of(self, &Image::pixels); })
      .def_property_readonly("variance", [](const py::object& self) { return view_of(self, &Image::variance); })
      .def_property_readonly("mask", [](const py::object& self) { return view_of(self, &Image::mask); })
      .def_readwrite("wcs", &Image::wcs, "Where each pixel lies on the sky; None: not known.");
}

void bind_imaging(py::module_& module) {
  py::module_ room =
      module.def_submodule("imaging", "Images of the sky: where they lie, and what stars look like on them.");
  bind_wcs(room);
  bind_image(room);
  bind_geometry(room);
}

}  // namespace astro_python
