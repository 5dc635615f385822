// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "astro/error.hpp"
#include "astro/files/sdfits.hpp"
#include "astro/sky/frames.hpp"
#include "files/fail.hpp"
#include "files/fits_table.hpp"
#include "files/sdfits_names.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

constexpr std::size_t most_row_channels = std::size_t{1} << 26;
constexpr double most_row_seconds = 1e9;
constexpr std::size_t most_stokes = 4;
/// Of what is kept beside the members, over all rows: a file of a few bytes a row and a long header
/// must not fill the memory.
constexpr std::size_t most_others = 20'000'000;

/// Lengths from "(32768,1,1,2)".
std::optional<std::vector<std::size_t>> dimensions_of(std::string_view text) {
  text = text::trimmed(text);
  if (text.size() < 3 || text.front() != '(' || text.back() != ')') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<std::size_t> lengths;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text::trimmed(text.substr(0, comma));
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), length);
    if (error != std::errc() || end != part.data() + part.size() || length == 0 || length > most_row_channels)
      return std::nullopt;
    lengths.push_back(length);
    if (comma == text.size()) return lengths;
    text.remove_prefix(comma + 1);
  }
}

/// How the data of one row are laid out.
struct Layout {
  std::size_t channels = 0;
  std::size_t spectra = 1;  ///< of different polarisation
  int frequency_axis = 1;   ///< from 1
  int stokes_axis = 0;      ///< 0: there is none
};

/// Reads the rows of one table. What SDFITS calls a column may as well be a card of the header,
/// where it holds for all rows.
class SdfitsReader {
 public:
  SdfitsReader(FitsFile& file, const FitsUnit& unit, const FitsHeader& primary)
      : path_(file.path()), table_(file, unit), primary_(primary), data_(data_column()) {
    for (const FitsColumn& column : table_.columns()) {
      if (!is_sdfits_member(column.name) && !column.name.empty()) others_.push_back(&column);
    }
    for (const auto& [name, value] : table_.header().others()) {
      if (!is_sdfits_member(name) && !value.is_null() && table_.find(name) == nullptr) cards_.emplace_back(name, value);
    }
  }

  void read_all(std::vector<SdfitsRow>& rows) {
    if (table_.rows() * (cards_.size() + others_.size() + 1) > most_others) {
      fail(path_, "table SINGLE DISH",
           std::to_string(table_.rows()) + " rows with " + std::to_string(cards_.size() + others_.size()) +
               " further columns and cards are more than can be kept; split the file");
    }
    for (row_ = 0; row_ < table_.rows(); ++row_) {
      table_.load(row_);
      const Layout layout = layout_of_row();
      for (std::size_t i = 0; i < layout.spectra; ++i) rows.push_back(read_row(layout, i));
    }
  }

 private:
  const FitsColumn& data_column() const {
    for (const char* name : {"DATA", "SPECTRUM"}) {
      if (const FitsColumn* column = table_.find(name); column != nullptr && is_numeric(*column)) return *column;
    }
    fail(path_, "table SINGLE DISH", "it has no column DATA of numbers");
  }

  /// The row's column, else the table's card, else the file's.
  Value value(std::string_view name) const {
    if (const FitsColumn* column = table_.find(name)) return table_.value(*column);
    if (const Value* card = table_.header().find(name)) return *card;
    const Value* card = primary_.find(name);
    return card == nullptr ? Value() : *card;
  }

  std::string text(std::string_view name) const {
    const Value found = value(name);
    const auto* text = found.get_if<std::string>();
    return text == nullptr ? std::string() : *text;
  }

  std::optional<double> number(std::string_view name) const {
    const Value found = value(name);
    if (found.get_if<double>() == nullptr && found.get_if<std::int64_t>() == nullptr) return std::nullopt;
    const double number = found.as_number();
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
  }
  double number_or(std::string_view name, double otherwise) const { return number(name).value_or(otherwise); }

  double required(std::string_view name) const {
    const auto found = number(name);
    if (!found) fail(path_, place(), "there is no number " + std::string(name) + ", as a column or as a card");
    return *found;
  }

  int index(std::string_view name) const {
    const double found = number_or(name, 0.0);
    return std::abs(found) < 2e9 ? static_cast<int>(found) : 0;
  }

  bool truth(std::string_view name, bool otherwise) const {
    const Value found = value(name);
    if (const auto* truth = found.get_if<bool>()) return *truth;
    const auto* text = found.get_if<std::string>();
    return text == nullptr || text->empty() ? otherwise : *text == "T";
  }

  std::string place() const { return "row " + std::to_string(row_ + 1); }

  Layout layout_of_row() const {
    const std::string name = "TDIM" + std::to_string(data_.number);
    const std::string told = text(name);
    std::vector<std::size_t> lengths{data_.repeat};
    if (!told.empty()) {
      const auto dimensions = dimensions_of(told);
      if (!dimensions)
        fail(path_, place(), name + " is " + text::quoted(told) + ", expected lengths like (32768,1,1,1)");
      lengths = *dimensions;
    }
    Layout layout;
    std::size_t all = 1;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
      if (lengths[i] > data_.repeat / all) {
        table_.refuse(data_,
                      name + " is " + told + ", and the column holds " + std::to_string(data_.repeat) + " numbers");
      }
      all *= lengths[i];
      take_axis(layout, static_cast<int>(i) + 1, lengths[i]);
    }
    if (layout.channels < 1) fail(path_, place(), "expected an axis of frequency (CTYPE1 FREQ-OBS)");
    return layout;
  }

  void take_axis(Layout& layout, int axis, std::size_t length) const {
    const std::string type = text("CTYPE" + std::to_string(axis));
    if (axis == 1) {
      if (!type.starts_with("FREQ")) {
        fail(path_, place(), "CTYPE1 is " + text::quoted(type) + ", expected a frequency, like FREQ-OBS");
      }
      layout.channels = length;
      return;
    }
    if (type == "STOKES") layout.stokes_axis = axis;
    if (length == 1) return;
    if (type == "STOKES" && length > most_stokes) {
      fail(path_, place(), "the axis STOKES has " + std::to_string(length) + " places, expected at most 4");
    }
    if (type != "STOKES") {
      fail(path_, place(),
           "axis " + std::to_string(axis) + " of the data, " + text::quoted(type) + ", has " + std::to_string(length) +
               " places, and only frequency and STOKES may have more than one");
    }
    layout.spectra = length;
  }

  SdfitsRow read_row(const Layout& layout, std::size_t index_in_row) const {
    SdfitsRow row;
    read_names(row, layout, index_in_row);
    read_times(row.spectrum);
    read_velocities(row);
    read_axis(row, layout);
    read_data(row, layout, index_in_row);
    row.spectrum.pointing = pointing(row.spectrum.mid);
    const double resolution_hz = std::abs(number_or("FREQRES", row.spectrum.axis.step.hertz()));
    row.spectrum.effective_averages = resolution_hz * seconds(row.spectrum.exposure);
    row.spectrum.samples = 1;
    row.more = Map(cards_);
    for (const FitsColumn* column : others_) {
      Value found = table_.value(*column);
      if (!found.is_null()) row.more.set(column->name, std::move(found));
    }
    return row;
  }

  void read_names(SdfitsRow& row, const Layout& layout, std::size_t index_in_row) const {
    row.object = text("OBJECT");
    row.observer = text("OBSERVER");
    row.telescope = text("TELESCOP");
    row.spectrum.receiver = text("FRONTEND");
    const std::string in_row = text("TUNIT" + std::to_string(data_.number));
    row.unit = in_row.empty() ? data_.unit : in_row;
    row.scan = index("SCAN");
    row.integration = index("INT");
    row.band = index("IFNUM");
    row.polarisation = index("PLNUM") + static_cast<int>(index_in_row);
    row.feed = index("FDNUM");
    row.signal = truth("SIG", true);
    row.diode_on = truth("CAL", false);
    row.diode_k = number_or("TCAL", 0.0);
    row.tsys_k = tsys(index_in_row);
    if (layout.stokes_axis == 0) return;
    const std::string axis = std::to_string(layout.stokes_axis);
    const double first = number_or("CRVAL" + axis, 0.0);
    const double code = first + (static_cast<double>(index_in_row) + 1.0 - number_or("CRPIX" + axis, 1.0)) *
                                    number_or("CDELT" + axis, 1.0);
    if (std::abs(code) < 100.0) row.stokes = stokes_of(static_cast<int>(std::lround(code)));
  }

  /// One number, or one for each polarisation.
  double tsys(std::size_t index_in_row) const {
    const FitsColumn* column = table_.find("TSYS");
    if (column == nullptr || column->repeat <= 1 || !is_numeric(*column) || index_in_row >= column->repeat) {
      return number_or("TSYS", 0.0);
    }
    float value = 0.0F;
    table_.numbers(*column, index_in_row, std::span(&value, 1));
    return std::isfinite(value) ? static_cast<double>(value) : 0.0;
  }

  Duration span_of(std::string_view name, Duration otherwise) const {
    const auto found = number(name);
    if (!found) return otherwise;
    if (*found < 0.0 || *found > most_row_seconds) {
      fail(path_, place(), std::string(name) + " is " + text::of(*found) + ", expected seconds from 0 to 1e9");
    }
    return from_seconds(*found);
  }

  void read_times(Spectrum& spectrum) const {
    const std::string start = text("DATE-OBS");
    try {
      spectrum.start = parse_time(start);
    } catch (const Error&) {
      fail(path_, place(), "DATE-OBS is " + text::quoted(start) + ", expected a time like 2021-02-10T07:38:37.50");
    }
    // Times are kept in 64 bits of nanoseconds; a margin stays for what is added below.
    if (!is_plausible(spectrum.start)) {
      fail(path_, place(), "DATE-OBS is " + text::quoted(start) + ", expected a year from 1700 to 2199");
    }
    // Parkes' tables have the date alone there, and the seconds since its midnight in TIME.
    if (start.find('T') == std::string::npos) spectrum.start += span_of("TIME", {});
    spectrum.exposure = span_of("EXPOSURE", span_of("DURATION", {}));
    spectrum.duration = span_of("DURATION", spectrum.exposure);
    spectrum.mid = spectrum.start + spectrum.duration / 2;
  }

  void read_velocities(SdfitsRow& row) const {
    row.rest = hertz(number_or("RESTFREQ", hydrogen_line.hertz()));
    row.velocity_definition = text("VELDEF");
    row.frame_velocity_km_s = 1e-3 * number_or("VFRAME", 0.0);
    row.source_velocity_km_s = 1e-3 * number_or("VELOCITY", 0.0);
    if (!(std::abs(row.frame_velocity_km_s) < 1e5)) fail(path_, place(), "VFRAME is not slower than light by far");
  }

  void read_axis(SdfitsRow& row, const Layout& layout) const {
    double step = required("CDELT1");
    double value = required("CRVAL1");
    // A frequency in a frame at rest is worked back to the telescope's; the frame's velocity says how.
    const std::string type = text("CTYPE1");
    if (type != "FREQ" && type != "FREQ-OBS") {
      const double ratio = observed_over_rest(row.frame_velocity_km_s);
      value *= ratio;
      step *= ratio;
    }
    if (step == 0.0 || !std::isfinite(value) || std::abs(value) > 1e15 || std::abs(step) > 1e15) {
      fail(path_, place(), "CDELT1 is " + text::of(step) + ", expected hertz from one channel to the next");
    }
    row.descending = step < 0.0;
    const double first = value + (1.0 - number_or("CRPIX1", 1.0)) * step;
    const double last = first + static_cast<double>(layout.channels - 1) * step;
    row.spectrum.axis = {hertz(row.descending ? last : first), hertz(std::abs(step)),
                         static_cast<std::uint32_t>(layout.channels)};
  }

  void read_data(SdfitsRow& row, const Layout& layout, std::size_t index_in_row) const {
    const std::size_t first = index_in_row * layout.channels;
    Spectrum& spectrum = row.spectrum;
    spectrum.power.resize(layout.channels);
    table_.numbers(data_, first, spectrum.power);
    spectrum.weight.assign(layout.channels, 1.0F);
    if (const FitsColumn* column = fitting("WEIGHT", first + layout.channels)) {
      table_.numbers(*column, first, spectrum.weight);
    }
    std::vector<float> flags(layout.channels, 0.0F);
    for (const char* name : {"FLAGS", "FLAGGED"}) {
      if (const FitsColumn* column = fitting(name, first + layout.channels)) table_.numbers(*column, first, flags);
    }
    for (std::size_t i = 0; i < layout.channels; ++i) {
      const float weight = spectrum.weight[i];
      if (flags[i] != 0.0F || !std::isfinite(spectrum.power[i]) || !(weight >= 0.0F) || !(weight <= 1.0F)) {
        spectrum.weight[i] = 0.0F;
      }
    }
    if (!row.descending) return;
    std::reverse(spectrum.power.begin(), spectrum.power.end());
    std::reverse(spectrum.weight.begin(), spectrum.weight.end());
  }

  /// A column of numbers that has one for each channel.
  const FitsColumn* fitting(std::string_view name, std::size_t least) const {
    const FitsColumn* column = table_.find(name);
    return column != nullptr && is_numeric(*column) && column->repeat >= least ? column : nullptr;
  }

  std::optional<double> angle(std::string_view name, double most) const {
    const auto found = number(name);
    if (found && std::abs(*found) > most) {
      fail(path_, place(),
           std::string(name) + " is " + text::of(*found) + ", expected at most " + text::of(most) + " degrees");
    }
    return found;
  }

  Pointing pointing(Time mid) const {
    Pointing pointing;
    const auto longitude = angle("SITELONG", 360.0);
    const auto latitude = angle("SITELAT", 90.0);
    const auto azimuth = angle("AZIMUTH", 1080.0);
    const auto elevation = angle("ELEVATIO", 180.0);
    if (!longitude || !latitude) return pointing;
    pointing.site = {degrees(*latitude), degrees(*longitude), number_or("SITEELEV", 0.0)};
    const auto direction = direction_of_axes();
    if (azimuth && elevation) pointing.place = {degrees(*azimuth), degrees(*elevation)};
    if (direction) pointing.direction = *direction;
    else if (azimuth && elevation) pointing.direction = sky::icrs(pointing.place, pointing.site, mid);
    if (direction && !(azimuth && elevation)) pointing.place = sky::altaz(*direction, pointing.site, mid);
    pointing.known = direction.has_value() || (azimuth && elevation);
    return pointing;
  }

  std::optional<Icrs> direction_of_axes() const {
    const auto longitude = angle("CRVAL2", 360.0);
    const auto latitude = angle("CRVAL3", 90.0);
    if (!longitude || !latitude) return std::nullopt;
    const std::string type = text("CTYPE2");
    if (type.starts_with("GLON")) return sky::icrs(Galactic{degrees(*longitude), degrees(*latitude)});
    const bool is_icrs = text("RADESYS") == "ICRS" || number_or("EQUINOX", 2000.0) == 2000.0;
    if (type.starts_with("RA") && is_icrs) return Icrs{degrees(*longitude), degrees(*latitude)};
    return std::nullopt;
  }

  std::filesystem::path path_;
  FitsTable table_;
  const FitsHeader& primary_;
  const FitsColumn& data_;
  std::vector<const FitsColumn*> others_;
  Map cards_;
  std::size_t row_ = 0;
};

}  // namespace

std::vector<SdfitsRow> read_sdfits(const std::filesystem::path& path) {
  FitsFile file(path);
  std::vector<SdfitsRow> rows;
  bool has_table = false;
  for (const FitsUnit& unit : file.units()) {
    if (unit.header.text("XTENSION") != "BINTABLE" || unit.header.text("EXTNAME") != "SINGLE DISH") continue;
    has_table = true;
    SdfitsReader(file, unit, file.units().front().header).read_all(rows);
  }
  if (!has_table)
    fail(path, "none of its " + std::to_string(file.units().size()) + " units is a table SINGLE DISH; is it SDFITS?");
  if (rows.empty()) fail(path, "its table SINGLE DISH has no row; was the recording stopped at once?");
  return rows;
}

}  // namespace astro::files
