// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "astro/signal/lines.hpp"
#include "astro/sky/velocity.hpp"
#include "signal/frame_correction.hpp"
#include "signal/least_squares.hpp"

namespace astro {
namespace {

constexpr int most_lines = 8;
const double width_per_sigma = 2.0 * std::sqrt(2.0 * std::log(2.0));

[[noreturn]] void refuse_lines(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "Gaussians cannot be fitted: " + why);
}

/// What the fit sees: channels with weight within the window, by number.
struct Points {
  std::vector<double> channel;
  std::vector<double> value;
  std::vector<double> sigma;
};

Points points_of(const CalibratedSpectrum& spectrum, const GaussianOptions& options, double correction_km_s) {
  const Frequency rest = options.rest.value_or(spectrum.rest);
  Points points;
  for (std::size_t i = 0; i < spectrum.temperature_k.size(); ++i) {
    const auto channel = static_cast<double>(i);
    const double velocity = sky::radio_velocity_km_s(spectrum.axis.at(channel), rest) + correction_km_s;
    const bool held =
        spectrum.weight[i] > 0.0F && std::isfinite(spectrum.temperature_k[i]) && spectrum.sigma_k[i] > 0.0F;
    if (!held || std::abs(velocity) > options.window_km_s) continue;
    points.channel.push_back(channel);
    points.value.push_back(static_cast<double>(spectrum.temperature_k[i]));
    points.sigma.push_back(static_cast<double>(spectrum.sigma_k[i]));
  }
  return points;
}

/// Height, centre and sigma of each line, in kelvin and channels.
double model_at(const std::vector<double>& parameters, double channel) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < parameters.size(); i += 3) {
    const double x = (channel - parameters[i + 1]) / parameters[i + 2];
    sum += parameters[i] * std::exp(-0.5 * x * x);
  }
  return sum;
}

signal::Normal normal_of(const Points& points, const std::vector<double>& parameters) {
  const std::size_t n = parameters.size();
  signal::Normal normal{0.0, std::vector<double>(n), std::vector<double>(n * n)};
  std::vector<double> slope(n);
  for (std::size_t p = 0; p < points.channel.size(); ++p) {
    double model = 0.0;
    for (std::size_t i = 0; i < n; i += 3) {
      const double x = (points.channel[p] - parameters[i + 1]) / parameters[i + 2];
      const double shape = std::exp(-0.5 * x * x);
      model += parameters[i] * shape;
      slope[i] = shape;
      slope[i + 1] = parameters[i] * shape * x / parameters[i + 2];
      slope[i + 2] = slope[i + 1] * x;
    }
    const double weight = 1.0 / (points.sigma[p] * points.sigma[p]);
    const double off = points.value[p] - model;
    normal.chi_square += weight * off * off;
    for (std::size_t i = 0; i < n; ++i) {
      normal.gradient[i] += weight * off * slope[i];
      for (std::size_t j = 0; j < n; ++j) normal.curvature[i * n + j] += weight * slope[i] * slope[j];
    }
  }
  return normal;
}

/// A first guess of one more line: the highest place of what is left over, smoothed by five points,
/// and how far it stays above half of that.
std::array<double, 3> guess_of(const Points& points, const std::vector<double>& others) {
  const std::size_t count = points.channel.size();
  std::vector<double> left(count);
  for (std::size_t i = 0; i < count; ++i) left[i] = points.value[i] - model_at(others, points.channel[i]);
  std::vector<double> smooth(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t from = i - std::min<std::size_t>(i, 2);
    const std::size_t to = std::min(count, i + 3);
    for (std::size_t j = from; j < to; ++j) smooth[i] += left[j] / static_cast<double>(to - from);
  }
  const auto top = static_cast<std::size_t>(std::max_element(smooth.begin(), smooth.end()) - smooth.begin());
  std::size_t low = top;
  std::size_t high = top;
  while (low > 0 && smooth[low] > 0.5 * smooth[top]) --low;
  while (high + 1 < count && smooth[high] > 0.5 * smooth[top]) ++high;
  const double width = std::max(points.channel[high] - points.channel[low], 2.0);
  return {smooth[top], points.channel[top], width / width_per_sigma};
}

void check(const CalibratedSpectrum& spectrum, const GaussianOptions& options) {
  if (options.lines < 1 || options.lines > most_lines) {
    refuse_lines(std::to_string(options.lines) + " lines were asked for, and 1 to 8 are possible");
  }
  const std::size_t channels = spectrum.axis.channels;
  const bool whole = spectrum.temperature_k.size() == channels && spectrum.sigma_k.size() == channels &&
                     spectrum.weight.size() == channels;
  if (!whole) refuse_lines("the spectrum has not as many temperatures, errors and weights as its axis has channels");
}

}  // namespace

GaussianFit fit_gaussians(const CalibratedSpectrum& spectrum, const GaussianOptions& options) {
  check(spectrum, options);
  // Every frame lies a constant away from the topocentric velocity.
  const auto correction_in = [&](sky::VelocityFrame frame) {
    return spectrum.pointing.known ? signal::frame_correction_km_s(spectrum, frame) : 0.0;
  };
  const double correction = correction_in(spectrum.velocity_frame);
  const Points points = points_of(spectrum, options, correction_in(sky::VelocityFrame::lsrk));
  const auto needed = 3 * static_cast<std::size_t>(options.lines);
  if (points.channel.size() <= needed) {
    refuse_lines("only " + std::to_string(points.channel.size()) +
                 " channels with weight and error lie within the window");
  }
  const auto normal = [&](const std::vector<double>& parameters) { return normal_of(points, parameters); };
  signal::Fitted fitted;
  for (int line = 0; line < options.lines; ++line) {  // the fit of one line more begins at that of one line less
    const std::array<double, 3> more = guess_of(points, fitted.parameters);
    std::vector<double> guess = fitted.parameters;
    guess.insert(guess.end(), more.begin(), more.end());
    fitted = signal::fit_least_squares(std::move(guess), normal);
  }

  GaussianFit fit;
  const auto freedom = static_cast<double>(points.channel.size() - needed);
  fit.reduced_chi_square = fitted.chi_square / freedom;
  double square = 0.0;
  for (std::size_t i = 0; i < points.channel.size(); ++i) {
    square += std::pow(points.value[i] - model_at(fitted.parameters, points.channel[i]), 2);
  }
  fit.rms_k = std::sqrt(square / freedom);
  const double inflated = std::sqrt(std::max(1.0, fit.reduced_chi_square));
  const Frequency rest = options.rest.value_or(spectrum.rest);
  const double channel_km_s = std::abs(sky::radio_velocity_km_s(rest - spectrum.axis.step, rest));
  for (std::size_t i = 0; i < needed; i += 3) {
    const auto sigma = [&](std::size_t at) { return inflated * std::sqrt(fitted.covariance[at * needed + at]); };
    Gaussian line;
    line.centre = spectrum.axis.at(fitted.parameters[i + 1]);
    line.peak_k = {fitted.parameters[i], sigma(i)};
    line.velocity_km_s = {sky::radio_velocity_km_s(line.centre, rest) + correction, channel_km_s * sigma(i + 1)};
    line.width_km_s = {std::abs(fitted.parameters[i + 2]) * width_per_sigma * channel_km_s,
                       sigma(i + 2) * width_per_sigma * channel_km_s};
    fit.lines.push_back(line);
  }
  std::ranges::sort(fit.lines, std::ranges::greater{}, [](const Gaussian& line) { return line.peak_k.value; });
  return fit;
}

}  // namespace astro
