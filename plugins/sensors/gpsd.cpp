// SPDX-License-Identifier: BSD-3-Clause
#include "gpsd.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "astro/coordinates.hpp"
#include "astro/error.hpp"

namespace sensors {

namespace {

constexpr std::chrono::seconds first_bound(3);
constexpr std::chrono::milliseconds again_bound(300);
constexpr std::chrono::milliseconds line_bound(20);
constexpr std::chrono::seconds silence(10);
constexpr int most_lines = 200;        // of one look
constexpr double earth_m = 6371008.8;  // mean radius, IUGG
constexpr double highest_m = 1e5;
constexpr double most_satellites = 1000;

astro::Field field_of(const char* name, astro::FieldType type, const char* unit, const char* says) {
  astro::Field field;
  field.name = name;
  field.type = type;
  field.unit = unit;
  field.says = says;
  field.nullable = true;
  return field;
}

std::optional<double> number_at(const astro::Value& report, const char* key) {
  const astro::Value* value = report.find(key);
  if (value == nullptr || (value->get_if<double>() == nullptr && value->get_if<std::int64_t>() == nullptr))
    return std::nullopt;
  return value->as_number();
}

std::string text_at(const astro::Value& report, const char* key) {
  const astro::Value* value = report.find(key);
  const std::string* text = value == nullptr ? nullptr : value->get_if<std::string>();
  return text == nullptr ? std::string() : *text;
}

/// Of a SKY report; older ones say it of each satellite alone.
std::optional<double> used_of(const astro::Value& report) {
  if (const auto used = number_at(report, "uSat")) return used;
  const astro::Value* satellites = report.find("satellites");
  const astro::List* list = satellites == nullptr ? nullptr : satellites->get_if<astro::List>();
  if (list == nullptr) return std::nullopt;
  return static_cast<double>(std::ranges::count_if(*list, [](const astro::Value& each) {
    const astro::Value* used = each.find("used");
    return used != nullptr && *used == astro::Value(true);
  }));
}

constexpr const char* of_the_place[] = {"latitude", "longitude", "height", "error", "from_site"};

}  // namespace

astro::ControllerDescription Gpsd::description() {
  using enum astro::FieldType;
  astro::Field fix =
      field_of("fix", choice, "", "what the satellites give: nothing, a place on the ground, or with its height");
  fix.choices = {"none", "2d", "3d"};
  return {.points = {fix, field_of("latitude", number, "deg", "north"), field_of("longitude", number, "deg", "east"),
                     field_of("height", number, "m", "above mean sea level"),
                     field_of("error", number, "m", "of the place, estimated (95 %)"),
                     field_of("from_site", number, "m", "from where the site file says that it is, over the ground"),
                     field_of("time", time, "", "of the fix, UTC"),
                     field_of(
                         "clock_error", number, "s",
                         "this machine's clock less that time: a wrong clock, and the way of the message, some tenths"),
                     field_of("satellites", integer, "", "that are used")},
          .poll_every = std::chrono::seconds(1),
          .hook_bound = std::chrono::seconds(8)};
}

void Gpsd::fail(const std::string& what) const {
  throw astro::Error(astro::ErrorCode::device_fault,
                     "gpsd at " + settings_.host + ":" + std::to_string(settings_.port) + ": " + what);
}

void Gpsd::connect(astro::Duration at_most) {
  connection_.open(settings_.host, static_cast<std::uint16_t>(settings_.port), at_most);
  const std::string device =
      settings_.receiver.empty() ? "" : ",\"device\":" + astro::to_json(astro::Value(settings_.receiver));
  connection_.write("?WATCH={\"enable\":true,\"json\":true" + device + "};\n");
  heard_ = Steady::now();
}

void Gpsd::open(astro::Emitter& host) {
  connect(first_bound);
  host_ = &host;
}

void Gpsd::close() noexcept {
  connection_.close();
  host_ = nullptr;
}

void Gpsd::show_no_place(astro::Quality fix) {
  host_->point("fix", "none", fix);
  for (const char* point : of_the_place) host_->point(point, {}, astro::Quality::bad);
}

/// Without gpsd nothing is known any more, not even the time.
void Gpsd::show_nothing() {
  show_no_place(astro::Quality::bad);
  for (const char* point : {"time", "clock_error", "satellites"}) host_->point(point, {}, astro::Quality::bad);
}

std::optional<double> Gpsd::within(std::optional<double> value, double least, double most, const char* what) const {
  if (value && !(*value >= least && *value <= most))
    fail(std::string(what) + " of " + astro::to_json(astro::Value(*value)) + " cannot be");
  return value;
}

void Gpsd::poll() {
  try {
    if (!connection_.is_open()) connect(again_bound);
    read_what_came();
  } catch (...) {
    connection_.close();
    show_nothing();
    throw;
  }
  if (Steady::now() - heard_ > silence) {
    heard_ = Steady::now();
    show_nothing();
    host_->log(astro::LogLevel::warning,
               "gpsd has said nothing of a fix for 10 s; see that it knows its receiver (gpspipe -w)");
  }
}

void Gpsd::read_what_came() {
  for (int lines = 0; lines < most_lines; ++lines) {
    std::string line;
    try {
      line = connection_.read_until("\n", line_bound);
    } catch (const astro::Error& error) {
      if (error.code() == astro::ErrorCode::timeout) return;
      throw;
    }
    hear(line);
  }
}

void Gpsd::hear(const std::string& line) {
  astro::Value report;
  try {
    report = astro::parse_json(line);
  } catch (const astro::Error& error) {
    fail("expected JSON, got \"" + line.substr(0, 80) + "\": " + error.what());
  }
  const std::string kind = text_at(report, "class");
  if (kind == "TPV") return show_fix(report);
  if (kind == "ERROR") fail("it refuses: " + text_at(report, "message").substr(0, 200));
  if (kind != "SKY") return;
  if (const auto used = within(used_of(report), 0.0, most_satellites, "a number of satellites"))
    host_->point("satellites", static_cast<std::int64_t>(std::llround(*used)));
}

void Gpsd::show_fix(const astro::Value& report) {
  heard_ = Steady::now();
  const double mode = number_at(report, "mode").value_or(0.0);
  if (const std::string text = text_at(report, "time"); !text.empty()) {
    try {
      const astro::Time time = astro::parse_time(text);
      host_->point("time", time);
      host_->point("clock_error", astro::seconds(host_->surroundings().clock->now() - time));
    } catch (const astro::Error& error) {
      fail(error.what());
    }
  }
  const auto latitude = number_at(report, "lat");
  const auto longitude = number_at(report, "lon");
  if (mode < 2 || !latitude || !longitude) return show_no_place(astro::Quality::good);
  if (std::abs(*latitude) > 90.0 || std::abs(*longitude) > 360.0) {
    fail("a latitude of " + std::to_string(*latitude) + " and a longitude of " + std::to_string(*longitude) +
         " deg are nowhere");
  }
  const auto above_sea = number_at(report, "altMSL");
  const auto height = within(above_sea ? above_sea : number_at(report, "alt"),  // alt: before gpsd 3.20
                             -highest_m, highest_m, "a height");
  const auto error = within(number_at(report, "eph"), 0.0, earth_m, "an error of the place");
  host_->point("fix", mode >= 3 ? "3d" : "2d");
  host_->point("latitude", *latitude);
  host_->point("longitude", *longitude);
  const auto show = [&](const char* point, const std::optional<double>& value) {
    host_->point(point, value ? astro::Value(*value) : astro::Value());
  };
  show("height", mode < 3 ? std::nullopt : height);
  show("error", error);
  const astro::Location& site = host_->surroundings().location;
  const astro::Angle off =
      astro::separation(site.longitude, site.latitude, astro::degrees(*longitude), astro::degrees(*latitude));
  host_->point("from_site", off.radians() * earth_m);
}

}  // namespace sensors
