// SPDX-License-Identifier: BSD-3-Clause
#include "signal_maps.hpp"

#include "arrays.hpp"
#include "signal.hpp"
#include "sky.hpp"

namespace astro_python {
namespace {

using astro::Angle;
using astro::CalibratedSpectrum;
using astro::Frequency;
using astro::GriddingKernel;
using astro::GriddingOptions;
using astro::Icrs;
using astro::MapFrame;
using astro::MapGrid;
using astro::MapProjection;
using astro::SkyMap;
using astro::VelocityAxis;

/// Longitudes and latitudes of all pixels, in degrees: two arrays of (height, width).
py::tuple places_of(const MapGrid& grid) {
  const auto rows = static_cast<py::ssize_t>(grid.height);
  const auto columns = static_cast<py::ssize_t>(grid.width);
  py::array_t<double> longitude({rows, columns});
  py::array_t<double> latitude({rows, columns});
  double* l = longitude.mutable_data();
  double* b = latitude.mutable_data();
  for (std::uint32_t y = 0; y < grid.height; ++y) {
    for (std::uint32_t x = 0; x < grid.width; ++x) {
      const astro::MapPlace place = grid.place(x, y);
      *l++ = place.longitude.degrees();
      *b++ = place.latitude.degrees();
    }
  }
  return py::make_tuple(longitude, latitude);
}

void bind_grid(py::module_& module) {
  make_enum<MapFrame>(module, "The frame of a map: icrs, galactic.");
  make_enum<MapProjection>(module,
                           "How the sky is laid on a plane: tangent (TAN), plate_carree (CAR, on the equator).");
  make_enum<GriddingKernel>(module, "With what a pixel weighs the spectra around it (Mangum et al. 2007).");
  py::class_<MapGrid>(module, "MapGrid", R"(The pixels of a map: squares around a centre.

Longitude grows to the left, latitude upwards; a pixel of at most a third of the beam keeps what the beam sees.)")
      .def(py::init([](Angle longitude, Angle latitude, Angle pixel, std::uint32_t width, std::uint32_t height,
                       MapFrame frame, MapProjection projection) {
             return MapGrid{frame, projection, {longitude, latitude}, pixel, width, height};
           }),
           "longitude"_a, "latitude"_a, "pixel"_a, "width"_a, "height"_a, py::kw_only(), "frame"_a = MapFrame::icrs,
           "projection"_a = MapProjection::tangent)
      .def_readonly("frame", &MapGrid::frame)
      .def_readonly("projection", &MapGrid::projection)
      .def_property_readonly(
          "longitude", [](const MapGrid& self) { return self.centre.longitude; }, "Of the middle.")
      .def_property_readonly(
          "latitude", [](const MapGrid& self) { return self.centre.latitude; }, "Of the middle.")
      .def_readonly("pixel", &MapGrid::pixel, "Side of a pixel.")
      .def_readonly("width", &MapGrid::width)
      .def_readonly("height", &MapGrid::height)
      .def("places", &places_of, "Longitudes and latitudes of all pixels in degrees: two arrays of (height, width).")
      .def("direction", &MapGrid::direction, "x"_a, "y"_a, "ICRS of a pixel, counted from 0 at the lower left.")
      .def(
          "pixel_of",
          [](const MapGrid& self, const Icrs& direction) {
            const MapGrid::Pixel at = self.pixel_of(direction);
            return std::pair(at.x, at.y);
          },
          "direction"_a, "Which pixel shows a direction: (x, y).")
      .def("__repr__", [](const MapGrid& self) {
        return "<MapGrid of " + std::to_string(self.width) + " x " + std::to_string(self.height) + " pixels>";
      });
  py::class_<VelocityAxis>(module, "VelocityAxis", "Radial velocities of the planes of a cube.")
      .def(py::init([](double first_km_s, double step_km_s, std::uint32_t channels, astro::sky::VelocityFrame frame) {
             return VelocityAxis{first_km_s, step_km_s, channels, frame};
           }),
           "first_km_s"_a, "step_km_s"_a, "channels"_a, "frame"_a = astro::sky::VelocityFrame::lsrk)
      .def_readonly("frame", &VelocityAxis::frame, "A VelocityFrame.")
      .def_readonly("first_km_s", &VelocityAxis::first_km_s, "Middle of plane 0.")
      .def_readonly("step_km_s", &VelocityAxis::step_km_s)
      .def_readonly("channels", &VelocityAxis::channels)
      .def(
          "km_s",
          [](const VelocityAxis& self) {
            py::array_t<double> made(static_cast<py::ssize_t>(self.channels));
            for (std::uint32_t i = 0; i < self.channels; ++i) made.mutable_data()[i] = self.at(i);
            return made;
          },
          "All of them, an array.");
}

std::vector<std::size_t> shape_of(const SkyMap& map) {
  std::vector<std::size_t> shape;
  if (map.velocity.channels > 0) shape.push_back(map.velocity.channels);
  shape.insert(shape.end(), {map.grid.height, map.grid.width});
  return shape;
}

void bind_map(py::module_& module) {
  py::class_<SkyMap> type(module, "SkyMap", nogil_destructor(), "An image, or a cube with velocities, on a grid.");
  const auto array = [&type](const char* name, std::vector<float> SkyMap::*member, const char* doc) {
    type.def_property_readonly(
        name,
        [member](const py::object& self) {
          const SkyMap& map = py::cast<const SkyMap&>(self);
          return view((map.*member).data(), astro::Dtype::f32, shape_of(map), self);
        },
        doc);
  };
  array("value", &SkyMap::value, "Read-only array of (height, width), or (channels, height, width); NaN: no data.");
  array("sigma", &SkyMap::sigma, "Read-only array: standard error of each value.");
  type.def_readonly("grid", &SkyMap::grid)
      .def_readonly("unit", &SkyMap::unit)
      .def_readonly("beam", &SkyMap::beam, "Full width at half maximum of what a point source looks like.")
      .def_readonly("rest", &SkyMap::rest)
      .def_property_readonly(
          "velocity",
          [](const SkyMap& self) { return self.velocity.channels > 0 ? std::optional(self.velocity) : std::nullopt; },
          "VelocityAxis of a cube; None of an image.")
      .def(
          "weights",
          [](const SkyMap& self) {
            std::vector<float> weights = self.weights();
            const float* data = weights.data();
            return view(data, astro::Dtype::f32, shape_of(self), keep(std::move(weights)), true);
          },
          "The map of weights, 1 / sigma^2, 0 where there is no data.")
      .def("__repr__", [](const SkyMap& self) {
        const std::string depth =
            self.velocity.channels > 0 ? " and " + std::to_string(self.velocity.channels) + " velocities" : "";
        return "<SkyMap of " + std::to_string(self.grid.width) + " x " + std::to_string(self.grid.height) + " pixels" +
               depth + " in " + self.unit + ">";
      });
}

std::vector<astro::MapPoint> points_of(std::span<const Icrs> directions, const py::object& values,
                                       const py::object& sigmas) {
  const std::vector<double> value = numbers_from<double>(values);
  const std::vector<double> sigma = numbers_from<double>(sigmas);
  const bool one_error = sigma.size() == 1;
  if (value.size() != directions.size() || (!one_error && sigma.size() != value.size())) {
    throw py::value_error("there are " + std::to_string(directions.size()) + " directions, " +
                          std::to_string(value.size()) + " values and " + std::to_string(sigma.size()) + " errors");
  }
  std::vector<astro::MapPoint> points;
  for (std::size_t i = 0; i < value.size(); ++i) {
    points.push_back({directions[i], {value[i], one_error ? sigma[0] : sigma[i]}});
  }
  return points;
}

SkyMap map_from(std::span<const Icrs> directions, const py::object& values, const py::object& sigmas,
                const MapGrid& grid, Angle beam, GriddingKernel kernel, double width, const std::string& unit) {
  const std::vector<astro::MapPoint> points = points_of(directions, values, sigmas);
  const py::gil_scoped_release release;
  return astro::grid_map(points, grid, {beam, kernel, width}, unit);
}

void bind_gridding(py::module_& module) {
  const GriddingOptions standard;
  module.def(
      "grid_map",
      [](const Pairs& directions, const py::object& values, const py::object& sigmas, const MapGrid& grid, Angle beam,
         GriddingKernel kernel, double width, const std::string& unit) {
        return map_from(directions.span<Icrs>(), values, sigmas, grid, beam, kernel, width, unit);
      },
      "directions"_a, "values"_a, "sigmas"_a, "grid"_a, "beam"_a, py::kw_only(), "kernel"_a = standard.kernel,
      "width"_a = standard.width, "unit"_a = "K",
      R"(An image of numbers that were measured in directions.

directions: (n, 2) radians of the ICRS, two arrays in a tuple, a SkyCoord, or a list of Icrs; sigmas: an error for each
value or one for all; beam: full width at half maximum of the telescope's; width: of the kernel, in beams. Pixels further
than 1.5 widths from all directions are NaN.)");
  module.def(
      "grid_map",
      [](const std::vector<Icrs>& directions, const py::object& values, const py::object& sigmas, const MapGrid& grid,
         Angle beam, GriddingKernel kernel, double width,
         const std::string& unit) { return map_from(directions, values, sigmas, grid, beam, kernel, width, unit); },
      "directions"_a, "values"_a, "sigmas"_a, "grid"_a, "beam"_a, py::kw_only(), "kernel"_a = standard.kernel,
      "width"_a = standard.width, "unit"_a = "K");
  module.def(
      "grid_cube",
      [](const std::vector<CalibratedSpectrum>& spectra, const MapGrid& grid, const VelocityAxis& velocity, Angle beam,
         GriddingKernel kernel, double width, std::optional<Frequency> rest) {
        return astro::grid_cube(spectra, grid, velocity, {beam, kernel, width}, rest);
      },
      "spectra"_a, "grid"_a, "velocity"_a, "beam"_a, py::kw_only(), "kernel"_a = standard.kernel,
      "width"_a = standard.width, "rest"_a = py::none(), nogil(),
      "A cube of calibrated spectra with their pointings, each in the axis' frame of its own time and place.");
  module.def(
      "grid_around",
      [](const Pairs& directions, Angle beam, MapFrame frame, MapProjection projection) {
        return astro::grid_around(directions.span<Icrs>(), beam, frame, projection);
      },
      "directions"_a, "beam"_a, "frame"_a = MapFrame::icrs, "projection"_a = MapProjection::tangent,
      "The grid, in pixels of a third of the beam, on which all directions have their place.");
  module.def(
      "grid_around",
      [](const std::vector<Icrs>& directions, Angle beam, MapFrame frame, MapProjection projection) {
        return astro::grid_around(directions, beam, frame, projection);
      },
      "directions"_a, "beam"_a, "frame"_a = MapFrame::icrs, "projection"_a = MapProjection::tangent, nogil());
  module.def(
      "map_beam",
      [](Angle beam, GriddingKernel kernel, double width) {
        return astro::map_beam({beam, kernel, width});
      },
      "beam"_a, "kernel"_a = standard.kernel, "width"_a = standard.width, nogil(),
      "Full width at half maximum of a point source in a map.");
}

}  // namespace

void bind_maps(py::module_& module) {
  bind_grid(module);
  bind_map(module);
  bind_gridding(module);
}

}  // namespace astro_python
