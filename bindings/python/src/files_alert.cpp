// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/alert.hpp"

#include "enums.hpp"
#include "files.hpp"
#include "imaging.hpp"

namespace astro_python {

template <>
struct EnumNames<astro::files::AlertStamp> {
  static constexpr const char* name = "AlertStamp";
  static constexpr auto values = std::to_array<const char*>({"science", "reference", "difference"});
};

namespace {

namespace files = astro::files;
using astro::Value;
using files::AlertFile;
using files::AlertStamp;

}  // namespace

void bind_alerts(py::module_& room) {
  make_enum<AlertStamp>(room, "Which image of an alert: science, reference (ZTF's template), difference.");
  py::class_<AlertFile>(room, "AlertFile", nogil_destructor(),
                        "Alerts in the form of ZTF (Patterson et al. 2019, PASP 131, 018001), with their schema.")
      .def(py::init([](std::string schema, std::vector<Value> alerts) {
             AlertFile file;
             file.schema = std::move(schema);
             file.alerts = std::move(alerts);
             return file;
           }),
           "schema"_a, "alerts"_a = std::vector<Value>(), "A new one, to be written.")
      .def_property(
          "alerts", [](const AlertFile& self) { return self.alerts; },
          [](AlertFile& self, std::vector<Value> alerts) { self.alerts = std::move(alerts); },
          "A list of dictionaries, copies of what the file has: set it to change them.")
      .def_readwrite("schema", &AlertFile::schema, "Of each alert, as JSON, as it was written.")
      .def("__len__", [](const AlertFile& self) { return self.alerts.size(); })
      .def(
          "to_bytes",
          [](const AlertFile& self) {
            const astro::Bytes made = without_gil([&] { return files::alert_bytes(self); });
            return py::bytes(reinterpret_cast<const char*>(made.data()), made.size());
          },
          "As Avro's bytes, not compressed. Raises an Error (invalid_argument) for alerts that are not of the schema.");
  room.def("read_alerts", py::overload_cast<const std::filesystem::path&>(&files::read_alerts), "path"_a, nogil(),
           R"(The alerts of an Avro container in the form of ZTF.

At most 256 MiB, compressed by nothing or deflate. What is read and written again unchanged is the same, byte for byte,
where its writer put all alerts into one block and did not compress it. Raises an Error: not_found, invalid_file.)");
  room.def(
      "write_alerts", &files::write_alerts, "path"_a, "file"_a, nogil(),
      "Writes an AlertFile, under a temporary name first. Raises an Error: invalid_argument for alerts that are not "
      "of the schema, storage.");
  room.def(
      "stamp_of",
      [](const Value& alert, AlertStamp which) {
        return array_of(without_gil([&] { return files::stamp_of(alert, which); }));
      },
      "alert"_a, "which"_a,
      R"(A small image of an alert: array of (rows, columns), float32, rows from the bottom; NaN where there is no data.

Of what became fainter ZTF shows the reference less the science image. Raises an Error: not_found where the alert has
none, invalid_file for what is no gzipped FITS image of up to 4096 pixels a side.)");
  room.def(
      "set_stamp",
      [](Value alert, AlertStamp which, const py::object& pixels, const std::string& file_name) {
        const auto plane = plane_from<float>(pixels, "pixels");
        return without_gil([&] {
          files::set_stamp(alert, which, plane, file_name);
          return alert;
        });
      },
      "alert"_a, "which"_a, "pixels"_a, "file_name"_a,
      "The alert with another small image, an array of (rows, columns), and its file name.");
  room.def(
      "new_alert",
      [](const std::string& schema, const astro::imaging::Candidate& candidate, const py::sequence& stamps,
         std::int64_t candid, std::optional<astro::Time> start, std::optional<std::int64_t> filter,
         std::optional<double> zero_point, std::optional<double> limiting_magnitude, std::string model,
         const py::dict& alert, const py::dict& fields) {
        if (py::len(stamps) != 3) throw py::value_error("stamps: expected three, as imaging.cut gives them");
        const astro::imaging::Triplet triplet{plane_from<float>(stamps[0], "science"),
                                              plane_from<float>(stamps[1], "reference"),
                                              plane_from<float>(stamps[2], "difference")};
        files::AlertFacts facts{.candid = candid,
                                .start = start,
                                .filter = filter,
                                .zero_point = zero_point,
                                .limiting_magnitude = limiting_magnitude,
                                .model = std::move(model),
                                .alert = value_from(alert).as_map(),
                                .candidate = value_from(fields).as_map()};
        return without_gil([&] { return files::new_alert(schema, candidate, triplet, facts); });
      },
      "schema"_a, "candidate"_a, "stamps"_a, py::kw_only(), "candid"_a, "start"_a = py::none(), "filter"_a = py::none(),
      "zero_point"_a = py::none(), "limiting_magnitude"_a = py::none(), "model"_a = "", "alert"_a = py::dict(),
      "fields"_a = py::dict(),
      R"(An alert of the schema of ZTF, which a file of alerts brings, from a candidate and its stamps (`imaging.cut`).

candid: by which it is told from all others; start: of the science image's exposure; filter: ZTF's 1 g, 2 r, 3 i; zero_point:
magnitude of a flux of 1 in the candidate's unit; limiting_magnitude: of a point at 5 sigma in the difference; model: that
gave the score; alert: further fields of it (objectId, publisher), fields: of its record candidate (pid, programid). What is
neither known nor given is null. Raises an Error: invalid_argument with all fields that the schema wants nevertheless, and
for given ones that it has not; invalid_file for what is no schema.)");
  room.def(
      "set_score",
      [](Value alert, double score, const std::string& model) {
        return without_gil([&] {
          files::set_score(alert, score, model);
          return alert;
        });
      },
      "alert"_a, "score"_a, "model"_a,
      "The alert with what a classifier says, 0 to 1, as ZTF's drb and drbversion; in older alerts rb and rbversion. "
      "Raises an Error (not_found) for an alert without a candidate.");
}

}  // namespace astro_python
