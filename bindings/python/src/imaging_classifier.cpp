// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/numpy.h>

#include "astro/imaging/classifier.hpp"
#include "astro/inference/models.hpp"
#include "imaging.hpp"
#include "records.hpp"

namespace astro_python {

namespace {

namespace imaging = astro::imaging;
using imaging::Candidate;
using imaging::Classifier;
using imaging::ClassifierModel;
using imaging::Image;

using Triplets = py::array_t<float, py::array::c_style | py::array::forcecast>;

/// Of an array of (n, 3, side, side); 0 for none at all.
std::size_t side_of(const Triplets& triplets) {
  if (triplets.size() == 0) return 0;
  if (triplets.ndim() != 4 || triplets.shape(1) != 3 || triplets.shape(2) != triplets.shape(3)) {
    throw py::value_error("triplets are an array of (n, 3, side, side): science, reference, difference; not of " +
                          py::cast<std::string>(py::str(triplets.attr("shape"))));
  }
  return static_cast<std::size_t>(triplets.shape(2));
}

std::span<const float> values_of(const Triplets& triplets) {
  return {triplets.data(), static_cast<std::size_t>(triplets.size())};
}

py::array_t<double> scores(const Classifier& self, const Triplets& triplets) {
  const std::size_t side = side_of(triplets);
  if (side == 0) return py::array_t<double>(0);
  if (side != static_cast<std::size_t>(self.model().side)) {
    throw py::value_error("the triplets have stamps of " + std::to_string(side) +
                          " pixels a side, and the model wants " + std::to_string(self.model().side));
  }
  std::vector<double> made;
  {
    const py::gil_scoped_release release;
    made = self.score(values_of(triplets));
  }
  return py::array_t<double>(static_cast<py::ssize_t>(made.size()), made.data());
}

py::array_t<float> normalised(const Triplets& triplets) {
  const std::size_t side = side_of(triplets);
  std::vector<float> made;
  if (side > 0) {
    const py::gil_scoped_release release;
    made = imaging::normalised(values_of(triplets), side);
  }
  return py::array_t<float>(std::vector<py::ssize_t>(triplets.shape(), triplets.shape() + triplets.ndim()),
                            made.data());
}

}  // namespace

void bind_classifier(py::module_& room) {
  bind_record<ClassifierModel>(room, "ClassifierModel", "What belongs to a trained network besides its weights.");
  py::class_<Classifier>(room, "Classifier", nogil_destructor(),
                         R"(How probable it is that candidates are changes on the sky, by a trained network.

path: a network NAME.onnx with NAME.json beside it; None: the one that comes with libastro. runtime: the plugin that runs
it. Open only models that you trust.)")
      .def(py::init([](const std::optional<std::filesystem::path>& path, const std::string& runtime) {
             return astro::inference::open_classifier(path.value_or(astro::inference::shipped_classifier()), runtime);
           }),
           "path"_a = py::none(), py::kw_only(), "runtime"_a = "opencv", nogil())
      .def_property_readonly("model", [](const Classifier& self) { return self.model(); })
      .def("score", &scores, "triplets"_a,
           R"(The probability of each candidate of being real: array of (n,), float64.

triplets: array of (n, 3, 63, 63), or a list of what cut() returns; NaN where there is no data.)")
      .def("scored", &Classifier::scored, "candidates"_a, "science"_a, "reference"_a, "difference"_a, nogil(),
           "The candidates with their `score`; None where too few pixels around one have data.")
      .def("__repr__", [](const Classifier& self) { return "<Classifier " + self.model().name + ">"; });
  room.def("normalised", &normalised, "triplets"_a,
           "Triplets of (n, 3, side, side) as a network gets them, in training too.");
}

}  // namespace astro_python
