// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/flux.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>

#include "astro/catalogue.hpp"
#include "astro/error.hpp"

namespace astro::sky {

namespace {

/// log10 of the flux density in Jy as a polynomial of log10 of the frequency.
struct Source {
  std::string_view name;
  double from_ghz;
  double to_ghz;
  std::array<double, 6> coefficients;
};

// Of log10 of GHz: Perley and Butler 2017, table 6.
constexpr std::array perley_butler = std::to_array<Source>({
    {"J0133-3629", 0.2, 4.0, {1.0440, -0.6620, -0.2252}},
    {"3C 48", 0.05, 50.0, {1.3253, -0.7553, -0.1914, 0.0498}},
    {"For A", 0.2, 0.5, {2.2175, -0.6606}},
    {"3C 123", 0.05, 50.0, {1.8017, -0.7884, -0.1035, -0.0248, 0.0090}},
    {"J0444-2809", 0.2, 2.0, {0.9710, -0.8938, -0.1176}},
    {"3C 138", 0.2, 50.0, {1.0088, -0.4981, -0.1552, -0.0102, 0.0223}},
    {"Pic A", 0.2, 4.0, {1.9380, -0.7470, -0.0739}},
    {"Tau A", 0.05, 4.0, {2.9516, -0.2173, -0.0473, -0.0674}},
    {"3C 147", 0.05, 50.0, {1.4516, -0.6961, -0.2007, 0.0640, -0.0464, 0.0289}},
    {"3C 196", 0.05, 50.0, {1.2872, -0.8530, -0.1534, -0.0200, 0.0201}},
    {"Hya A", 0.05, 12.0, {1.7795, -0.9176, -0.0843, -0.0139, 0.0295}},
    {"Vir A", 0.05, 3.0, {2.4466, -0.8116, -0.0483}},
    {"3C 286", 0.05, 50.0, {1.2481, -0.4507, -0.1798, 0.0357}},
    {"3C 295", 0.05, 50.0, {1.4701, -0.7658, -0.2780, -0.0347, 0.0399}},
    {"Her A", 0.2, 12.0, {1.8298, -1.0247, -0.0951}},
    {"3C 353", 0.2, 4.0, {1.8627, -0.6938, -0.0998, -0.0732}},
    {"3C 380", 0.05, 4.0, {1.2320, -0.7909, 0.0947, 0.0976, -0.1794, -0.1566}},
    {"Cyg A", 0.05, 12.0, {3.3498, -1.0022, -0.2246, 0.0227, 0.0425}},
    {"3C 444", 0.2, 12.0, {1.1064, -1.0052, -0.0750, -0.0767}},
    {"Cas A", 0.2, 4.0, {3.3584, -0.7518, -0.0347, -0.0705}},
});

// Of log10 of MHz: Baars et al. 1977. Cas A for 1980.0.
constexpr std::array baars = std::to_array<Source>({
    {"Cas A", 0.3, 31.0, {5.745, -0.770}},
    {"Cyg A", 0.02, 2.0, {4.695, 0.085, -0.178}},
    {"Cyg A", 2.0, 31.0, {7.161, -1.244}},
    {"Tau A", 1.0, 35.0, {3.915, -0.299}},
    {"Vir A", 0.4, 25.0, {5.023, -0.856}},
});

std::span<const Source> sources_of(FluxScale scale) {
  if (scale == FluxScale::baars_1977) return baars;
  return perley_butler;
}

double power_of_ten(const Source& source, double logarithm) {
  double sum = 0.0;
  for (std::size_t i = source.coefficients.size(); i-- > 0;) sum = sum * logarithm + source.coefficients[i];
  return std::pow(10.0, sum);
}

/// Of what is left of Cas A's flux density at a time.
double fading(double ghz, Time time) {
  const double years = (mjd(time) - 44239.0) / 365.25;  // 1980.0
  const double percent_a_year = 0.97 - 0.30 * std::log10(ghz);
  return std::pow(1.0 - percent_a_year / 100.0, years);
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace

double flux_density_jy(std::string_view source, Frequency frequency, Time time, FluxScale scale) {
  const CatalogueEntry* entry = find_in_catalogue(source);
  const std::string_view name = entry != nullptr ? entry->name : source;
  // M1 and M87 are Tau A and Vir A by other names.
  const std::string_view known = name == "M1" ? "Tau A" : name == "M87" ? "Vir A" : name;
  const double ghz = frequency.gigahertz();
  std::string ranges;
  for (const Source& each : sources_of(scale)) {
    if (each.name != known) continue;
    if (ghz >= each.from_ghz && ghz <= each.to_ghz) {
      if (scale == FluxScale::perley_butler_2017) return power_of_ten(each, std::log10(ghz));
      return power_of_ten(each, std::log10(ghz * 1e3)) * (known == "Cas A" ? fading(ghz, time) : 1.0);
    }
    ranges += (ranges.empty() ? "" : " and ") + number(each.from_ghz) + " to " + number(each.to_ghz);
  }
  const std::string what = "the flux density of " + std::string(source) + " at " + number(ghz) + " GHz: ";
  if (!ranges.empty()) throw Error(ErrorCode::out_of_limits, what + "the scale has it from " + ranges + " GHz");
  throw Error(ErrorCode::not_found, what + "the scale does not have this source; see flux_calibrators");
}

std::vector<std::string_view> flux_calibrators(FluxScale scale) {
  std::vector<std::string_view> names;
  for (const Source& each : sources_of(scale)) {
    if (names.empty() || names.back() != each.name) names.push_back(each.name);
  }
  return names;
}

}  // namespace astro::sky
