// SPDX-License-Identifier: BSD-3-Clause
#include <mutex>

#include "astro/files/image.hpp"
#include "files.hpp"
#include "imaging.hpp"

namespace astro_python {
namespace {

namespace files = astro::files;
using astro::imaging::Image;

/// A reader is for one thread: those of Python take turns.
struct SharedImageReader {
  SharedImageReader(const std::filesystem::path& path, int unit) : reader(path, unit) {}
  files::ImageReader reader;
  std::mutex mutex;
};

}  // namespace

void bind_image_files(py::module_& room) {
  py::class_<SharedImageReader>(room, "ImageReader", nogil_destructor(),
                                "An image in a FITS file, opened once and read as a whole or a band of rows at a time.")
      .def(py::init<const std::filesystem::path&, int>(), "path"_a, "unit"_a = -1, nogil())
      .def_property_readonly(
          "shape", [](const SharedImageReader& self) { return std::pair(self.reader.rows(), self.reader.columns()); },
          "(rows, columns).")
      .def(
          "card", [](const SharedImageReader& self, const std::string& name) { return self.reader.card(name); },
          "name"_a, "A card of the image's header; None when there is none.")
      .def(
          "read",
          [](SharedImageReader& self, std::optional<std::size_t> first, std::optional<std::size_t> rows) {
            const std::lock_guard lock(self.mutex);
            if (!first && !rows) return self.reader.read();
            const std::size_t begin = std::min(first.value_or(0), self.reader.rows());
            return self.reader.read(begin, rows.value_or(self.reader.rows() - begin));
          },
          "first"_a = py::none(), "rows"_a = py::none(), nogil(), "All rows, or some from the first on.");
  room.def("read_image", &files::read_image, "path"_a, "unit"_a = -1, nogil(),
           R"(The image of a FITS file with its noise, mask, world coordinates, and how it was taken.

Any BITPIX, plain or compressed in tiles; noise and mask from extensions as ccdproc, Rubin and JWST have them. unit: the
first with two axes, or the one of this number.)");
  room.def("write_image", &files::write_image, "path"_a, "image"_a,
           py::arg_v("provenance", files::Provenance(), "Provenance()"), nogil(),
           "Writes 32-bit floats, with the extensions UNCERT and MASK as astropy's CCDData.read takes them.");
}

}  // namespace astro_python
