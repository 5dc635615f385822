// SPDX-License-Identifier: BSD-3-Clause
#include <mutex>

#include "arrays.hpp"
#include "astro/files/export.hpp"
#include "astro/files/recordings.hpp"
#include "common.hpp"
#include "files.hpp"

namespace astro_python {
namespace {

namespace files = astro::files;
using Path = std::filesystem::path;

/// Reads whole samples into memory that the array owns.
py::array read_samples(files::IqReader& reader, std::mutex& mutex, std::size_t samples) {
  const astro::Dtype dtype = reader.info().dtype;
  astro::Bytes bytes;
  {
    const py::gil_scoped_release release;
    const std::lock_guard lock(mutex);
    samples = static_cast<std::size_t>(std::min<std::uint64_t>(samples, reader.info().samples));
    bytes.resize(samples * astro::size_of(dtype));
    samples = reader.read(bytes);
  }
  const std::byte* data = bytes.data();
  const std::size_t shape[] = {samples};
  return view(data, dtype, shape, keep(std::move(bytes)), true);
}

struct SharedReader {
  explicit SharedReader(const files::IqInfo& info) : reader(info) {}
  files::IqReader reader;
  std::mutex mutex;
};

void bind_recordings(py::module_& room) {
  py::class_<files::SpectraFile>(room, "SpectraFile", nogil_destructor(),
                                 "Spectra of one recording, as the file orders them.")
      .def(py::init([](std::vector<astro::Spectrum> spectra, std::string object, std::string unit, std::string observer,
                       std::string telescope) {
             files::SpectraFile file;
             file.spectra = std::move(spectra);
             file.object = std::move(object);
             file.unit = std::move(unit);
             file.observer = std::move(observer);
             file.telescope = std::move(telescope);
             return file;
           }),
           "spectra"_a, "object"_a = "", "unit"_a = "", "observer"_a = "", "telescope"_a = "")
      .def_readonly("spectra", &files::SpectraFile::spectra)
      .def_readonly("bandwidth_hz", &files::SpectraFile::bandwidth_hz)
      .def_readonly("observer", &files::SpectraFile::observer)
      .def_readonly("telescope", &files::SpectraFile::telescope)
      .def_readonly("gain_db", &files::SpectraFile::gain_db)
      .def_readonly("object", &files::SpectraFile::object, "Name of the target.")
      .def_readonly("unit", &files::SpectraFile::unit, "Of the power, where the file says it.")
      .def("__len__", [](const files::SpectraFile& self) { return self.spectra.size(); });
  room.def("read_horn", &files::read_horn, "path"_a, nogil(), "West Virginia horn, .ast and .hot.");
  room.def("read_virgo", &files::read_virgo, "dat"_a, nogil(), "Virgo: .dat with the .header beside it.");
  room.def("read_sdrangel", &files::read_sdrangel, "path"_a, nogil(),
           "SDRangel's radio astronomy plugin, \"save spectrum data\"; its times are taken as UTC.");
  room.def("read_rtl_power", &files::read_rtl_power, "path"_a, nogil(),
           "rtl_power and hackrf_sweep: the hops of one time are one spectrum; decibels become powers.");
  room.def("read_csv", &files::read_csv, "path"_a, nogil(), "What write_csv wrote.");
  room.def("read_spectra", &files::read_spectra, "path"_a, nogil(),
           "Any of a recording of spectra, by the file's ending.");
}

void bind_iq(py::module_& room) {
  py::class_<files::IqInfo>(room, "IqInfo", "What is known of a file of IQ samples; zero: the file does not say.")
      .def_readonly("dtype", &files::IqInfo::dtype)
      .def_readwrite("sample_rate", &files::IqInfo::sample_rate)
      .def_readwrite("frequency", &files::IqInfo::frequency)
      .def_readwrite("start", &files::IqInfo::start)
      .def_readonly("samples", &files::IqInfo::samples)
      .def_readonly("data", &files::IqInfo::data);
  room.def("inspect_iq", &files::inspect_iq, "path"_a, "dtype"_a = py::none(), nogil(),
           "Looks at a .cu8 .cs8 .cs16 .cf32 .wav or SigMF file; other endings need `dtype`.");
  py::class_<SharedReader>(room, "IqReader", nogil_destructor(), "Reads samples in order.")
      .def(py::init<const files::IqInfo&>(), "info"_a, nogil())
      .def_property_readonly("info", [](const SharedReader& self) { return self.reader.info(); })
      .def(
          "read",
          [](SharedReader& self, std::size_t samples) { return read_samples(self.reader, self.mutex, samples); },
          "samples"_a, "The next samples as an array; fewer than asked: the end.")
      .def(
          "rewind",
          [](SharedReader& self) {
            const std::lock_guard lock(self.mutex);
            self.reader.rewind();
          },
          nogil());
}

void bind_export(py::module_& room) {
  py::class_<files::Provenance>(room, "Provenance", "Who, what and how: goes into the header of each export.")
      .def(py::init([](std::string object, std::string observer, std::string telescope, std::string instrument,
                       std::string observation_id, std::string software) {
             return files::Provenance{std::move(object),     std::move(observer),       std::move(telescope),
                                      std::move(instrument), std::move(observation_id), std::move(software)};
           }),
           "object"_a = "", "observer"_a = "", "telescope"_a = "", "instrument"_a = "", "observation_id"_a = "",
           "software"_a = "")
      .def_readwrite("object", &files::Provenance::object)
      .def_readwrite("observer", &files::Provenance::observer)
      .def_readwrite("telescope", &files::Provenance::telescope)
      .def_readwrite("instrument", &files::Provenance::instrument)
      .def_readwrite("observation_id", &files::Provenance::observation_id)
      .def_readwrite("software", &files::Provenance::software)
      .def_readwrite("settings", &files::Provenance::settings, "How it was taken, as JSON.")
      .def_readwrite("calibration", &files::Provenance::calibration, "What brought it to its unit, as JSON.");
  room.def("write_fits", &files::write_fits, "path"_a, "spectrum"_a,
           py::arg_v("provenance", files::Provenance(), "Provenance()"), nogil(),
           "A FITS image of one axis with its world coordinates; the error and the weight as extensions.");
  room.def(
      "write_csv",
      py::overload_cast<const Path&, const astro::CalibratedSpectrum&, const files::Provenance&>(&files::write_csv),
      "path"_a, "spectrum"_a, py::arg_v("provenance", files::Provenance(), "Provenance()"), nogil(),
      "Columns: frequency_hz, velocity_lsrk_km_s, temperature_k, sigma_k, weight.");
  room.def("write_csv", py::overload_cast<const Path&, const files::SpectraFile&>(&files::write_csv), "path"_a,
           "spectra"_a, nogil(),
           "Spectra of one axis, a line each: start_utc, exposure_s, and a field for each channel.");
}

}  // namespace

void bind_files(py::module_& module) {
  py::module_ room = module.def_submodule("files", "Formats in and out, values only.");
  bind_recordings(room);
  bind_iq(room);
  bind_export(room);
  bind_sdfits(room);
  bind_filterbank(room);
  bind_sigmf(room);
  bind_cube(room);
  bind_image_files(room);
  bind_alerts(room);
}

}  // namespace astro_python
