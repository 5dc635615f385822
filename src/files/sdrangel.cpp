// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>

#include "astro/error.hpp"
#include "astro/files/recordings.hpp"
#include "files/csv_readers.hpp"
#include "files/fail.hpp"
#include "files/lines.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

/// Where the columns stand that are needed.
class SdrangelColumns {
 public:
  explicit SdrangelColumns(const std::vector<std::string_view>& names, const Lines& lines) {
    for (std::size_t i = 0; i < names.size(); ++i) places_.try_emplace(std::string(names[i]), i);
    for (const char* name : {"Date Time", "Centre Freq", "Sample Rate", "Integration", "FFT Size", "Data"}) {
      if (!places_.contains(name))
        lines.fail("there is no column " + text::quoted(name) + "; is this SDRangel's spectrum data?");
    }
  }
  std::size_t of(const std::string& name) const { return places_.at(name); }

 private:
  std::map<std::string, std::size_t> places_;
};

/// "Mon Aug 25 16:07:25 2025", as Qt writes a date and time, or ISO 8601.
Time time_of(std::string_view text, const Lines& lines) {
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::array<char, 4> day{};
  std::array<char, 4> month{};
  std::array<char, 9> clock{};
  int date = 0;
  int year = 0;
  const std::string copy(text.substr(0, 40));
  const bool begins_with_day = copy.size() > 3 && copy[3] == ' ';
  if (begins_with_day &&
      std::sscanf(copy.c_str(), "%3s %3s %2d %8s %4d", day.data(), month.data(), &date, clock.data(), &year) == 5) {
    const auto found =
        std::find_if(months.begin(), months.end(), [&](const char* m) { return month.data() == std::string_view(m); });
    std::array<char, 48> iso{};
    std::snprintf(iso.data(), iso.size(), "%04d-%02d-%02dT%s", year, static_cast<int>(found - months.begin()) + 1, date,
                  clock.data());
    try {
      return parse_time(iso.data());
    } catch (const Error&) {
      lines.fail("the time is " + text::quoted(text) + ", expected one like Mon Aug 25 16:07:25 2025");
    }
  }
  try {
    return parse_time(text);
  } catch (const Error&) {
    lines.fail("the time is " + text::quoted(text) + ", expected one like Mon Aug 25 16:07:25 2025");
  }
}

class SdrangelRow {
 public:
  SdrangelRow(std::vector<std::string_view> fields, const SdrangelColumns& columns, const Lines& lines)
      : fields_(std::move(fields)), columns_(columns), lines_(lines) {}

  Spectrum spectrum() const {
    Spectrum spectrum;
    const auto channels = static_cast<std::size_t>(number("FFT Size", 2.0, most_csv_channels));
    const double rate_hz = number("Sample Rate", 1.0, 1e12);
    const double averages = number("Integration", 1.0, 1e12);
    const Frequency step = hertz(rate_hz / static_cast<double>(channels));
    const Frequency first = hertz(number("Centre Freq", 0.0, 1e15) - 0.5 * rate_hz);
    spectrum.axis = {first, step, static_cast<std::uint32_t>(channels)};
    read_power(spectrum, channels);
    spectrum.duration = spectrum.exposure =
        from_seconds(std::min(averages * static_cast<double>(channels) / rate_hz, 1e8));
    // SDRangel stamps a measurement when it is done.
    const Time end = time_of(fields_[columns_.of("Date Time")], lines_);
    if (!is_plausible(end)) lines_.fail("expected a year from 1700 to 2199");
    spectrum.start = end - spectrum.duration;
    spectrum.mid = end - spectrum.duration / 2;
    spectrum.effective_averages = averages;
    spectrum.samples = static_cast<std::uint64_t>(averages) * channels;
    return spectrum;
  }

 private:
  double number(const std::string& name, double least, double most) const {
    const std::size_t place = columns_.of(name);
    const auto value = place < fields_.size() ? text::number(fields_[place]) : std::nullopt;
    if (!value || !(*value >= least && *value <= most)) {
      lines_.fail(name + " is " + text::quoted(place < fields_.size() ? fields_[place] : "") +
                  ", expected a number from " + text::of(least) + " to " + text::of(most));
    }
    return *value;
  }

  void read_power(Spectrum& spectrum, std::size_t channels) const {
    const std::size_t first = columns_.of("Data");
    if (fields_.size() < first + channels) {
      lines_.fail("it has " + std::to_string(fields_.size()) + " fields, expected " + std::to_string(first + channels) +
                  " (FFT Size says " + std::to_string(channels) + " channels)");
    }
    for (std::size_t i = 0; i < channels; ++i) {
      const auto value = text::number(fields_[first + i]);
      if (!value || !std::isfinite(*value))
        lines_.fail("channel " + std::to_string(i) + " is " + text::quoted(fields_[first + i]) + ", expected a number");
      spectrum.power.push_back(static_cast<float>(*value));
    }
    spectrum.weight.assign(channels, 1.0F);
  }

  std::vector<std::string_view> fields_;
  const SdrangelColumns& columns_;
  const Lines& lines_;
};

}  // namespace

SpectraFile read_sdrangel(const std::filesystem::path& path) {
  const std::string content = read_text(path, most_csv_bytes);
  Lines lines(path, content);
  const auto headline = lines.next();
  const SdrangelColumns columns(fields_of(headline.value_or("")), lines);
  SpectraFile file;
  while (const auto line = lines.next()) {
    if (line->empty()) continue;
    const auto fields = fields_of(*line);
    if (fields.size() <= columns.of("Data")) lines.fail("it ends before the column Data; the file is truncated");
    file.spectra.push_back(SdrangelRow(fields, columns, lines).spectrum());
  }
  if (file.spectra.empty()) fail(path, "after its headline", "there is no spectrum");
  const FrequencyAxis& axis = file.spectra.front().axis;
  file.bandwidth_hz = axis.step.hertz() * axis.channels;
  return file;
}

}  // namespace astro::files
