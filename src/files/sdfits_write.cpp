// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <map>

#include "astro/error.hpp"
#include "astro/files/export.hpp"
#include "astro/files/sdfits.hpp"
#include "astro/sky/frames.hpp"
#include "astro/sky/velocity.hpp"
#include "files/fits_writer.hpp"
#include "files/sdfits_names.hpp"
#include "files/software.hpp"

namespace astro::files {
namespace {

/// In the order of the file.
template <class T>
std::vector<T> in_order(std::vector<T> values, bool descending) {
  if (descending) std::reverse(values.begin(), values.end());
  return values;
}

double nan_unless(bool known, double value) { return known ? value : std::nan(""); }

/// A column: how it is declared, and what stands in it.
struct Column {
  std::string name;
  std::string form;
  std::string unit;
  std::function<void(FitsWriter&, std::size_t row, std::size_t column, const SdfitsRow&)> write;
};

using Texts = std::function<std::string(const SdfitsRow&)>;
using Numbers = std::function<double(const SdfitsRow&)>;
using Integers = std::function<long long(const SdfitsRow&)>;

/// The table's columns. DATA is the seventh, with TDIM7 and TUNIT7 behind it, as Green Bank has it.
class Columns {
 public:
  explicit Columns(const std::vector<SdfitsRow>& rows) : rows_(rows), channels_(rows.front().spectrum.axis.channels) {
    add_observation();
    add_axes();
    add_velocities();
    add_place();
    add_coverage();
    add_others();
  }

  const std::vector<Column>& all() const noexcept { return columns_; }
  /// Long texts that hold for all rows: cards of the table's header.
  const std::map<std::string, std::string>& cards() const noexcept { return cards_; }

 private:
  void text(const std::string& name, const Texts& read) {
    std::size_t width = 1;
    for (const SdfitsRow& row : rows_) width = std::max(width, read(row).size());
    columns_.push_back({name, std::to_string(width) + "A", "",
                        [read](FitsWriter& fits, std::size_t row, std::size_t column, const SdfitsRow& from) {
                          fits.cell(row, column, read(from));
                        }});
  }
  void number(const std::string& name, const char* unit, const Numbers& read) {
    columns_.push_back(
        {name, "D", unit, [read](FitsWriter& fits, std::size_t row, std::size_t column, const SdfitsRow& from) {
           fits.cell(row, column, read(from));
         }});
  }
  /// Of 64 bits only where it must be: CASA reads none of those.
  void integer(const std::string& name, const Integers& read) {
    const bool is_short = std::all_of(rows_.begin(), rows_.end(), [&](const SdfitsRow& row) {
      const long long value = read(row);
      return value == static_cast<std::int32_t>(value);
    });
    columns_.push_back({name, is_short ? "J" : "K", "",
                        [read](FitsWriter& fits, std::size_t row, std::size_t column, const SdfitsRow& from) {
                          fits.cell(row, column, read(from));
                        }});
  }
  void array(const std::string& name, std::vector<float> Spectrum::*member) {
    columns_.push_back({name, std::to_string(channels_) + "E", common_unit(name),
                        [member](FitsWriter& fits, std::size_t row, std::size_t column, const SdfitsRow& from) {
                          fits.cell(row, column,
                                    std::span<const float>(in_order(from.spectrum.*member, from.descending)));
                        }});
  }

  /// TUNITn is one for all rows; the column TUNIT7 has that of each.
  std::string common_unit(const std::string& name) const {
    const std::string& unit = rows_.front().unit;
    const bool is_fits_unit = unit == "K" || unit == "Jy";
    const bool is_common =
        std::all_of(rows_.begin(), rows_.end(), [&](const SdfitsRow& row) { return row.unit == unit; });
    return name == "DATA" && is_fits_unit && is_common ? unit : "";
  }

  void add_observation() {
    text("OBJECT", [](const SdfitsRow& row) { return row.object; });
    number("BANDWID", "Hz",
           [](const SdfitsRow& row) { return row.spectrum.axis.step.hertz() * row.spectrum.axis.channels; });
    text("DATE-OBS", [](const SdfitsRow& row) { return fits_time(row.spectrum.start, 9); });
    number("DURATION", "s", [](const SdfitsRow& row) { return seconds(row.spectrum.duration); });
    number("EXPOSURE", "s", [](const SdfitsRow& row) { return seconds(row.spectrum.exposure); });
    number("TSYS", "K", [](const SdfitsRow& row) { return row.tsys_k; });
    array("DATA", &Spectrum::power);
    std::string dimensions = "(" + std::to_string(channels_) + ",1,1,1)";
    text("TDIM7", [dimensions](const SdfitsRow&) { return dimensions; });
    text("TUNIT7", [](const SdfitsRow& row) { return row.unit; });
    text("OBSERVER", [](const SdfitsRow& row) { return row.observer; });
    text("TELESCOP", [](const SdfitsRow& row) { return row.telescope; });
    text("FRONTEND", [](const SdfitsRow& row) { return row.spectrum.receiver; });
    integer("SCAN", [](const SdfitsRow& row) { return row.scan; });
    integer("INT", [](const SdfitsRow& row) { return row.integration; });
    integer("IFNUM", [](const SdfitsRow& row) { return row.band; });
    integer("PLNUM", [](const SdfitsRow& row) { return row.polarisation; });
    integer("FDNUM", [](const SdfitsRow& row) { return row.feed; });
    text("SIG", [](const SdfitsRow& row) { return row.signal ? "T" : "F"; });
    text("CAL", [](const SdfitsRow& row) { return row.diode_on ? "T" : "F"; });
    number("TCAL", "K", [](const SdfitsRow& row) { return row.diode_k; });
  }

  void add_axes() {
    text("CTYPE1", [](const SdfitsRow&) { return "FREQ-OBS"; });
    number("CRVAL1", "Hz", [](const SdfitsRow& row) { return row.spectrum.axis.at(reference(row)).hertz(); });
    number("CRPIX1", "", [](const SdfitsRow& row) { return row.spectrum.axis.channels / 2 + 1.0; });
    number("CDELT1", "Hz",
           [](const SdfitsRow& row) { return row.spectrum.axis.step.hertz() * (row.descending ? -1.0 : 1.0); });
    number("OBSFREQ", "Hz", [](const SdfitsRow& row) { return row.spectrum.axis.at(reference(row)).hertz(); });
    number("FREQRES", "Hz", [](const SdfitsRow& row) { return resolution_hz(row.spectrum); });
    text("CTYPE2", [](const SdfitsRow&) { return "RA"; });
    number("CRVAL2", "deg", [](const SdfitsRow& row) {
      return nan_unless(row.spectrum.pointing.known, row.spectrum.pointing.direction.ra.wrapped().degrees());
    });
    text("CTYPE3", [](const SdfitsRow&) { return "DEC"; });
    number("CRVAL3", "deg", [](const SdfitsRow& row) {
      return nan_unless(row.spectrum.pointing.known, row.spectrum.pointing.direction.dec.degrees());
    });
    integer("CRVAL4", [](const SdfitsRow& row) { return stokes_code(row.stokes); });
  }

  /// The channel, counted in ascending frequency, that stands at CRPIX1.
  static double reference(const SdfitsRow& row) {
    const std::uint32_t channels = row.spectrum.axis.channels;
    const std::uint32_t place = channels / 2;
    return row.descending ? channels - 1.0 - place : place;
  }

  static double resolution_hz(const Spectrum& spectrum) {
    const double exposure_s = seconds(spectrum.exposure);
    return spectrum.effective_averages > 0.0 && exposure_s > 0.0 ? spectrum.effective_averages / exposure_s
                                                                 : spectrum.axis.step.hertz();
  }

  void add_velocities() {
    number("RESTFREQ", "Hz", [](const SdfitsRow& row) { return row.rest.hertz(); });
    text("VELDEF",
         [](const SdfitsRow& row) { return row.velocity_definition.empty() ? "RADI-LSR" : row.velocity_definition; });
    number("VFRAME", "m/s", [](const SdfitsRow& row) { return 1e3 * frame_velocity_km_s(row); });
    number("VELOCITY", "m/s", [](const SdfitsRow& row) { return 1e3 * row.source_velocity_km_s; });
  }

  static double frame_velocity_km_s(const SdfitsRow& row) {
    const Pointing& pointing = row.spectrum.pointing;
    if (!row.velocity_definition.empty()) return row.frame_velocity_km_s;
    if (!pointing.known) return std::nan("");
    return -sky::velocity_correction_km_s(pointing.direction, pointing.site, row.spectrum.mid,
                                          sky::VelocityFrame::lsrk);
  }

  void add_place() {
    const auto place = [this](const char* name, auto read) {
      number(name, "deg", [read](const SdfitsRow& row) {
        return nan_unless(row.spectrum.pointing.known, read(row.spectrum.pointing));
      });
    };
    text("RADESYS", [](const SdfitsRow&) { return "ICRS"; });
    number("EQUINOX", "", [](const SdfitsRow&) { return 2000.0; });
    place("AZIMUTH", [](const Pointing& pointing) { return pointing.place.azimuth.wrapped().degrees(); });
    place("ELEVATIO", [](const Pointing& pointing) { return pointing.place.altitude.degrees(); });
    place("SITELONG", [](const Pointing& pointing) { return pointing.site.longitude.degrees(); });
    place("SITELAT", [](const Pointing& pointing) { return pointing.site.latitude.degrees(); });
    number("SITEELEV", "m", [](const SdfitsRow& row) {
      return nan_unless(row.spectrum.pointing.known, row.spectrum.pointing.site.height_m);
    });
  }

  /// Weights and flags, where there is any.
  void add_coverage() {
    const auto any = [this](auto is) {
      return std::any_of(rows_.begin(), rows_.end(), [&](const SdfitsRow& row) {
        return std::any_of(row.spectrum.weight.begin(), row.spectrum.weight.end(), is);
      });
    };
    if (any([](float weight) { return weight != 0.0F && weight != 1.0F; })) array("WEIGHT", &Spectrum::weight);
    if (!any([](float weight) { return weight == 0.0F; })) return;
    columns_.push_back({"FLAGS", std::to_string(channels_) + "B", "",
                        [](FitsWriter& fits, std::size_t row, std::size_t column, const SdfitsRow& from) {
                          std::vector<unsigned char> flags;
                          for (const float weight : from.spectrum.weight) flags.push_back(weight == 0.0F ? 1 : 0);
                          fits.cell(row, column,
                                    std::span<const unsigned char>(in_order(std::move(flags), from.descending)));
                        }});
  }

  void add_others() {
    std::map<std::string, const Value*> examples;
    for (const SdfitsRow& row : rows_) {
      const auto* map = row.more.get_if<Map>();
      if (map == nullptr) continue;
      for (const auto& [name, value] : *map) {
        if (!is_sdfits_member(name)) examples.try_emplace(name, &value);
      }
    }
    for (const auto& [name, example] : examples) {
      if (const auto* text = example->get_if<std::string>(); text != nullptr && is_card(name, *text))
        cards_.emplace(name, *text);
      else add_other(name, *example);
    }
  }

  /// A text longer than a card has room for, and the same in all rows, would make every row as long.
  bool is_card(const std::string& name, const std::string& text) const {
    constexpr std::size_t longest_name = 8;
    constexpr std::size_t room = 68;
    if (name.size() > longest_name || text.size() <= room) return false;
    return std::ranges::all_of(rows_, [&](const SdfitsRow& row) {
      const Value* found = row.more.find(name);
      const auto* own = found == nullptr ? nullptr : found->get_if<std::string>();
      return own != nullptr && *own == text;
    });
  }

  void add_other(const std::string& name, const Value& example) {
    if (example.get_if<std::string>() != nullptr) {
      text(name, [name](const SdfitsRow& row) {
        const Value* found = row.more.find(name);
        const auto* value = found == nullptr ? nullptr : found->get_if<std::string>();
        return value == nullptr ? std::string() : *value;
      });
    } else if (example.get_if<std::int64_t>() != nullptr) {
      integer(name, [name](const SdfitsRow& row) {
        const Value* found = row.more.find(name);
        const auto* value = found == nullptr ? nullptr : found->get_if<std::int64_t>();
        return value == nullptr ? 0LL : static_cast<long long>(*value);
      });
    } else if (example.get_if<double>() != nullptr) {
      number(name, "", [name](const SdfitsRow& row) {
        const Value* found = row.more.find(name);
        const auto* value = found == nullptr ? nullptr : found->get_if<double>();
        return value == nullptr ? std::nan("") : *value;
      });
    } else if (example.get_if<bool>() != nullptr) {
      columns_.push_back(
          {name, "L", "", [name](FitsWriter& fits, std::size_t row, std::size_t column, const SdfitsRow& from) {
             const Value* found = from.more.find(name);
             const auto* value = found == nullptr ? nullptr : found->get_if<bool>();
             fits.cell(row, column, value != nullptr && *value);
           }});
    }
  }

  const std::vector<SdfitsRow>& rows_;
  std::size_t channels_;
  std::vector<Column> columns_;
  std::map<std::string, std::string> cards_;
};

void check(const std::vector<SdfitsRow>& rows) {
  if (rows.empty()) throw Error(ErrorCode::invalid_argument, "writing SDFITS: there is no row to write");
  const std::size_t channels = rows.front().spectrum.axis.channels;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Spectrum& spectrum = rows[i].spectrum;
    if (channels > 0 && spectrum.axis.channels == channels && spectrum.power.size() == channels &&
        spectrum.weight.size() == channels)
      continue;
    throw Error(ErrorCode::invalid_argument, "writing SDFITS: row " + std::to_string(i) + " has not " +
                                                 std::to_string(channels) +
                                                 " channels, powers and weights, as the first one's axis says");
  }
}

}  // namespace

void write_sdfits(const std::filesystem::path& path, const std::vector<SdfitsRow>& rows) {
  check(rows);
  const Columns columns(rows);
  std::vector<FitsNewColumn> declared;
  for (const Column& column : columns.all()) declared.push_back({column.name, column.form, column.unit});
  FitsWriter fits;
  fits.add_table("SINGLE DISH", declared, rows.size());
  fits.key("NMATRIX", 1LL, "one spectrum a row");
  fits.key("CTYPE4", std::string("STOKES"), "");
  fits.key("SPECSYS", std::string("TOPOCENT"), "frequencies are as at the telescope");
  fits.key("TIMESYS", std::string("UTC"), "");
  fits.key("CREATOR", software_of({}), "");
  for (const auto& [name, text] : columns.cards()) fits.key(name.c_str(), text, "");
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t column = 0; column < columns.all().size(); ++column) {
      columns.all()[column].write(fits, row, column, rows[row]);
    }
  }
  write_whole(path, fits.finish());
}

}  // namespace astro::files
