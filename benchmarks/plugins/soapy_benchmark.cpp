// SPDX-License-Identifier: BSD-3-Clause
// The driver `soapy` beside a bare loop of SoapySDR's readStream() into the same buffers, from the radio of the tests:
// as fast as it gives, how many samples a core takes; and at 2.4 MS/s, what of a core all takes from the radio to where
// a spectrometer would begin.
#include <benchmark/benchmark.h>
#include <stdlib.h>
#include <time.h>

#include <SoapySDR/Device.hpp>
#include <SoapySDR/Formats.hpp>
#include <algorithm>
#include <astro/observatory.hpp>
#include <chrono>
#include <complex>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "astro/receiver.hpp"
#include "median.hpp"
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
double rate_of(Fetch fetch) {
  constexpr std::size_t wanted = 50'000'000;
  const double before = used_s(CLOCK_THREAD_CPUTIME_ID);
  std::size_t got = 0;
  while (got < wanted) got += fetch();
  return static_cast<double>(got) / (used_s(CLOCK_THREAD_CPUTIME_ID) - before);
}

/// SoapySDR without a driver of ours.
class BareRadio {
 public:
  BareRadio() : radio_(SoapySDR::Device::make(fast_radio)), stream_(radio_->setupStream(SOAPY_SDR_RX, SOAPY_SDR_CF32)) {
    radio_->activateStream(stream_);
  }
  ~BareRadio() {
    radio_->deactivateStream(stream_);
    radio_->closeStream(stream_);
    SoapySDR::Device::unmake(radio_);
  }
  BareRadio(const BareRadio&) = delete;
  BareRadio& operator=(const BareRadio&) = delete;

  std::size_t read() {
    void* buffers[1] = {buffer_.data()};
    int flags = 0;
    long long time_ns = 0;
    return static_cast<std::size_t>(
        std::max(radio_->readStream(stream_, buffers, buffer_.size(), flags, time_ns, 100'000), 0));
  }

 private:
  SoapySDR::Device* radio_;
  SoapySDR::Stream* stream_;
  std::vector<Sample> buffer_ = std::vector<Sample>(samples_of_a_call);
};

/// The two take turns, so that both have the same machine.
void soapy_receive(benchmark::State& state) {
  find_the_radio();
  const Opened<astro::Receiver> radio(astro::DeviceKind::receiver, "soapy",
                                      astro::Map{{"device", fast_radio}, {"format", "cf32"}});
  radio->tune({.sample_rate = astro::hertz(rate_hz)});
  radio->start();
  std::vector<std::byte> buffer(samples_of_a_call * sizeof(Sample));
  BareRadio bare;
  std::vector<double> ours;
  std::vector<double> theirs;
  for (auto _ : state) {
    ours.push_back(rate_of([&] { return radio->fill(buffer).items; }));
    theirs.push_back(rate_of([&] { return bare.read(); }));
  }
  radio->stop();
  state.counters["MS/s"] = median(ours) * 1e-6;
  state.counters["bare_MS/s"] = median(theirs) * 1e-6;
}
BENCHMARK(soapy_receive)->Iterations(101)->Unit(benchmark::kMillisecond);

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
