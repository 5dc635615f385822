// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <vector>

namespace astro::imaging {

/// Cards of 80 characters, the values as they are written.
inline std::string header_of(const std::map<std::string, std::string>& cards) {
  std::string header;
  for (const auto& [name, value] : cards) {
    std::string card = name;
    card.resize(8, ' ');
    card += "= " + value;
    card.resize(80, ' ');
    header += card;
  }
  return header;
}

struct GoldenHeader {
  const char* name;
  std::map<std::string, std::string> cards;
  double ra_deg;   ///< ICRS of pixel (100, 900) counted from 0, by astropy 8.0.2 (WCS, SkyCoord)
  double dec_deg;  ///< of the same
};

inline std::vector<GoldenHeader> golden_headers() {
  using Cards = std::map<std::string, std::string>;
  const auto with = [](Cards more, Cards cards) {
    more.merge(cards);  // keeps its own where both have one
    return more;
  };
  const Cards tan = {{"CTYPE1", "'RA---TAN'"}, {"CTYPE2", "'DEC--TAN'"}, {"CRPIX1", "512.3"},  {"CRPIX2", "498.7"},
                     {"CRVAL1", "210.0"},      {"CRVAL2", "54.0"},       {"CD1_1", "-0.0003"}, {"CD1_2", "1e-05"},
                     {"CD2_1", "2e-05"},       {"CD2_2", "0.0003"},      {"RADESYS", "'ICRS'"}};
  const Cards sip = with({{"CTYPE1", "'RA---TAN-SIP'"},
                          {"CTYPE2", "'DEC--TAN-SIP'"},
                          {"A_ORDER", "3"},
                          {"B_ORDER", "3"},
                          {"A_2_0", "2e-05"},
                          {"A_0_2", "-1e-05"},
                          {"A_1_1", "3e-06"},
                          {"A_3_0", "1e-08"},
                          {"B_2_0", "-1e-05"},
                          {"B_0_2", "3e-05"},
                          {"B_1_1", "1e-05"},
                          {"B_0_3", "-2e-08"}},
                         tan);
  const Cards tpv = with({{"CTYPE1", "'RA---TPV'"},
                          {"CTYPE2", "'DEC--TPV'"},
                          {"PV1_0", "0.0001"},
                          {"PV1_1", "1.01"},
                          {"PV1_2", "0.001"},
                          {"PV1_4", "0.02"},
                          {"PV1_5", "0.01"},
                          {"PV1_7", "0.3"},
                          {"PV1_3", "0.002"},
                          {"PV2_0", "-0.0001"},
                          {"PV2_1", "0.99"},
                          {"PV2_4", "0.03"},
                          {"PV2_7", "-0.2"}},
                         tan);
  return {
      {"tan", tan, 210.21735411885, 54.11226805979},
      {"sip", sip, 210.21706493460, 54.11234207906},
      {"tpv", tpv, 210.22232071496, 54.11112932341},
      {"scamp", with({{"CTYPE1", "'RA---TAN'"}, {"CTYPE2", "'DEC--TAN'"}}, tpv), 210.22232071496, 54.11112932341},
      {"nosuffix", with({{"CTYPE1", "'RA---TAN'"}, {"CTYPE2", "'DEC--TAN'"}}, sip), 210.21706493460, 54.11234207906},
      {"swapped",
       with({{"CTYPE1", "'DEC--TAN'"}, {"CTYPE2", "'RA---TAN'"}, {"CRVAL1", "54.0"}, {"CRVAL2", "210.0"}}, tan),
       210.19192189735, 54.12726015938},
      {"pole", with({{"CRVAL2", "89.999"}}, tan), 341.18022599596, 89.83071288555},
      {"crota",
       {{"CTYPE1", "'RA---TAN'"},
        {"CTYPE2", "'DEC--TAN'"},
        {"CRPIX1", "512.3"},
        {"CRPIX2", "498.7"},
        {"CRVAL1", "210.0"},
        {"CRVAL2", "54.0"},
        {"RADESYS", "'ICRS'"},
        {"CDELT1", "-0.0003"},
        {"CDELT2", "0.0003"},
        {"CROTA2", "30.0"}},
       210.07945132024,
       54.16618899406},
      {"zea", with({{"CTYPE1", "'RA---ZEA'"}, {"CTYPE2", "'DEC--ZEA'"}}, tan), 210.21735483789, 54.11226842954},
      {"sin", with({{"CTYPE1", "'RA---SIN'"}, {"CTYPE2", "'DEC--SIN'"}, {"PV2_1", "0.1"}}, tan), 210.21731209065,
       54.11226863013},
      {"zpn", with({{"CTYPE1", "'RA---ZPN'"}, {"CTYPE2", "'DEC--ZPN'"}, {"PV2_1", "1.0"}, {"PV2_3", "42.0"}}, tan),
       210.21727431363, 54.11222702168},
      {"ncp", with({{"CTYPE1", "'RA---NCP'"}, {"CTYPE2", "'DEC--NCP'"}}, tan), 210.21735411885, 54.11208569210},
      {"arcsec",
       with({{"CRVAL1", "756000.0"},
             {"CRVAL2", "194400.0"},
             {"CD1_1", "-1.0"},
             {"CD1_2", "0.0"},
             {"CD2_1", "0.0"},
             {"CD2_2", "1.0"},
             {"CUNIT1", "'arcsec'"},
             {"CUNIT2", "'arcsec'"}},
            tan),
       210.19489615931, 54.11159243196},
      {"hpx", with({{"CTYPE1", "'RA---HPX'"}, {"CTYPE2", "'DEC--HPX'"}}, tan), 210.21726550417, 54.09526701396},
      {"fk5", with({{"RADESYS", "'FK5'"}, {"EQUINOX", "2000.0"}}, tan), 210.21735611768, 54.11226746207},
      {"elon", with({{"CTYPE1", "'ELON-TAN'"}, {"CTYPE2", "'ELAT-TAN'"}}, tan), 229.49299443237, 38.75271519386},
  };
}

}  // namespace astro::imaging
