// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <complex>
#include <numeric>
#include <thread>

#include "astro/signal/spectrometer.hpp"
#include "astro/sky/frames.hpp"
#include "astro/sky/velocity.hpp"
#include "bench.hpp"
#include "testing/testing.hpp"

namespace {

using namespace std::chrono_literals;
using namespace astro::literals;
using astro::testing::as;
using astro::testing::Bench;
using astro::testing::Heard;
using astro::testing::HeldClock;
using astro::testing::listen;
using astro::testing::new_year;
using testing::AllOf;
using testing::Ge;
using testing::Le;

constexpr std::size_t cf32 = sizeof(std::complex<float>);

std::vector<astro::Value> lines_of(const std::filesystem::path& path) {
  std::vector<astro::Value> lines;
  std::istringstream text(astro::testing::read_file(path));
  for (std::string line; std::getline(text, line);) lines.push_back(astro::parse_json(line));
  return lines;
}

double number(const astro::Value& line, const char* key) { return line.find(key)->as_number(); }

double mean_power(const Heard& heard) {
  double sum = 0.0;
  for (const auto& sample : as<std::complex<float>>(heard)) sum += static_cast<double>(std::norm(sample));
  return sum / static_cast<double>(heard.items);
}

/// One truth line of a dish that points at a Galactic direction high in the sky of a simulated site.
astro::Value truth_at(double l, double b, double beam_deg) {
  astro::testing::TemporaryFolder folder;
  const astro::Icrs direction = astro::sky::icrs(astro::Galactic{astro::degrees(l), astro::degrees(b)});
  HeldClock time;
  Bench bench(time.clock());
  bench.site = {direction.dec, 0_deg, 0.0};  // it passes through the zenith
  const astro::Angle to_go = (direction.ra - astro::sky::sidereal_time(bench.site, time.now())).wrapped();
  time.advance(astro::from_seconds(to_go.hours() * 3590.17));  // a sidereal hour
  const astro::Map start{{"first", direction.ra.degrees()}, {"second", direction.dec.degrees()}};
  const auto mount = bench.mount("dish", "simulator", {{"geometry", "ra_dec"}, {"start", start}});
  const auto receiver = bench.receiver(
      "hydrogen", "simulator",
      {{"format", "spectra"}, {"beam_width", beam_deg}, {"truth", (folder.path() / "truth").string()}}, "dish");
  receiver->tune({});
  receiver->start();
  time.let_go();
  listen(*receiver.operator->(), 4096, 1);
  return lines_of(folder.path() / "truth").front();
}

// Peaks of the 20 m telescope at Green Bank (0.9 deg beam) in the plane: VLSR from the
// table beside the recordings. The model has circular orbits alone: 12 km/s.
TEST(SimulatedSky, HasTheRotationThatSurveysShow) {
  EXPECT_NEAR(number(truth_at(20, 0, 0.9), "peak_velocity_km_s"), 19.5, 12.0);
  EXPECT_NEAR(number(truth_at(40, 0, 0.9), "peak_velocity_km_s"), 61.5, 12.0);
  EXPECT_NEAR(number(truth_at(60, 0, 0.9), "peak_velocity_km_s"), 28.3, 12.0);
  EXPECT_NEAR(number(truth_at(80, 0, 0.9), "peak_velocity_km_s"), 7.1, 12.0);
}

// Three pointings of a 1 m horn (about 15 deg): brightness and VLSR from the table beside the
// recordings. A smooth Galaxy is right to a third.
TEST(SimulatedSky, HasTheBrightnessThatAHornMeasures) {
  const astro::Value plane = truth_at(134.6, -2.5, 15);
  EXPECT_NEAR(number(plane, "peak_k"), 41.6, 14.0);
  EXPECT_NEAR(number(plane, "peak_velocity_km_s"), -6.3, 10.0);
  const astro::Value beside = truth_at(131.8, 7.2, 15);
  EXPECT_NEAR(number(beside, "peak_k"), 44.3, 15.0);
  const astro::Value high = truth_at(156.6, 43.1, 15);
  EXPECT_NEAR(number(high, "peak_k"), 10.8, 3.6);
  EXPECT_NEAR(number(high, "peak_velocity_km_s"), 0.9, 5.0);
}

struct SimulatedReceiver : testing::Test {
  astro::testing::TemporaryFolder folder;
  std::string truth_file() const { return (folder.path() / "truth.jsonl").string(); }
  Heard first_samples(astro::Map settings, std::size_t items, std::size_t at_once = 65536) {
    HeldClock time;
    Bench bench(time.clock());
    const auto receiver = bench.receiver("hydrogen", "simulator", std::move(settings));
    receiver->tune({});
    receiver->start();
    time.let_go();
    return listen(*receiver.operator->(), cf32, items, at_once);
  }
};

TEST_F(SimulatedReceiver, GivesTheSameSamplesForTheSameSeedHoweverTheyAreAskedFor) {
  const Heard first = first_samples({{"seed", 7}}, 100000);
  EXPECT_EQ(first.bytes, first_samples({{"seed", 7}}, 100000).bytes);
  EXPECT_EQ(first.bytes, first_samples({{"seed", 7}}, 100000, 777).bytes);
  EXPECT_NE(first.bytes, first_samples({{"seed", 8}}, 100000).bytes);
}

TEST_F(SimulatedReceiver, LosesNothingOnAFastSimulatedClock) {
  const auto clock = astro::Clock::simulated(new_year, 1000.0);
  Bench bench(clock);
  const auto receiver = bench.receiver("hydrogen", "simulator");
  receiver->tune({});
  receiver->start();
  const Heard heard = listen(*receiver.operator->(), cf32, 2'400'000);
  EXPECT_EQ(heard.lost, 0U);
  EXPECT_EQ(heard.items, 2'400'000U);
  std::uint64_t item = 0;
  for (const astro::Time& time : heard.times) {
    EXPECT_NEAR(astro::seconds(time - heard.times.front()) * 2.4e6, static_cast<double>(item), 0.01);
    item += 65536;
  }
}

TEST_F(SimulatedReceiver, NeverGivesASampleBeforeItsTime) {
  const auto clock = astro::Clock::simulated(new_year, 20.0);
  Bench bench(clock);
  const auto receiver = bench.receiver("hydrogen", "simulator");
  receiver->tune({});
  receiver->start();
  for (int i = 0; i < 20; ++i) {
    const Heard heard = listen(*receiver.operator->(), cf32, 65536);
    EXPECT_GE(clock->now(), heard.times.back() + 27306us);
  }
}

TEST_F(SimulatedReceiver, CountsAnOverflow) {
  const auto clock = astro::Clock::simulated(new_year, 100.0);
  Bench bench(clock);
  const astro::Map overflow{{"kind", "overflow"}, {"at", 0.2}, {"lasts", 0.5}};
  const auto receiver = bench.receiver("hydrogen", "simulator", {{"faults", astro::List{overflow}}});
  receiver->tune({});
  receiver->start();
  const Heard heard = listen(*receiver.operator->(), cf32, 1'200'000);
  EXPECT_NEAR(static_cast<double>(heard.lost), 0.5 * 2.4e6, 1.0);
  // The last of the calls began with item 1179648, and half a second late.
  EXPECT_NEAR(astro::seconds(heard.times.back() - heard.times.front()), 1179648 / 2.4e6 + 0.5, 1e-6);
}

TEST_F(SimulatedReceiver, LosesWhatIsNotFetchedInTimeFromTheSystemsClock) {
  Bench bench(astro::Clock::system());
  const auto receiver = bench.receiver("hydrogen", "simulator", {{"sample_rate", 100e3}, {"buffer", 0.5}});
  receiver->tune({});
  const auto start = std::chrono::steady_clock::now();
  receiver->start();
  EXPECT_EQ(listen(*receiver.operator->(), cf32, 100).lost, 0U);
  std::this_thread::sleep_for(800ms);
  const Heard heard = listen(*receiver.operator->(), cf32, 100);
  const auto real = std::chrono::duration<double>(std::chrono::steady_clock::now() - start);
  EXPECT_GE(heard.lost, 25'000U);
  EXPECT_LE(static_cast<double>(heard.lost), real.count() * 100e3);
}

TEST_F(SimulatedReceiver, ThrowsStallsAndFallsSilentOnDemand) {
  const auto clock = astro::Clock::simulated(new_year, 10.0);
  Bench bench(clock);
  const auto fault = [](const char* kind, double at) { return astro::Map{{"kind", kind}, {"at", at}, {"lasts", 1.0}}; };
  const auto receiver = bench.receiver(
      "hydrogen", "simulator",
      {{"sample_rate", 100e3}, {"faults", astro::List{fault("dropout", 1), fault("stall", 3), fault("exception", 5)}}});
  receiver->tune({});
  receiver->start();
  std::vector<std::byte> buffer(10000 * cf32);
  std::uint64_t silent = 0;
  std::uint64_t lost = 0;
  bool threw = false;
  while (!threw && clock->now() < new_year + 10s) {
    try {
      const astro::Filled filled = receiver->fill(buffer);
      const std::span samples(reinterpret_cast<const std::complex<float>*>(buffer.data()), filled.items);
      silent += static_cast<std::uint64_t>(std::ranges::count(samples, std::complex<float>{}));
      lost += filled.lost;
    } catch (const astro::Error& error) {
      threw = true;
      EXPECT_EQ(error.code(), astro::ErrorCode::device_fault);
    }
  }
  EXPECT_TRUE(threw);
  EXPECT_NEAR(static_cast<double>(silent), 100e3, 60e3);  // whole calls, each of up to half a second
  EXPECT_NEAR(static_cast<double>(lost), 100e3, 60e3);
}

TEST_F(SimulatedReceiver, ReturnsAtOnceWhenItIsStopped) {
  Bench bench(astro::Clock::simulated(new_year, 1.0));
  const auto receiver = bench.receiver("hydrogen", "simulator", {{"format", "spectra"}, {"integration", 60.0}});
  receiver->tune({});
  std::vector<std::byte> buffer(4096);
  std::chrono::steady_clock::duration fastest = 1h;  // of five: on a busy machine any one may be scheduled late
  for (int i = 0; i < 5; ++i) {
    receiver->start();
    std::chrono::steady_clock::time_point stopped;
    std::jthread stopper([&] {
      std::this_thread::sleep_for(10ms);
      stopped = std::chrono::steady_clock::now();
      receiver->stop();
    });
    EXPECT_EQ(receiver->fill(buffer).items, 0U);
    const auto returned = std::chrono::steady_clock::now();
    stopper.join();
    fastest = std::min(fastest, returned - stopped);
  }
  EXPECT_LT(fastest, 60ms) << "it would return after 80 ms by itself";
}

TEST_F(SimulatedReceiver, RefusesATuningThatItCannotHave) {
  Bench bench(astro::Clock::system());
  const auto receiver = bench.receiver("hydrogen", "simulator");
  EXPECT_THROW(receiver->tune({.frequency = 500_GHz}), astro::Error);
  EXPECT_EQ(receiver->tune({.sample_rate = 1_MHz}).tuning.sample_rate, 1_MHz);
  EXPECT_EQ(receiver->tune({}).tuning.frequency, astro::hydrogen_line);
}

TEST_F(SimulatedReceiver, HasThePowerOfItsLoadsInTheRatioOfTheirTemperatures) {
  HeldClock time;
  Bench bench(time.clock());
  const auto frontend = bench.controller("frontend", "simulator.frontend", {{"hot_load_temperature", 295.0}});
  const auto receiver =
      bench.receiver("hydrogen", "simulator",
                     {{"frontend", "frontend"}, {"frequency", 1.3e9}, {"gain_drift", 0.0}, {"truth", truth_file()}});
  receiver->tune({});
  receiver->start();
  time.let_go();
  const double sky = mean_power(listen(*receiver.operator->(), cf32, 1'000'000));
  frontend->perform({.id = "1", .name = "select_load", .parameters = astro::Map{{"load", "hot"}}});
  listen(*receiver.operator->(), cf32, 20'000);
  const double hot = mean_power(listen(*receiver.operator->(), cf32, 1'000'000));
  const double tsys = number(lines_of(truth_file()).front(), "tsys_k");
  EXPECT_THAT(tsys, AllOf(Ge(86.0), Le(100.0)));  // 80 K and a sky at the zenith
  EXPECT_NEAR(hot / sky, (295.0 + 80.0) / tsys, 5.0 * 4.0 / std::sqrt(1e6) * 1.5);
}

TEST_F(SimulatedReceiver, GivesSpectraThatAreThoseOfItsSamples) {
  astro::Map settings{
      {"gain_drift", 0.0}, {"channels", 256}, {"seed", 3}, {"fixed_azimuth", 0.0}, {"fixed_altitude", 60.0}};
  const std::size_t items = 4'800'000;
  const Heard samples = first_samples(settings, items);
  settings.emplace_back("format", "spectra");
  settings.emplace_back("integration", 2.0);
  HeldClock time;
  Bench bench(time.clock());
  const auto receiver = bench.receiver("hydrogen", "simulator", settings);
  const auto stream = std::make_shared<astro::StreamSettings>();
  stream->tuning = receiver->tune({}).tuning;
  receiver->start();
  time.let_go();
  const Heard spectra = listen(*receiver.operator->(), 256 * sizeof(float), 1);
  astro::Spectrometer spectrometer({.channels = 256, .remove_dc = false});
  const auto owner = std::make_shared<int>(0);
  astro::Block block(owner, samples.bytes, stream);
  spectrometer.add(block);
  const astro::Spectrum spectrum = spectrometer.spectrum();
  double chi_squared = 0.0;
  int compared = 0;
  const double averages = static_cast<double>(items) / 256.0;
  for (std::size_t i = 13; i < 243; ++i) {  // within the filter
    const double ratio = static_cast<double>(spectrum.power[i]) / static_cast<double>(as<float>(spectra)[i]);
    chi_squared += (ratio - 1.0) * (ratio - 1.0) * averages / 2.0;
    ++compared;
  }
  EXPECT_NEAR(chi_squared / compared, 1.0, 5.0 * std::sqrt(2.0 / compared));
}

TEST_F(SimulatedReceiver, HasTheNoiseOfTheRadiometerEquation) {
  HeldClock time;
  Bench bench(time.clock());
  const auto receiver = bench.receiver("hydrogen", "simulator",
                                       {{"format", "spectra"},
                                        {"channels", 1024},
                                        {"integration", 0.1},
                                        {"frequency", 1.3e9},
                                        {"gain_drift", 0.0},
                                        {"sun_flux", 0.0}});
  receiver->tune({});
  receiver->start();
  time.let_go();
  const Heard heard = listen(*receiver.operator->(), 4096, 200);
  const auto power = as<float>(heard);
  const double averaged = 2.4e6 / 1024 * 0.1;
  double variance = 0.0;
  double skewness = 0.0;
  for (std::size_t channel = 100; channel < 900; ++channel) {
    double mean = 0.0;
    double second = 0.0;
    double third = 0.0;
    for (std::size_t i = 0; i < 200; ++i) mean += static_cast<double>(power[i * 1024 + channel]) / 200;
    for (std::size_t i = 0; i < 200; ++i) {
      const double off = static_cast<double>(power[i * 1024 + channel]) / mean - 1.0;
      second += off * off / 199;
      third += off * off * off / 199;
    }
    variance += second / 800;
    skewness += third / 800;
  }
  EXPECT_NEAR(variance * averaged, 1.0, 0.02);
  EXPECT_NEAR(skewness * averaged * averaged, 2.0, 0.5);  // third moment of a gamma variate: 2 / k^2
}

TEST_F(SimulatedReceiver, ShowsATone) {
  const astro::Map tone{{"kind", "tone"}, {"frequency", 1420.9e6}, {"level", 10.0}};
  HeldClock time;
  Bench bench(time.clock());
  const auto receiver = bench.receiver("hydrogen", "simulator", {{"rfi", astro::List{tone}}});
  const auto stream = std::make_shared<astro::StreamSettings>(receiver->tune({}));
  receiver->start();
  time.let_go();
  const Heard heard = listen(*receiver.operator->(), cf32, 200'000);
  astro::Spectrometer spectrometer({.channels = 1024});
  spectrometer.add(astro::Block(std::make_shared<int>(0), heard.bytes, stream));
  const astro::Spectrum spectrum = spectrometer.spectrum();
  const auto peak = std::ranges::max_element(spectrum.power) - spectrum.power.begin();
  EXPECT_NEAR(spectrum.axis.at(static_cast<double>(peak)).hertz(), 1420.9e6, 2400.0);
}

TEST_F(SimulatedReceiver, HasBurstsAsOftenAndAsLongAsItIsTold) {
  const astro::Map bursts{{"kind", "bursts"}, {"level", 20.0}, {"per_second", 100.0}, {"length", 1e-3}};
  const Heard heard = first_samples({{"rfi", astro::List{bursts}}}, 2'400'000);  // 1 s, so that 100 are expected
  const auto samples = as<std::complex<float>>(heard);
  constexpr std::size_t window = 240;  // 0.1 ms
  std::vector<double> power;
  for (std::size_t at = 0; at + window <= samples.size(); at += window) {
    double sum = 0.0;
    for (std::size_t i = at; i < at + window; ++i) sum += static_cast<double>(std::norm(samples[i]));
    power.push_back(sum);
  }
  std::vector<double> sorted = power;
  std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2));
  const double quiet = sorted[sorted.size() / 2];
  const auto loud = std::ranges::count_if(power, [&](double p) { return p > 10.0 * quiet; });
  EXPECT_NEAR(static_cast<double>(loud) / static_cast<double>(power.size()), 0.1,
              0.04);  // Poisson: 100 +- 10, overlaps
}

TEST_F(SimulatedReceiver, HasTheNoiseDiodeOnTopOfTheSky) {
  HeldClock time;
  Bench bench(time.clock());
  const auto frontend = bench.controller("frontend", "simulator.frontend", {{"noise_diode_temperature", 150.0}});
  const auto receiver =
      bench.receiver("hydrogen", "simulator",
                     {{"frontend", "frontend"}, {"frequency", 1.3e9}, {"gain_drift", 0.0}, {"truth", truth_file()}});
  receiver->tune({});
  receiver->start();
  time.let_go();
  const double off = mean_power(listen(*receiver.operator->(), cf32, 1'000'000));
  frontend->perform({.id = "1", .name = "select_load", .parameters = astro::Map{{"load", "noise_diode"}}});
  listen(*receiver.operator->(), cf32, 20'000);
  const double on = mean_power(listen(*receiver.operator->(), cf32, 1'000'000));
  const double tsys = number(lines_of(truth_file()).front(), "tsys_k");
  EXPECT_NEAR(on / off, (tsys + 150.0) / tsys, 5.0 * 3.0 / std::sqrt(1e6) * 1.5);
}

TEST_F(SimulatedReceiver, ClipsToEightBitsAsAnRtlSdrDoes) {
  HeldClock time;
  Bench bench(time.clock());
  const auto receiver = bench.receiver("hydrogen", "simulator", {{"samples", "cu8"}, {"gain", 40.0}});
  EXPECT_EQ(receiver->tune({}).dtype, astro::Dtype::cu8);
  receiver->start();
  time.let_go();
  const Heard heard = listen(*receiver.operator->(), 2, 200'000);
  double sum = 0.0;
  double squares = 0.0;
  for (const std::uint8_t level : as<std::uint8_t>(heard)) {
    sum += level - 127.5;
    squares += (level - 127.5) * (level - 127.5);
  }
  EXPECT_NEAR(sum / 400'000, 0.0, 0.15);
  EXPECT_NEAR(std::sqrt(squares / 400'000), 0.15 / std::numbers::sqrt2 * 127.5 * 0.95, 2.0);  // of about 90 K
}

// The truth and the room sky share no code but ERFA.
TEST_F(SimulatedReceiver, PointsWhereTheSkyRoomSaysThatItPoints) {
  HeldClock time;
  Bench bench(time.clock());
  const auto mount = bench.mount("dish", "simulator", {{"start", astro::Map{{"first", 100.0}, {"second", 30.0}}}});
  const auto receiver =
      bench.receiver("hydrogen", "simulator", {{"format", "spectra"}, {"truth", truth_file()}}, "dish");
  receiver->tune({});
  receiver->start();
  time.let_go();
  listen(*receiver.operator->(), 4096, 2);
  const astro::Value line = lines_of(truth_file()).back();
  const astro::Time when = line.find("time")->get_if<astro::Time>() != nullptr
                               ? line.find("time")->as_time()
                               : astro::parse_time(line.find("time")->as_text());
  const astro::Icrs seen =
      astro::sky::icrs(astro::AltAz{100_deg, 30_deg}, bench.site, when, astro::sky::standard_weather(bench.site));
  const astro::Icrs truth{astro::degrees(number(line, "ra_deg")), astro::degrees(number(line, "dec_deg"))};
  EXPECT_LT(astro::separation(seen, truth).arcseconds(), 10.0);
  EXPECT_NEAR(number(line, "velocity_correction_km_s"),
              astro::sky::velocity_correction_km_s(truth, bench.site, when, astro::sky::VelocityFrame::lsrk), 0.02);
}

TEST_F(SimulatedReceiver, SeesTheBacklashThatTheEncodersDoNot) {
  HeldClock time;
  Bench bench(time.clock());
  const astro::Map start{{"first", 100.0}, {"second", 40.0}};
  const auto mount = bench.mount("dish", "simulator", {{"start", start}, {"backlash", 1.0}});
  const auto receiver =
      bench.receiver("hydrogen", "simulator", {{"format", "spectra"}, {"truth", truth_file()}}, "dish");
  mount->move_to({100_deg, 50_deg});
  time.advance(20s);
  EXPECT_NEAR(mount->status().position.second.degrees(), 50.0, 1e-9);
  receiver->tune({});
  receiver->start();
  time.let_go();
  listen(*receiver.operator->(), 4096, 1);
  EXPECT_NEAR(number(lines_of(truth_file()).back(), "altitude_deg"), 49.5, 1e-6);
}

TEST_F(SimulatedReceiver, SeesTheGroundNearTheHorizonAndTheSunWhereItIs) {
  const astro::Time noon = astro::parse_time("2026-06-01T12:00:00Z");
  const astro::AltAz sun = astro::sky::altaz(astro::Body::sun, astro::testing::tenerife, noon);
  const auto tsys = [&](double azimuth, double altitude) {
    HeldClock time(noon);
    Bench bench(time.clock());
    const auto receiver = bench.receiver(
        "hydrogen", "simulator",
        {{"format", "spectra"}, {"truth", truth_file()}, {"fixed_azimuth", azimuth}, {"fixed_altitude", altitude}});
    receiver->tune({});
    receiver->start();
    time.let_go();
    listen(*receiver.operator->(), 4096, 1);
    return number(lines_of(truth_file()).back(), "tsys_k");
  };
  // Half the beam is ground; half is air, 40 zenith depths of 0.007 at 265 K: 64 K.
  EXPECT_NEAR(tsys(0.0, 0.0), 80.0 + 0.5 * 290.0 + 0.5 * 64.0, 6.0);
  EXPECT_NEAR(tsys(0.0, -80.0), 80.0 + 290.0, 0.5);
  // 50 SFU in a beam of 4.8 deg: S lambda^2 / (2 k Omega), about 1000 K
  EXPECT_NEAR(tsys(sun.azimuth.degrees(), sun.altitude.degrees()), 1080.0, 120.0);
}

TEST(SimulatedEnvironment, MeasuresWithinItsRangesAndHoldsAValue) {
  HeldClock time;
  Bench bench(time.clock());
  const auto weather = bench.controller("weather", "simulator.environment");
  for (int i = 0; i < 50; ++i) {
    weather->poll();
    const auto& points = weather.kept->points;
    EXPECT_THAT(points.at("temperature").as_number(), AllOf(Ge(18.0), Le(35.0)));
    EXPECT_THAT(points.at("pressure").as_number(), AllOf(Ge(980.0), Le(1050.0)));
    EXPECT_THAT(points.at("humidity").as_number(), AllOf(Ge(20.0), Le(80.0)));
    EXPECT_EQ(points.at("system_status").as_text(), "operational");
    time.advance(10s);
  }
  weather->perform(
      {.id = "1", .name = "set_sensor_value", .parameters = astro::Map{{"sensor_id", "temperature"}, {"value", 30.0}}});
  EXPECT_EQ(weather.kept->points.at("temperature").as_number(), 30.0);
  EXPECT_THROW(weather->perform({.id = "2",
                                 .name = "set_sensor_value",
                                 .parameters = astro::Map{{"sensor_id", "temperature"}, {"value", 99.0}}}),
               astro::Error);
  weather->perform({.id = "3", .name = "reset_sensors", .parameters = {}});
  EXPECT_NE(weather.kept->points.at("temperature").as_number(), 30.0);
  weather->perform({.id = "4", .name = "set_update_interval", .parameters = astro::Map{{"interval", 5.0}}});
  EXPECT_EQ(weather.kept->interval, 5s);
}

TEST(SimulatedEnvironment, CalibratesForAsLongAsItIsTold) {
  HeldClock time;
  Bench bench(time.clock());
  const auto weather = bench.controller("weather", "simulator.environment");
  const astro::Map parameters{{"duration", 3.0}};
  EXPECT_TRUE(weather->perform({.id = "c", .name = "calibrate_sensors", .parameters = parameters}).running);
  time.advance(2900ms);
  weather->poll();
  EXPECT_TRUE(weather.kept->outcomes.empty());
  EXPECT_EQ(weather.kept->points.at("system_status").as_text(), "maintenance");
  EXPECT_THROW(weather->perform({.id = "d", .name = "calibrate_sensors", .parameters = parameters}), astro::Error);
  time.advance(200ms);
  weather->poll();
  EXPECT_TRUE(weather.kept->outcomes.at("c").succeeded);
}

TEST(SimulatedController, StandsForAnyControllerAsItsTwin) {
  HeldClock time;
  Bench bench(time.clock());
  auto real = std::make_shared<astro::DriverDescription>();
  real->controller.points = {{.name = "led", .type = astro::FieldType::boolean},
                             {.name = "wind", .type = astro::FieldType::number, .min = 0.0, .max = 40.0}};
  real->controller.commands = {{.name = "set_led", .parameters = {{.name = "on", .type = astro::FieldType::boolean}}}};
  const auto twin = bench.controller("module", "simulator.controller", {}, real);
  ASSERT_EQ(twin.kept->controller->points.size(), 2U);
  twin->poll();
  EXPECT_FALSE(twin.kept->points.at("led").as_bool());
  EXPECT_THAT(twin.kept->points.at("wind").as_number(), AllOf(Ge(0.0), Le(40.0)));
  twin->perform({.id = "1", .name = "set_led", .parameters = astro::Map{{"on", true}}});
  EXPECT_TRUE(twin.kept->points.at("led").as_bool());
  EXPECT_THROW(twin->perform({.id = "2", .name = "explode", .parameters = {}}), astro::Error);
}

}  // namespace
