// SPDX-License-Identifier: BSD-3-Clause
#include "cli/live_view.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/output.hpp"

namespace astro::cli {

namespace {

constexpr std::size_t spectrum_rows = 8;
constexpr std::size_t waterfall_rows = 12;
constexpr std::array bars{" ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585", "\u2586", "\u2587", "\u2588"};
constexpr std::array shades{" ", "\u2591", "\u2592", "\u2593", "\u2588"};

/// As many numbers as there are columns: means of the channels, in decibels from their median.
std::vector<double> folded(const Spectrum& spectrum, std::size_t columns) {
  const std::size_t channels = spectrum.power.size();
  std::vector<double> means(std::min(columns, channels));
  for (std::size_t i = 0; i < means.size(); ++i) {
    const std::size_t from = i * channels / means.size();
    const std::size_t to = (i + 1) * channels / means.size();
    double sum = 0.0;
    for (std::size_t channel = from; channel < to; ++channel) sum += spectrum.power[channel];
    means[i] = sum / static_cast<double>(to - from);
  }
  std::vector<double> sorted = means;
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2));
  const double median = std::max(sorted[sorted.size() / 2], 1e-300);
  for (double& mean : means) mean = 10.0 * std::log10(std::max(mean / median, 1e-12));
  return means;
}

/// 0 to 1 between the ends of what is shown.
double part_of(double value, double lowest, double highest) {
  return std::clamp((value - lowest) / std::max(highest - lowest, 1e-9), 0.0, 1.0);
}

std::size_t terminal_columns() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20;
  return known ? size.ws_col - 2u : 78u;
}

}  // namespace

std::vector<std::string> LiveView::lines(const Progress& progress, std::size_t columns) {
  const Spectrum& spectrum = *progress.latest;
  const std::vector<double> now = folded(spectrum, columns);
  waterfall_.push_front(now);
  if (waterfall_.size() > waterfall_rows) waterfall_.pop_back();
  const auto [least, most] = std::ranges::minmax(now);
  const double highest = std::max(most, least + 0.5);
  std::vector<std::string> made;
  for (std::size_t row = 0; row < spectrum_rows; ++row) {
    std::string line;
    for (const double value : now) {
      const double height =
          part_of(value, least, highest) * spectrum_rows - static_cast<double>(spectrum_rows - 1 - row);
      line += bars[static_cast<std::size_t>(std::lround(std::clamp(height, 0.0, 1.0) * (bars.size() - 1)))];
    }
    made.push_back(std::move(line));
  }
  made.push_back(number(spectrum.axis.first.megahertz(), 3) + " to " +
                 number(spectrum.axis.at(spectrum.axis.channels - 1.0).megahertz(), 3) + " MHz, " + number(least, 2) +
                 " to " + number(most, 2) + " dB from the median");
  for (const std::vector<double>& past : waterfall_) {
    std::string line;
    for (const double value : past)
      line += shades[static_cast<std::size_t>(std::lround(part_of(value, least, highest) * (shades.size() - 1)))];
    made.push_back(std::move(line));
  }
  if (progress.mount) {
    const MountReport& mount = *progress.mount;
    made.push_back("axes " + number(mount.axes.first.degrees(), 2) + " / " + number(mount.axes.second.degrees(), 2) +
                   " deg, commanded " + number(mount.commanded.first.degrees(), 2) + " / " +
                   number(mount.commanded.second.degrees(), 2) + " deg, " + std::to_string(progress.samples_lost) +
                   " samples lost");
  }
  return made;
}

void LiveView::draw(const Progress& progress, std::ostream& out) {
  if (drawn_ > 0) out << "\r\033[" << drawn_ << 'A';
  const std::vector<std::string> made = lines(progress, terminal_columns());
  for (const std::string& line : made) out << "\r\033[K" << line << '\n';
  drawn_ = made.size();
}

}  // namespace astro::cli
