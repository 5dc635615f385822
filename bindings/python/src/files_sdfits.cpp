// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/sdfits.hpp"

#include "files.hpp"

namespace astro_python {
namespace {

namespace files = astro::files;
using files::SdfitsRow;

template <class Member>
void def_member(py::class_<SdfitsRow>& type, const char* name, Member SdfitsRow::*member, const char* doc = "") {
  type.def_readwrite(name, member, doc);
}

void bind_row(py::module_& room) {
  py::class_<SdfitsRow> type(room, "SdfitsRow", nogil_destructor(),
                             "One spectrum of SDFITS: one integration of one polarisation, feed and band.");
  type.def(py::init([](astro::Spectrum spectrum, std::string unit, std::string object, int scan, int integration) {
             SdfitsRow row;
             row.spectrum = std::move(spectrum);
             row.unit = std::move(unit);
             row.object = std::move(object);
             row.scan = scan;
             row.integration = integration;
             return row;
           }),
           "spectrum"_a, "unit"_a = "", "object"_a = "", "scan"_a = 0, "integration"_a = 0);
  def_member(type, "spectrum", &SdfitsRow::spectrum,
             "Frequencies ascend and are those at the telescope; a flagged channel has weight 0.");
  def_member(type, "unit", &SdfitsRow::unit, "Of the power: \"K\", \"Jy\", \"Counts\".");
  def_member(type, "object", &SdfitsRow::object, "Name of the target.");
  def_member(type, "observer", &SdfitsRow::observer);
  def_member(type, "telescope", &SdfitsRow::telescope);
  def_member(type, "scan", &SdfitsRow::scan);
  def_member(type, "integration", &SdfitsRow::integration, "INT, within the scan.");
  def_member(type, "band", &SdfitsRow::band, "IFNUM.");
  def_member(type, "polarisation", &SdfitsRow::polarisation, "PLNUM, an index.");
  def_member(type, "feed", &SdfitsRow::feed, "FDNUM.");
  def_member(type, "stokes", &SdfitsRow::stokes, "\"I\", \"XX\", \"YY\", \"RR\", ...; empty: not known.");
  def_member(type, "signal", &SdfitsRow::signal, "SIG: on the signal's side of a switching cycle.");
  def_member(type, "diode_on", &SdfitsRow::diode_on, "CAL: with the noise diode.");
  def_member(type, "diode_k", &SdfitsRow::diode_k, "TCAL, of the noise diode.");
  def_member(type, "tsys_k", &SdfitsRow::tsys_k);
  def_member(type, "rest", &SdfitsRow::rest, "Rest frequency of the line.");
  def_member(type, "velocity_definition", &SdfitsRow::velocity_definition, "VELDEF, as in \"RADI-LSR\".");
  def_member(type, "frame_velocity_km_s", &SdfitsRow::frame_velocity_km_s,
             "VFRAME: a topocentric velocity less this is one in the frame of `velocity_definition`.");
  def_member(type, "source_velocity_km_s", &SdfitsRow::source_velocity_km_s, "VELOCITY, of the source in that frame.");
  def_member(type, "descending", &SdfitsRow::descending, "The file's order of frequencies.");
  type.def_property(
      "more", [](const SdfitsRow& self) { return self.more; },
      [](SdfitsRow& self, const astro::Value& more) { self.more = more; },
      "A dict of every other column and card by its name; written again.");
  type.def("__repr__", [](const SdfitsRow& self) {
    return "<SdfitsRow " + self.object + ", scan " + std::to_string(self.scan) + ", integration " +
           std::to_string(self.integration) + ", " + self.stokes + (self.diode_on ? ", diode on>" : ">");
  });
}

}  // namespace

void bind_sdfits(py::module_& room) {
  bind_row(room);
  room.def("read_sdfits", &files::read_sdfits, "path"_a, nogil(),
           R"(Reads all tables SINGLE DISH of a file: a list of SdfitsRow.

A row of several polarisations becomes several. Directions in FK5 of J2000 are taken as ICRS.)");
  room.def("write_sdfits", &files::write_sdfits, "path"_a, "rows"_a, nogil(),
           "Writes one table; all rows must have the same number of channels.");
  room.def("read_gbo20m", &files::read_gbo20m, "path"_a, nogil(),
           "Green Bank's 20 metre telescope, calibrated ASCII: XX and YY of the first band and of the second.");
  room.def("sdfits_rows", &files::sdfits_rows, "file"_a, nogil(), "The spectra of a recording as rows of one scan.");
  room.def("sdfits_row", &files::sdfits_row, "spectrum"_a, nogil(), "A calibrated spectrum as a row, in kelvin.");
  room.def("spectra_file", &files::spectra_file, "rows"_a, nogil(), "The rows' spectra as a recording.");
}

}  // namespace astro_python
