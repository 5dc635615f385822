// SPDX-License-Identifier: BSD-3-Clause
#include "astro/catalogue.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace astro {

namespace {

// Hydrogen: Williams 1973, A&AS 8, 505. Radio sources: the positions of the VLA calibrator manual and
// of Perley and Butler 2017, ApJS 230, 7, table 1 (J2000, ICRS); for extended sources the middle.
// Messier: the list as amateurs use it, J2000, to a tenth of an arcminute; NGC and IC by Dreyer.
// clang-format off
constexpr std::array entries = std::to_array<CatalogueEntry>({
    {"S6", "", "hydrogen calibration region", true, 1.91, 41.28},
    {"S7", "", "hydrogen calibration region", true, 132.00, -1.00},
    {"S8", "", "hydrogen calibration region", true, 207.00, -15.00},
    {"S9", "", "hydrogen calibration region", true, 356.00, -4.00},
    {"Cas A", "3C 461, Cassiopeia A", "supernova remnant", false, 350.8500000, 58.8150000},
    {"Cyg A", "3C 405, Cygnus A", "radio galaxy", false, 299.8681526, 40.7339158},
    {"Tau A", "3C 144, Taurus A", "supernova remnant", false, 83.6330833, 22.0145000},
    {"Vir A", "3C 274, Virgo A", "radio galaxy", false, 187.7059307, 12.3911233},
    {"Her A", "3C 348, Hercules A", "radio galaxy", false, 252.7839583, 4.9925833},
    {"Hya A", "3C 218, Hydra A", "radio galaxy", false, 139.5235417, -12.0955556},
    {"For A", "Fornax A, NGC 1316", "radio galaxy", false, 50.6737500, -37.2083333},
    {"Pic A", "Pictor A", "radio galaxy", false, 79.9570833, -45.7788889},
    {"Cen A", "Centaurus A, NGC 5128", "radio galaxy", false, 201.3650000, -43.0191667},
    {"Sgr A", "Sagittarius A", "galactic centre", false, 266.4168333, -29.0078056},
    {"3C 48", "", "calibrator", false, 24.4220810, 33.1597592},
    {"3C 123", "", "calibrator", false, 69.2682292, 29.6705056},
    {"3C 138", "", "calibrator", false, 80.2911917, 16.6394586},
    {"3C 147", "", "calibrator", false, 85.6505745, 49.8520094},
    {"3C 196", "", "calibrator", false, 123.4002333, 48.2174000},
    {"3C 286", "", "calibrator", false, 202.7845333, 30.5091552},
    {"3C 295", "", "calibrator", false, 212.8354958, 52.2027694},
    {"3C 353", "", "calibrator", false, 260.1172917, -0.9796667},
    {"3C 380", "", "calibrator", false, 277.3824208, 48.7461556},
    {"3C 444", "", "calibrator", false, 333.6072917, -17.0267500},
    {"J0133-3629", "PKS 0131-36", "calibrator", false, 23.4900000, -36.4930556},
    {"J0444-2809", "PKS 0442-28", "calibrator", false, 71.1570833, -28.1650000},
    {"M1", "NGC 1952, Crab Nebula", "supernova remnant", false, 83.6333, 22.0144},
    {"M2", "NGC 7089", "globular cluster", false, 323.3625, -0.8233},
    {"M3", "NGC 5272", "globular cluster", false, 205.5458, 28.3772},
    {"M4", "NGC 6121", "globular cluster", false, 245.8958, -26.5253},
    {"M5", "NGC 5904", "globular cluster", false, 229.6375, 2.0811},
    {"M6", "NGC 6405", "open cluster", false, 265.0833, -32.2542},
    {"M7", "NGC 6475", "open cluster", false, 268.4625, -34.7928},
    {"M8", "NGC 6523, Lagoon Nebula", "nebula", false, 270.9042, -24.3867},
    {"M9", "NGC 6333", "globular cluster", false, 259.8000, -18.5161},
    {"M10", "NGC 6254", "globular cluster", false, 254.2875, -4.0994},
    {"M11", "NGC 6705", "open cluster", false, 282.7750, -6.2667},
    {"M12", "NGC 6218", "globular cluster", false, 251.8083, -1.9478},
    {"M13", "NGC 6205, Hercules Cluster", "globular cluster", false, 250.4208, 36.4597},
    {"M14", "NGC 6402", "globular cluster", false, 264.4000, -3.2458},
    {"M15", "NGC 7078", "globular cluster", false, 322.4917, 12.1669},
    {"M16", "NGC 6611, Eagle Nebula", "nebula", false, 274.7000, -13.7833},
    {"M17", "NGC 6618, Omega Nebula", "nebula", false, 275.1083, -16.1767},
    {"M18", "NGC 6613", "open cluster", false, 274.9917, -17.1017},
    {"M19", "NGC 6273", "globular cluster", false, 255.6542, -26.2681},
    {"M20", "NGC 6514, Trifid Nebula", "nebula", false, 270.5958, -23.0300},
    {"M21", "NGC 6531", "open cluster", false, 271.0542, -22.4900},
    {"M22", "NGC 6656", "globular cluster", false, 279.1000, -23.9033},
    {"M23", "NGC 6494", "open cluster", false, 269.2000, -19.0167},
    {"M24", "IC 4715", "star cloud", false, 274.2500, -18.4833},
    {"M25", "IC 4725", "open cluster", false, 277.9458, -19.1167},
    {"M26", "NGC 6694", "open cluster", false, 281.3250, -9.3833},
    {"M27", "NGC 6853, Dumbbell Nebula", "planetary nebula", false, 299.9000, 22.7211},
    {"M28", "NGC 6626", "globular cluster", false, 276.1333, -24.8697},
    {"M29", "NGC 6913", "open cluster", false, 305.9833, 38.5233},
    {"M30", "NGC 7099", "globular cluster", false, 325.0917, -23.1797},
    {"M31", "NGC 224, Andromeda Galaxy", "galaxy", false, 10.6833, 41.2692},
    {"M32", "NGC 221", "galaxy", false, 10.6750, 40.8653},
    {"M33", "NGC 598, Triangulum Galaxy", "galaxy", false, 23.4625, 30.6603},
    {"M34", "NGC 1039", "open cluster", false, 40.5250, 42.7500},
    {"M35", "NGC 2168", "open cluster", false, 92.2250, 24.3333},
    {"M36", "NGC 1960", "open cluster", false, 84.0500, 34.1400},
    {"M37", "NGC 2099", "open cluster", false, 88.0750, 32.5533},
    {"M38", "NGC 1912", "open cluster", false, 82.1792, 35.8550},
    {"M39", "NGC 7092", "open cluster", false, 322.9500, 48.4333},
    {"M40", "", "double star", false, 185.5500, 58.0831},
    {"M41", "NGC 2287", "open cluster", false, 101.5000, -20.7667},
    {"M42", "NGC 1976, Orion Nebula", "nebula", false, 83.8208, -5.3911},
    {"M43", "NGC 1982", "nebula", false, 83.8792, -5.2700},
    {"M44", "NGC 2632, Praesepe", "open cluster", false, 130.1000, 19.9833},
    {"M45", "Pleiades", "open cluster", false, 56.8500, 24.1167},
    {"M46", "NGC 2437", "open cluster", false, 115.4417, -14.8100},
    {"M47", "NGC 2422", "open cluster", false, 114.1500, -14.4833},
    {"M48", "NGC 2548", "open cluster", false, 123.4292, -5.7500},
    {"M49", "NGC 4472", "galaxy", false, 187.4458, 8.0000},
    {"M50", "NGC 2323", "open cluster", false, 105.8000, -8.3333},
    {"M51", "NGC 5194, Whirlpool Galaxy", "galaxy", false, 202.4708, 47.1953},
    {"M52", "NGC 7654", "open cluster", false, 351.2000, 61.5933},
    {"M53", "NGC 5024", "globular cluster", false, 198.2292, 18.1692},
    {"M54", "NGC 6715", "globular cluster", false, 283.7625, -30.4786},
    {"M55", "NGC 6809", "globular cluster", false, 294.9958, -30.9619},
    {"M56", "NGC 6779", "globular cluster", false, 289.1500, 30.1833},
    {"M57", "NGC 6720, Ring Nebula", "planetary nebula", false, 283.3958, 33.0292},
    {"M58", "NGC 4579", "galaxy", false, 189.4292, 11.8181},
    {"M59", "NGC 4621", "galaxy", false, 190.5083, 11.6469},
    {"M60", "NGC 4649", "galaxy", false, 190.9167, 11.5525},
    {"M61", "NGC 4303", "galaxy", false, 185.4792, 4.4736},
    {"M62", "NGC 6266", "globular cluster", false, 255.3042, -30.1122},
    {"M63", "NGC 5055, Sunflower Galaxy", "galaxy", false, 198.9542, 42.0294},
    {"M64", "NGC 4826", "galaxy", false, 194.1833, 21.6828},
    {"M65", "NGC 3623", "galaxy", false, 169.7333, 13.0922},
    {"M66", "NGC 3627", "galaxy", false, 170.0625, 12.9917},
    {"M67", "NGC 2682", "open cluster", false, 132.8500, 11.8167},
    {"M68", "NGC 4590", "globular cluster", false, 189.8667, -26.7428},
    {"M69", "NGC 6637", "globular cluster", false, 277.8458, -32.3481},
    {"M70", "NGC 6681", "globular cluster", false, 280.8000, -32.2919},
    {"M71", "NGC 6838", "globular cluster", false, 298.4417, 18.7792},
    {"M72", "NGC 6981", "globular cluster", false, 313.3667, -12.5372},
    {"M73", "NGC 6994", "asterism", false, 314.7333, -12.6350},
    {"M74", "NGC 628", "galaxy", false, 24.1750, 15.7833},
    {"M75", "NGC 6864", "globular cluster", false, 301.5208, -21.9211},
    {"M76", "NGC 650", "planetary nebula", false, 25.5792, 51.5753},
    {"M77", "NGC 1068", "galaxy", false, 40.6708, -0.0133},
    {"M78", "NGC 2068", "nebula", false, 86.6917, 0.0139},
    {"M79", "NGC 1904", "globular cluster", false, 81.0458, -24.5242},
    {"M80", "NGC 6093", "globular cluster", false, 244.2583, -22.9750},
    {"M81", "NGC 3031, Bode's Galaxy", "galaxy", false, 148.8875, 69.0653},
    {"M82", "NGC 3034, Cigar Galaxy", "galaxy", false, 148.9667, 69.6797},
    {"M83", "NGC 5236", "galaxy", false, 204.2500, -29.8656},
    {"M84", "NGC 4374", "galaxy", false, 186.2625, 12.8869},
    {"M85", "NGC 4382", "galaxy", false, 186.3500, 18.1908},
    {"M86", "NGC 4406", "galaxy", false, 186.5500, 12.9461},
    {"M87", "NGC 4486", "galaxy", false, 187.7042, 12.3911},
    {"M88", "NGC 4501", "galaxy", false, 187.9958, 14.4206},
    {"M89", "NGC 4552", "galaxy", false, 188.9167, 12.5564},
    {"M90", "NGC 4569", "galaxy", false, 189.2083, 13.1628},
    {"M91", "NGC 4548", "galaxy", false, 188.8583, 14.4964},
    {"M92", "NGC 6341", "globular cluster", false, 259.2792, 43.1364},
    {"M93", "NGC 2447", "open cluster", false, 116.1250, -23.8567},
    {"M94", "NGC 4736", "galaxy", false, 192.7208, 41.1206},
    {"M95", "NGC 3351", "galaxy", false, 160.9875, 11.7039},
    {"M96", "NGC 3368", "galaxy", false, 161.6917, 11.8200},
    {"M97", "NGC 3587, Owl Nebula", "planetary nebula", false, 168.7000, 55.0167},
    {"M98", "NGC 4192", "galaxy", false, 183.4500, 14.9003},
    {"M99", "NGC 4254", "galaxy", false, 184.7083, 14.4167},
    {"M100", "NGC 4321", "galaxy", false, 185.7292, 15.8225},
    {"M101", "NGC 5457, Pinwheel Galaxy", "galaxy", false, 210.8000, 54.3492},
    {"M102", "NGC 5866", "galaxy", false, 226.6250, 55.7631},
    {"M103", "NGC 581", "open cluster", false, 23.3500, 60.6500},
    {"M104", "NGC 4594, Sombrero Galaxy", "galaxy", false, 189.9958, -11.6231},
    {"M105", "NGC 3379", "galaxy", false, 161.9542, 12.5817},
    {"M106", "NGC 4258", "galaxy", false, 184.7375, 47.3039},
    {"M107", "NGC 6171", "globular cluster", false, 248.1333, -13.0536},
    {"M108", "NGC 3556", "galaxy", false, 167.8792, 55.6742},
    {"M109", "NGC 3992", "galaxy", false, 179.4000, 53.3744},
    {"M110", "NGC 205", "galaxy", false, 10.0917, 41.6853},
});
// clang-format on

/// Without blanks and in small letters: "Cas A", "casa" and "CAS A" are one name.
std::string folded(std::string_view name) {
  std::string made;
  for (const char c : name) {
    if (c == ' ' || c == '\t') continue;
    made.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return made;
}

bool is_named(const CatalogueEntry& entry, const std::string& name) {
  if (folded(entry.name) == name) return true;
  std::string_view others = entry.other_names;
  while (!others.empty()) {
    const std::string_view other = others.substr(0, others.find(','));
    if (folded(other) == name) return true;
    others.remove_prefix(std::min(other.size() + 1, others.size()));
  }
  return false;
}

}  // namespace

Target CatalogueEntry::target() const noexcept {
  const Angle longitude = degrees(longitude_deg);
  const Angle latitude = degrees(latitude_deg);
  if (is_galactic) return Galactic{longitude, latitude};
  return Icrs{longitude, latitude};
}

std::span<const CatalogueEntry> catalogue() noexcept { return entries; }

const CatalogueEntry* find_in_catalogue(std::string_view name) {
  const std::string wanted = folded(name);
  if (wanted.empty()) return nullptr;
  for (const CatalogueEntry& entry : entries) {
    if (is_named(entry, wanted)) return &entry;
  }
  return nullptr;
}

}  // namespace astro
