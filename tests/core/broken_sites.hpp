// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

// Files that people might write, each with one thing wrong, and what they should be told.
namespace astro::testing {

struct Broken {
  const char* name;
  std::string yaml;
  int line;
  int column;
  const char* message;     ///< part of it
  const char* suggestion;  ///< all of it
};

inline const std::string place = "site: {name: T, latitude: 1 deg, longitude: 2 deg}\n";  // line 1 of most

inline std::string nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '[') + std::string(static_cast<std::size_t>(levels), ']');
}

/// Each anchor stands for nine of the one before: 9^9 values in nine lines.
inline std::string laughs() {
  std::string yaml = place + "queue:\n  a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    yaml += "  a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + alias;
    for (int j = 1; j < 9; ++j) yaml += ", " + alias;
    yaml += "]\n";
  }
  return yaml;
}

inline std::vector<Broken> broken_texts() {
  using std::string_literals::operator""s;
  return {
      {"Empty", "", 1, 1, "the file is empty", ""},
      {"OnlyAComment", "# nothing\n", 1, 1, "the file is empty", ""},
      {"Prose", "just words\n", 1, 1, "expected the sections of a site file, is a text", ""},
      {"AList", "- a\n- b\n", 1, 1, "is a list", ""},
      {"TabIndents", place + "mounts:\n\tdish: {driver: rotor, port: a}\n", 3, 1, "a tab in the indentation", ""},
      {"LineOf10MB", "site: " + std::string(10'000'000, 'x'), 1, 1, "at most 1 MiB", ""},
      {"NotUtf8", "site: {name: T\xff}\n", 1, 15, "not UTF-8", ""},
      {"ZeroByte", "site: {name: T\0}\n"s, 1, 15, "a byte of zero", ""},
      {"EscapeSequence", "site: {name: \"\x1b[31m\"}\n", 1, 15, "a control character", ""},
      {"TwoDocuments", place + "---\nmounts: {}\n", 2, 1, "a second document begins", ""},
      {"OpenBrace", "site: {name: T\n", 1, 7, "a { is not closed", ""},
      {"VariableInBraces", place + "stores:\n  a: {driver: rotor, port: ${PORT}, baud: 1}\n", 3, 28,
       "within { } and [ ] a text with ${NAME} stands in quotes", ""},
      {"OpenBracket", place + "mounts: [a\n", 2, 9, "a [ is not closed", ""},
      {"ClosedTooOften", "site: {name: T}}\n", 1, 16, "that nothing opened", ""},
      {"OpenQuote", "site: 'T\n", 1, 7, "a quote is not closed", ""},
      {"AliasOfNothing", place + "mounts: *nothing\n", 2, 9, "no anchor", ""},
      {"Cycle", place + "mounts: &all\n  dish: *all\n", 3, 9, "a cycle", ""},
      // Of 9^n leaves: what a5 holds passes 100,000 at its second alias, "  a5: &a5 [*a4, *a4".
      {"BillionLaughs", laughs(), 8, 17, "too much stands here", ""},
      // The root map is a level too, so the 32nd bracket is the first too many.
      {"DeepNesting", place + "mounts: " + nested(40) + "\n", 2, 40, "nested too deeply", ""},
      {"Tag", place + "mounts: !secret {}\n", 2, 9, "a tag (\"!secret\")", ""},
      {"MapAsKey", place + "? {a: b}\n: c\n", 2, 3, "a key is a map", ""},
      {"NothingAsKey", place + "~: 1\n", 2, 1, "a key is nothing", ""},
      {"SectionTwice", place + "mounts: {}\nmounts: {}\n", 3, 1, "first in line 2", ""},
      {"IndentedLess", place + "mounts:\n  dish: {driver: rotor, port: a}\n other: 1\n", 4, 2,
       "is its indentation right", ""},
      {"ColonInAValue", place + "mounts: a: b\n", 2, 10, "a colon where no value can begin", ""},
  };
}

inline std::vector<Broken> broken_sections() {
  return {
      {"UnknownSection", place + "mouts: {}\n", 2, 1, "there is no section \"mouts\"", "mounts"},
      {"NoSite", "mounts: {}\n", 1, 1, "the section \"site\" is missing", ""},
      {"SiteIsAText", "site: Teide\n", 1, 1, "expected a map with name, latitude and longitude, is a text", ""},
      {"MountsAreAList", place + "mounts: [dish]\n", 2, 9, "from names to mounts, is a list", ""},
      {"NoName", "site: {latitude: 1 deg, longitude: 2 deg}\n", 1, 1, "\"name\" is missing: expected a text", ""},
      {"NameIsEmpty", "site: {name: \"\", latitude: 1 deg, longitude: 2 deg}\n", 1, 14,
       "\"name\" is empty: expected the observatory's name", ""},
      {"NameIsNothing", "site: {name: , latitude: 1 deg, longitude: 2 deg}\n", 1, 8, "expected a text, is nothing", ""},
      {"NameIsAList", "site: {name: [T], latitude: 1 deg, longitude: 2 deg}\n", 1, 14, "expected a text, is a list",
       ""},
      {"NoLatitude", "site:\n  name: T\n  longitude: 2 deg\n", 1, 1, "\"latitude\" is missing: expected an angle", ""},
      {"Latitude91", "site: {name: T, latitude: 91 deg, longitude: 2 deg}\n", 1, 27, "must be -90 to 90 deg, is 91 deg",
       ""},
      {"LatitudeWithoutUnit", "site: {name: T, latitude: 28.3, longitude: 2 deg}\n", 1, 27, "the unit is missing", ""},
      {"LatitudeIsNan", "site: {name: T, latitude: .nan deg, longitude: 2 deg}\n", 1, 27, "expected an angle such as",
       ""},
      {"LongitudeTooFarWest", "site:\n  name: T\n  latitude: 1 deg\n  longitude: -181 deg\n", 4, 14,
       "must be -180 to 360 deg", ""},
      {"LongitudeInMetres", "site: {name: T, latitude: 1 deg, longitude: 2 m}\n", 1, 45, "longitude", ""},
      {"HeightInDegrees", "site: {name: T, latitude: 1 deg, longitude: 2 deg, height: 9 deg}\n", 1, 60,
       "the unit \"deg\" cannot stand here: expected m", ""},
      {"MisspeltHeight", "site: {name: T, latitude: 1 deg, longitude: 2 deg, heigth: 9 m}\n", 1, 52,
       "\"heigth\" is not known here", "height"},
      {"AfterAnUmlaut", "site: {name: Ö, latitude: 91 deg, longitude: 2 deg}\n", 1, 27, "must be -90 to 90 deg", ""},
      {"ClockWithoutStart", place + "clock: {speed: 10}\n", 2, 1, "\"start\" is missing: expected a time in UTC", ""},
      {"ClockAtRest", place + "clock: {start: 2026-01-01T00:00:00, speed: 0}\n", 2, 44, "must be 0.001 to 1e+06", ""},
      {"ClockStartsNever", place + "clock: {start: noon}\n", 2, 16, "expected a time in UTC", ""},
      {"ClockIsAText", place + "clock: fast\n", 2, 1, "expected a map with start and speed", ""},
      {"SectionOfARoomIsAList", place + "queue: []\n", 2, 8, "\"queue\": expected a map, is a list", ""},
      {"ValueInASectionOfARoom", place + "queue: {length: -1}\n", 2, 17, "must be", ""},
      {"KeyInASectionOfARoom", place + "queue: {lenght: 1}\n", 2, 9, "\"lenght\" is not known here", "length"},
      {"ReceiverOfASection",
       place + "receivers: {hydrogen: {driver: radio}}\ncalibration: {hydrogn: {temperature: 3 K}}\n", 3, 15,
       "there is no receiver \"hydrogn\" in this site: known are hydrogen", "hydrogen"},
      {"NothingInASectionOfARoom", place + "receivers: {hydrogen: {driver: radio}}\ncalibration: {hydrogen: }\n", 3, 15,
       "\"hydrogen\": expected a map, is nothing", ""},
  };
}

inline std::vector<Broken> broken_devices() {
  const std::string mounts = place + "mounts:\n";  // lines 1 and 2
  return {
      {"NoDriver", mounts + "  dish: {port: a}\n", 3, 3, "\"driver\" is missing", ""},
      {"MisspeltDriver", mounts + "  dish: {driver: rotorr, port: a}\n", 3, 18, "there is no mount driver \"rotorr\"",
       "rotor"},
      {"MissingPlugin", mounts + "  dish: {driver: nowhere_to_be_found, port: a}\n", 3, 18,
       "astro_nowhere_to_be_found.so", ""},
      {"DriverOfAnotherKind", mounts + "  dish: {driver: radio, port: a}\n", 3, 18,
       "there is no mount driver \"radio\"", ""},
      {"DriverIsAMap", mounts + "  dish: {driver: {rotor: a}}\n", 3, 18, "expected the name of a driver, is a map", ""},
      {"DeviceIsAText", mounts + "  dish: rotor\n", 3, 3, "\"dish\": expected a map with the key driver, is a text",
       ""},
      {"CapitalName", mounts + "  Dish: {driver: rotor, port: a}\n", 3, 3, "\"Dish\" is no device's name", ""},
      {"NameOfTwoKinds", mounts + "  dish: {driver: rotor, port: a}\nreceivers: {dish: {driver: radio}}\n", 4, 13,
       "stands in line 3 already", ""},
      {"NameTwice", mounts + "  dish: {driver: rotor, port: a}\n  dish: {driver: rotor, port: b}\n", 4, 3,
       "\"dish\" stands here twice, first in line 3", ""},
      {"SettingTwice", mounts + "  dish: {driver: rotor, port: a, port: b}\n", 3, 34, "\"port\" stands here twice", ""},
      {"MisspeltSetting", mounts + "  dish: {driver: rotor, port: a, bauds: 9600 Bd}\n", 3, 34,
       "\"bauds\" is not known here", "baud"},
      {"MissingSetting", mounts + "  dish: {driver: rotor}\n", 3, 3, "\"port\" is missing: expected a text", ""},
      {"MergeKey", mounts + "  dish: {driver: rotor, port: a, <<: {baud: 9600 Bd}}\n", 3, 34,
       "merge keys (<<) are not read", ""},
      {"SettingWithoutUnit", mounts + "  dish: {driver: rotor, port: a, baud: 9600}\n", 3, 40,
       "the unit is missing in \"9600\"", ""},
      {"SettingOutOfRange", mounts + "  dish: {driver: rotor, port: a, baud: 300 Bd}\n", 3, 40,
       "must be 1200 to 115200 Bd, is 300 Bd", ""},
      {"NoSuchChoice", mounts + "  dish: {driver: rotor, port: a, parity: evn}\n", 3, 42,
       "expected one of none, even, odd", "even"},
      {"SettingNamesNoDevice",
       mounts + "  dish: {driver: rotor, port: a, frontend: lampe}\ncontrollers: {lamp: {driver: lamp}}\n", 3, 44,
       "there is no controller \"lampe\"", "lamp"},
      {"SecretInTheFile", mounts + "  dish: {driver: rotor, port: a, password: hunter2}\n", 3, 44,
       "is a secret: write it as ${NAME}", ""},
      {"VariableNotSet", mounts + "  dish: {driver: rotor, port: \"${ASTRO_TEST_NOT_SET}\"}\n", 3, 31,
       "the environment variable ASTRO_TEST_NOT_SET is not set", ""},
      {"VariableWithoutName", mounts + "  dish: {driver: rotor, port: \"${}\"}\n", 3, 31, "a ${ without the name", ""},
      {"VariableThatDoesNotFit", mounts + "  dish: {driver: rotor, port: a, baud: \"${ASTRO_TEST_SECRET}\"}\n", 3, 40,
       "what the environment variable ASTRO_TEST_SECRET holds cannot stand here (it is not shown): expected a whole "
       "number",
       ""},
      {"BareIsAWord", mounts + "  dish: {driver: rotor, port: a, bare: yes}\n", 3, 40, "expected true or false", ""},
      {"TwoBareDevices",
       mounts + "  a: {driver: rotor, port: a, bare: true}\n  b: {driver: rotor, port: b, bare: true}\n", 4, 31,
       "\"a\" is bare already", ""},
      {"RunsNowhere", mounts + "  dish: {driver: rotor, port: a, runs: apar}\n", 3, 40, "there is no place", "apart"},
      {"PointingTermThatIsNone", mounts + "  dish: {driver: rotor, port: a, pointing: {NPA: 1 deg}}\n", 3, 45,
       "has no term \"NPA\" for this mount: known are IA, IE, CA, NPAE", "NPAE"},
      {"PointingTermOfAnotherGeometry", mounts + "  dish: {driver: equatorial, port: a, pointing: {IA: 1 deg}}\n", 3,
       50, "known are IH, ID, CH", "IH"},
      {"PointingTermWithoutUnit", mounts + "  dish: {driver: rotor, port: a, pointing: {IA: 1}}\n", 3, 49, "deg", ""},
      {"PointingIsAList", mounts + "  dish: {driver: rotor, port: a, pointing: [1 deg]}\n", 3, 34,
       "expected a map of terms such as {IA: 0.4 deg, IE: -0.2 deg}", ""},
      {"PointingIsLarge", mounts + "  dish: {driver: rotor, port: a, pointing: {IA: 90 deg, AN: 4 deg, AW: -2 deg}}\n",
       3, 34, "the terms beside the zeros come to 5 deg or more", ""},
      {"SimulateIsAText", mounts + "  dish: {driver: rotor, port: a, simulate: yes}\n", 3, 34,
       "settings of the simulated twin, is a text", ""},
      {"LimitsAreAList", mounts + "  dish: {driver: rotor, port: a, limits: [1 deg, 2 deg]}\n", 3, 34,
       "expected a map such as {azimuth: [0 deg, 360 deg]}", ""},
      {"LimitsOfAnotherAxis", mounts + "  dish: {driver: rotor, port: a, limits: {azimut: [1 deg, 2 deg]}}\n", 3, 43,
       "is no axis of this mount", "azimuth"},
      {"LimitsOfAnotherGeometry",
       mounts + "  dish: {driver: equatorial, port: a, limits: {altitude: [1 deg, 2 deg]}}\n", 3, 48,
       "known are hour_angle, declination", ""},
      {"LimitsInWrongOrder", mounts + "  dish: {driver: rotor, port: a, limits: {altitude: [80 deg, 10 deg]}}\n", 3, 53,
       "the range 80 deg to 10 deg is empty", ""},
      {"LimitsBeyondReach", mounts + "  dish: {driver: rotor, port: a, limits: {azimuth: [0 deg, 500 deg]}}\n", 3, 52,
       "beyond what the mount can reach, 0 deg to 450 deg", ""},
      {"LimitsOfOneAngle", mounts + "  dish: {driver: rotor, port: a, limits: {azimuth: [0 deg]}}\n", 3, 52,
       "expected 2 elements", ""},
      {"LimitsWithoutUnit", mounts + "  dish: {driver: rotor, port: a, limits: {azimuth: [0 deg, 90]}}\n", 3, 60,
       "the unit is missing", ""},
      {"LimitsOfAReceiver", place + "receivers:\n  h: {driver: radio, limits: {azimuth: [0 deg, 1 deg]}}\n", 3, 22,
       "only a mount has it", ""},
      {"MountOfAMount", mounts + "  dish: {driver: rotor, port: a, mount: dish}\n", 3, 34,
       "only a receiver sits on a mount", ""},
      {"NoSuchMount", mounts + "  dish: {driver: rotor, port: a}\nreceivers: {h: {driver: radio, mount: disk}}\n", 4,
       39, "there is no mount \"disk\" in this site", "dish"},
      {"FrequencyWithoutUnit", place + "receivers:\n  h: {driver: radio, frequency: 1420.4}\n", 3, 33,
       "the unit is missing", ""},
      {"FrequencyOfAnotherUnit", place + "receivers:\n  h: {driver: radio, frequency: 21 cm}\n", 3, 33,
       "the unit \"cm\" cannot stand here", ""},
      {"HalfAChannel", place + "receivers:\n  h: {driver: radio, channels: 2.5}\n", 3, 32, "expected a whole number",
       ""},
      {"WordAmongNumbers", place + "receivers:\n  h: {driver: radio, gains: [1, x, 3]}\n", 3, 33, "expected a number",
       ""},
      {"NumberForAList", place + "receivers:\n  h: {driver: radio, gains: 4}\n", 3, 29, "expected a list", ""},
  };
}

inline std::vector<Broken> broken_requests() {
  const std::string target = "target: sun\n";
  return {
      {"Empty", "", 1, 1, "the file is empty", ""},
      {"Prose", "observe the sun\n", 1, 1, "expected a request with keys and values, is a text", ""},
      {"NoTarget", "channels: 64\n", 1, 1, "\"target\" is missing: expected a target such as", ""},
      {"TargetIsNothing", "target:\n", 1, 1, "\"target\": expected a target such as", ""},
      {"TargetIsAList", "target: [sun, moon]\n", 1, 9, "expected a target such as", ""},
      {"NoSuchFrame", "target: galctic 120 0\n", 1, 9,
       "reading the target \"galctic 120 0\": it is no name of the catalogue; expected", ""},
      {"TargetBelowThePole", "target: icrs 10 -91\n", 1, 9, "declination must be -90 to 90 deg, is -91 deg", ""},
      {"TargetTwice", target + "target: moon\n", 2, 1, "first in line 1", ""},
      {"MisspeltKey", target + "integration_tim: 3 s\n", 2, 1, "\"integration_tim\" is not known here",
       "integration_time"},
      {"TimeWithoutUnit", target + "integration_time: 60\n", 2, 19, "the unit is missing in \"60\"", ""},
      {"TimeInHertz", target + "integration_time: 60 Hz\n", 2, 19, "the unit \"Hz\" cannot stand here: expected s", ""},
      {"TimeIsNan", target + "integration_time: .nan s\n", 2, 19, "expected a number with a unit", ""},
      {"TimeIsNegative", target + "integration_time: -1 s\n", 2, 19, "must be 0.001 to 1e+06 s", ""},
      {"TimeIsNothing", target + "integration_time:\n", 2, 1, "a duration such as", ""},
      {"TooLongASpectrum", target + "integration: 2 d\n", 2, 14, "must be 0.001 to 1e+05 s, is 172800 s", ""},
      {"OneChannel", target + "channels: 1\n", 2, 11, "must be 2 to 1048576, is 1", ""},
      {"PartOfAChannel", target + "channels: 64.5\n", 2, 11, "expected a whole number", ""},
      {"QuotedNumber", target + "channels: \"64\"\n", 2, 11, "expected a whole number", ""},
      {"FrequencyOfZero", target + "center_frequency: 0 Hz\n", 2, 19, "must be at least 1 Hz", ""},
      {"FrequencyWithoutEnd", target + "center_frequency: 1e400 MHz\n", 2, 19, "center_frequency", ""},
      {"NoSuchWindow", target + "window: han\n", 2, 9, "expected one of", "hann"},
      {"NoSuchReceiver", target + "receiver: hydrogn\n", 2, 11, "there is no receiver \"hydrogn\" in this site",
       "hydrogen"},
      {"NoSuchStore", target + "store: archiv\n", 2, 8, "there is no store \"archiv\" in this site", "archive"},
      {"ObserverIsAMap", target + "observer: {name: me}\n", 2, 11, "expected a text, is a map", ""},
      {"Tab", target + "\tchannels: 64\n", 2, 1, "a tab in the indentation", ""},
      {"SecondRequest", target + "---\n" + target, 2, 1, "a second document begins", ""},
  };
}

}  // namespace astro::testing
