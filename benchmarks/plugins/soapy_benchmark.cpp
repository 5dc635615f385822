// SPDX-License-Identifier: BSD-3-Clause
// The driver `soapy` beside a bare loop of SoapySDR's readStream() into the same buffers, from the radio of the tests:
// as fast as it gives, how many samples a core takes; and at 2.4 MS/s, what of a core all takes from the radio to where
// a spectrometer would begin.
#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <time.h>

#include <SoapySDR/Device.hpp>
#include <SoapySDR/Formats.hpp>
#include <astro/observatory.hpp>
#include <chrono>
#include <complex>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "astro/receiver.hpp"
#include "plain_emitter.hpp"

namespace {

using Steady = std::chrono::steady_clock;
using Sample = std::complex<float>;

constexpr double rate_hz = 2.4e6;
constexpr std::size_t samples_of_a_call = 65536;  // a block of the host
constexpr const char* fast_radio = "driver=astrotest,paced=no";

double used_s(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Where SoapySDR looks for modules: set before it looks for the first time.
void find_the_radio() { ::setenv("SOAPY_SDR_PLUGIN_PATH", ASTRO_SOAPY_DEVICE, 1); }

/// Samples a second of processor time, fetched by `fetch` (samples of one call).
template <class Fetch>
void measure(benchmark::State& state, Fetch fetch) {
  constexpr std::size_t wanted = 500'000'000;
  std::size_t got = 0;
  double used = 0.0;
  for (auto _ : state) {
    const double before = used_s(CLOCK_THREAD_CPUTIME_ID);
    for (std::size_t samples = 0; samples < wanted;) {
      const std::size_t more = fetch();
      samples += more;
      got += more;
    }
    used += used_s(CLOCK_THREAD_CPUTIME_ID) - before;
  }
  state.counters["MS/s"] = static_cast<double>(got) / used * 1e-6;
}

void soapy_driver(benchmark::State& state) {
  find_the_radio();
  const Opened<astro::Receiver> radio(astro::DeviceKind::receiver, "soapy",
                                      astro::Map{{"device", fast_radio}, {"format", "cf32"}});
  radio->tune({.sample_rate = astro::hertz(rate_hz)});
  radio->start();
  std::vector<std::byte> buffer(samples_of_a_call * sizeof(Sample));
  measure(state, [&] { return radio->fill(buffer).items; });
  radio->stop();
}
BENCHMARK(soapy_driver)->Iterations(3)->Unit(benchmark::kMillisecond);

void soapy_bare(benchmark::State& state) {
  find_the_radio();
  SoapySDR::Device* radio = SoapySDR::Device::make(fast_radio);
  SoapySDR::Stream* stream = radio->setupStream(SOAPY_SDR_RX, SOAPY_SDR_CF32, {0});
  radio->activateStream(stream);
  std::vector<Sample> buffer(samples_of_a_call);
  measure(state, [&] {
    void* buffers[1] = {buffer.data()};
    int flags = 0;
    long long time_ns = 0;
    const int got = radio->readStream(stream, buffers, buffer.size(), flags, time_ns, 100'000);
    return static_cast<std::size_t>(std::max(got, 0));
  });
  radio->deactivateStream(stream);
  radio->closeStream(stream);
  SoapySDR::Device::unmake(radio);
}
BENCHMARK(soapy_bare)->Iterations(3)->Unit(benchmark::kMillisecond);

/// Everything: the radio that makes the samples, driver, host, and a consumer that takes each block. By the processor
/// time of the whole process.
void soapy_at_2_4_megasamples(benchmark::State& state) {
  find_the_radio();
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("astro-bench-" + astro::new_id());
  astro::Site site;
  site.name = "bench";
  site.state_folder = folder;
  site.devices = {{.kind = astro::DeviceKind::receiver,
                   .name = "sdr",
                   .driver = "soapy",
                   .settings = astro::Map{{"device", "driver=astrotest"}, {"sample_rate", rate_hz}}}};
  double used = 0.0;
  double passed = 0.0;
  double lost = 0.0;
  {
    const astro::Observatory opened = astro::Observatory::open(site);
    const astro::ReceiverHandle radio = opened.receiver("sdr");
    astro::BlockStream stream = radio.stream();
    (void)stream.next(std::chrono::seconds(5));
    for (auto _ : state) {
      const double before = used_s(CLOCK_PROCESS_CPUTIME_ID);
      const auto began = Steady::now();
      for (double samples = 0.0; samples < 3.0 * rate_hz;) {
        const auto block = stream.next(std::chrono::seconds(1));
        if (block) samples += static_cast<double>(block->items());
      }
      used += used_s(CLOCK_PROCESS_CPUTIME_ID) - before;
      passed += std::chrono::duration<double>(Steady::now() - began).count();
    }
    lost = static_cast<double>(radio.status().lost);
  }
  std::filesystem::remove_all(folder);
  state.counters["core_percent"] = 100.0 * used / passed;
  state.counters["lost"] = lost;
}
BENCHMARK(soapy_at_2_4_megasamples)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
