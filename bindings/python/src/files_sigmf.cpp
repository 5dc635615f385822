// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/sigmf.hpp"

#include <mutex>

#include "arrays.hpp"
#include "files.hpp"

namespace astro_python {
namespace {

namespace files = astro::files;
using files::SigmfAnnotation;
using files::SigmfCapture;
using files::SigmfMeta;

template <class T>
void def_more(py::class_<T>& type) {
  type.def_property(
      "more", [](const T& self) { return self.more; }, [](T& self, const astro::Value& more) { self.more = more; },
      "A dict of the other keys, or None.");
}

void bind_parts(py::module_& room) {
  py::class_<SigmfCapture> capture(room, "SigmfCapture", "From a sample on: how the receiver was tuned.");
  capture
      .def(py::init([](std::uint64_t first, astro::Frequency frequency, std::optional<astro::Time> time) {
             return SigmfCapture{.first = first, .frequency = frequency, .time = time};
           }),
           "first"_a = 0, "frequency"_a = astro::Frequency(), "time"_a = py::none())
      .def_readwrite("first", &SigmfCapture::first)
      .def_readwrite("frequency", &SigmfCapture::frequency, "Zero: not said.")
      .def_readwrite("time", &SigmfCapture::time, "Of its first sample, or None.");
  def_more(capture);
  py::class_<SigmfAnnotation> annotation(room, "SigmfAnnotation", "What somebody saw in some of the samples.");
  annotation
      .def(py::init([](std::uint64_t first, std::optional<std::uint64_t> samples, astro::Frequency lower,
                       astro::Frequency upper, std::string label, std::string comment, std::string generator) {
             return SigmfAnnotation{.first = first,
                                    .samples = samples,
                                    .lower = lower,
                                    .upper = upper,
                                    .label = std::move(label),
                                    .comment = std::move(comment),
                                    .generator = std::move(generator)};
           }),
           "first"_a = 0, "samples"_a = py::none(), "lower"_a = astro::Frequency(), "upper"_a = astro::Frequency(),
           "label"_a = "", "comment"_a = "", "generator"_a = "")
      .def_readwrite("first", &SigmfAnnotation::first)
      .def_readwrite("samples", &SigmfAnnotation::samples, "None: to the end of the capture.")
      .def_readwrite("lower", &SigmfAnnotation::lower, "Edge of the band; both zero: not said.")
      .def_readwrite("upper", &SigmfAnnotation::upper)
      .def_readwrite("label", &SigmfAnnotation::label)
      .def_readwrite("comment", &SigmfAnnotation::comment)
      .def_readwrite("generator", &SigmfAnnotation::generator, "Who or what wrote it.");
  def_more(annotation);
}

void bind_meta(py::module_& room) {
  py::class_<SigmfMeta> meta(room, "SigmfMeta", nogil_destructor(), "All that the JSON of a SigMF recording says.");
  meta.def(py::init([](astro::Dtype dtype, astro::Frequency sample_rate, std::string author, std::string description,
                       std::string hardware, std::optional<astro::Location> site) {
             SigmfMeta made;
             made.dtype = dtype;
             made.sample_rate = sample_rate;
             made.author = std::move(author);
             made.description = std::move(description);
             made.hardware = std::move(hardware);
             made.site = site;
             return made;
           }),
           "dtype"_a = astro::Dtype::cf32, "sample_rate"_a = astro::Frequency(), "author"_a = "", "description"_a = "",
           "hardware"_a = "", "site"_a = py::none())
      .def_readonly("dtype", &SigmfMeta::dtype)
      .def_readwrite("sample_rate", &SigmfMeta::sample_rate, "Zero: not said.")
      .def_readwrite("author", &SigmfMeta::author)
      .def_readwrite("description", &SigmfMeta::description)
      .def_readwrite("hardware", &SigmfMeta::hardware)
      .def_readwrite("recorder", &SigmfMeta::recorder)
      .def_readwrite("site", &SigmfMeta::site, "Where it was recorded, or None.")
      .def_readwrite("captures", &SigmfMeta::captures, "A copy: set the whole list to change it.")
      .def_readwrite("annotations", &SigmfMeta::annotations, "A copy: set the whole list to change it.");
  def_more(meta);
}

struct SharedWriter {
  SharedWriter(const std::filesystem::path& path, SigmfMeta meta)
      : writer(new files::SigmfWriter(path, std::move(meta))) {}
  std::unique_ptr<files::SigmfWriter> writer;
  std::mutex mutex;

  files::SigmfWriter& open() const {
    if (writer == nullptr)
      throw astro::Error(astro::ErrorCode::invalid_argument, "writing SigMF: the recording is finished");
    return *writer;
  }
};

void write(SharedWriter& self, const py::array& samples, astro::Dtype expected) {
  const py::array flat = py::array::ensure(samples, py::array::c_style);
  if (sample_dtype(flat) != expected) throw py::type_error("the samples are not of the recording's dtype");
  const std::span bytes(static_cast<const std::byte*>(flat.data()), static_cast<std::size_t>(flat.nbytes()));
  const py::gil_scoped_release release;
  const std::lock_guard lock(self.mutex);
  self.open().write(bytes);
}

void bind_writer(py::module_& room) {
  py::class_<SharedWriter>(room, "SigmfWriter", nogil_destructor(),
                           "Takes samples as they come; the files get their names at the end of the `with` block.")
      .def(py::init<const std::filesystem::path&, SigmfMeta>(), "path"_a, "meta"_a, nogil())
      .def(
          "write", [](SharedWriter& self, const py::array& samples) { write(self, samples, self.open().meta().dtype); },
          "samples"_a, "An array as IqReader gives it: complex64, or integers in pairs (n, 2).")
      .def(
          "annotate",
          [](SharedWriter& self, const SigmfAnnotation& annotation) {
            const std::lock_guard lock(self.mutex);
            self.open().meta().annotations.push_back(annotation);
          },
          "annotation"_a, nogil())
      .def(
          "finish",
          [](SharedWriter& self) {
            const std::lock_guard lock(self.mutex);
            self.open().finish();
            self.writer.reset();
          },
          nogil())
      .def_property_readonly("samples", [](const SharedWriter& self) { return self.open().samples(); })
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](SharedWriter& self, const py::object& type, const py::object&, const py::object&) {
        const bool is_whole = type.is_none();
        const py::gil_scoped_release release;
        const std::lock_guard lock(self.mutex);
        if (is_whole && self.writer != nullptr) self.writer->finish();
        self.writer.reset();
      });
}

}  // namespace

void bind_sigmf(py::module_& room) {
  bind_parts(room);
  bind_meta(room);
  bind_writer(room);
  room.def("read_sigmf", &files::read_sigmf, "path"_a, nogil(), "Reads the JSON, by either of the two files' names.");
}

}  // namespace astro_python
