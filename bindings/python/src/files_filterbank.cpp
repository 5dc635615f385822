// SPDX-License-Identifier: BSD-3-Clause
#include <mutex>

#include "arrays.hpp"
#include "astro/files/filterbank.hpp"
#include "files.hpp"

namespace astro_python {
namespace {

namespace files = astro::files;
using files::FilterbankInfo;

struct SharedFilterbank {
  explicit SharedFilterbank(const FilterbankInfo& info) : reader(info) {}
  files::FilterbankReader reader;
  std::mutex mutex;
};

/// Whole spectra as an array of two axes, which owns its memory.
py::array read_spectra(SharedFilterbank& self, std::uint64_t wanted) {
  std::vector<float> numbers;
  std::size_t spectra = 0;
  const std::size_t channels = self.reader.info().axis.channels;
  {
    const py::gil_scoped_release release;
    const std::lock_guard lock(self.mutex);
    numbers.resize(static_cast<std::size_t>(std::min(wanted, self.reader.info().spectra)) * channels);
    spectra = self.reader.read(numbers);
  }
  const float* data = numbers.data();
  const std::size_t shape[] = {spectra, channels};
  return view(data, astro::Dtype::f32, shape, keep(std::move(numbers)), true);
}

void bind_info(py::module_& room) {
  py::class_<FilterbankInfo>(room, "FilterbankInfo", "What a SIGPROC file says of itself.")
      .def(py::init([](const astro::FrequencyAxis& axis, astro::Duration period, astro::Time start, int bits,
                       std::string source, std::optional<astro::Icrs> direction, bool descending) {
             FilterbankInfo info;
             info.axis = axis;
             info.period = period;
             info.start = start;
             info.bits = bits;
             info.source = std::move(source);
             info.direction = direction;
             info.descending = descending;
             return info;
           }),
           "axis"_a, "period_s"_a, "start"_a = astro::Time(), "bits"_a = 32, "source"_a = "",
           "direction"_a = py::none(), "descending"_a = true)
      .def_readonly("axis", &FilterbankInfo::axis, "Ascending, whatever the file's order.")
      .def_property_readonly(
          "period_s", [](const FilterbankInfo& self) { return self.period; }, "From one spectrum to the next.")
      .def_readonly("start", &FilterbankInfo::start, "UTC of the first spectrum.")
      .def_readonly("bits", &FilterbankInfo::bits, "Of a number: 1, 2, 4, 8, 16 (unsigned) or 32 (float).")
      .def_readonly("spectra", &FilterbankInfo::spectra, "How many there are.")
      .def_readonly("source", &FilterbankInfo::source, "Name of the target.")
      .def_readonly("direction", &FilterbankInfo::direction, "Of J2000, or None.")
      .def_readonly("descending", &FilterbankInfo::descending, "The file's order of channels.")
      .def_readonly("data", &FilterbankInfo::data, "The file.");
}

}  // namespace

void bind_filterbank(py::module_& room) {
  bind_info(room);
  room.def("inspect_filterbank", &files::inspect_filterbank, "path"_a, nogil(), "Looks at a SIGPROC .fil or .tim.");
  py::class_<SharedFilterbank>(room, "FilterbankReader", nogil_destructor(), "Reads spectra in order.")
      .def(py::init<const FilterbankInfo&>(), "info"_a, nogil())
      .def_property_readonly("info", [](const SharedFilterbank& self) { return self.reader.info(); })
      .def("read", &read_spectra, "spectra"_a,
           "The next spectra as an array (spectra, channels), frequencies ascending; fewer than asked: the end.")
      .def(
          "rewind",
          [](SharedFilterbank& self) {
            const std::lock_guard lock(self.mutex);
            self.reader.rewind();
          },
          nogil());
  room.def(
      "write_filterbank",
      [](const std::filesystem::path& path, const FilterbankInfo& info, const py::object& spectra) {
        const std::vector<float> numbers = numbers_from<float>(spectra);
        const py::gil_scoped_release release;
        files::write_filterbank(path, info, numbers);
      },
      "path"_a, "info"_a, "spectra"_a,
      "Writes an array (spectra, channels), frequencies ascending; numbers are rounded and cut to what the bits hold.");
}

}  // namespace astro_python
