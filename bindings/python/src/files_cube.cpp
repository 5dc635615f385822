// SPDX-License-Identifier: BSD-3-Clause
#include "arrays.hpp"
#include "astro/files/cube.hpp"
#include "files.hpp"
#include "signal_maps.hpp"

namespace astro_python {
namespace {

namespace files = astro::files;
using files::Cube;
using files::Wcs;
using files::WcsAxis;

void bind_grid(py::module_& room) {
  py::class_<WcsAxis>(room, "WcsAxis", "One axis of an image: CTYPE, CUNIT, CRPIX, CRVAL, CDELT.")
      .def(
          py::init([](std::string type, std::string unit, double reference_pixel, double reference_value, double step) {
            return WcsAxis{std::move(type), std::move(unit), reference_pixel, reference_value, step};
          }),
          "type"_a, "unit"_a = "", "reference_pixel"_a = 1.0, "reference_value"_a = 0.0, "step"_a = 1.0)
      .def_readwrite("type", &WcsAxis::type)
      .def_readwrite("unit", &WcsAxis::unit)
      .def_readwrite("reference_pixel", &WcsAxis::reference_pixel, "The centre of the first pixel is 1.")
      .def_readwrite("reference_value", &WcsAxis::reference_value)
      .def_readwrite("step", &WcsAxis::step);
  const auto converting = [](std::vector<double> (Wcs::*convert)(std::span<const double>) const) {
    return [convert](const Wcs& self, const std::vector<double>& place) { return (self.*convert)(place); };
  };
  py::class_<Wcs>(room, "Wcs", "From pixels to the world and back; directions in TAN, SIN or CAR.")
      .def(py::init([](std::vector<WcsAxis> axes, std::vector<double> matrix, std::string frame,
                       std::string spectral_frame, double rest_hz) {
             return Wcs{std::move(axes), std::move(matrix), std::move(frame), std::move(spectral_frame), rest_hz};
           }),
           "axes"_a = std::vector<WcsAxis>(), "matrix"_a = std::vector<double>(), "frame"_a = "",
           "spectral_frame"_a = "", "rest_hz"_a = 0.0)
      .def_readwrite("axes", &Wcs::axes, "The axis that runs fastest first. A copy: set the whole list to change it.")
      .def_readwrite("matrix", &Wcs::matrix, "PCi_j, rows after each other; empty: unity.")
      .def_readwrite("frame", &Wcs::frame, "RADESYS.")
      .def_readwrite("spectral_frame", &Wcs::spectral_frame, "SPECSYS.")
      .def_readwrite("rest_hz", &Wcs::rest_hz, "RESTFRQ; 0: not said.")
      .def("world", converting(&Wcs::world), "pixel"_a, nogil(),
           "One number for each axis, from pixels counted from 0; NaN where there is no such place.")
      .def("pixel", converting(&Wcs::pixel), "world"_a, nogil(), "The inverse of `world`.");
}

Cube cube_from(const py::object& pixels, const Wcs& wcs, std::string unit, std::string object,
               const astro::Value& more) {
  const py::array_t<float, py::array::c_style | py::array::forcecast> array(pixels);
  Cube cube;
  cube.shape.assign(array.shape(), array.shape() + array.ndim());
  cube.pixels.assign(array.data(), array.data() + array.size());
  cube.wcs = wcs;
  cube.unit = std::move(unit);
  cube.object = std::move(object);
  cube.more = more;
  return cube;
}

}  // namespace

void bind_cube(py::module_& room) {
  bind_grid(room);
  make_enum<files::MapLayer>(room, "What of a map: value, sigma, weight.");
  py::class_<Cube>(room, "Cube", nogil_destructor(), "An image or cube with its world coordinates.")
      .def(py::init(&cube_from), "pixels"_a, "wcs"_a, "unit"_a = "", "object"_a = "", "more"_a = astro::Value())
      .def_property_readonly(
          "pixels",
          [](const py::object& self) {
            const Cube& cube = py::cast<const Cube&>(self);
            return view(cube.pixels.data(), astro::Dtype::f32, cube.shape, self);
          },
          "Read-only array; the axis that runs fastest is the last, against `wcs.axes`.")
      .def_readwrite("wcs", &Cube::wcs)
      .def_readwrite("unit", &Cube::unit, "BUNIT.")
      .def_readwrite("object", &Cube::object)
      .def_property(
          "more", [](const Cube& self) { return self.more; },
          [](Cube& self, const astro::Value& more) { self.more = more; }, "A dict of all other cards.");
  room.def("cube_of", &files::cube_of, "map"_a, "layer"_a = files::MapLayer::value, nogil(),
           "A SkyMap, or its errors or weights, as an image or cube with its world coordinates.");
  room.def("map_of", &files::map_of, "cube"_a, nogil(), "A SkyMap again from what cube_of made, without its errors.");
  room.def("read_cube", &files::read_cube, "path"_a, "unit"_a = -1, nogil(),
           "The first image of a FITS file, or that of the unit-th header; integers are scaled, BLANK becomes NaN.");
  room.def("write_cube", &files::write_cube, "path"_a, "cube"_a, nogil(), "Writes 32-bit floats.");
}

}  // namespace astro_python
