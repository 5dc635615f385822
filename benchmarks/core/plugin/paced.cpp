// SPDX-License-Identifier: BSD-3-Clause
// Drivers that cost nothing themselves, for what lies between them and a user.
#include <astro/plugin.hpp>
#include <chrono>
#include <complex>
#include <cstring>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using Sample = std::complex<float>;
using Steady = std::chrono::steady_clock;

class StillMount final : public astro::Mount {
 public:
  struct Settings {};
  explicit StillMount(const Settings&) {}
  void open(astro::Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  void move_to(astro::Axes target) override { position_ = target; }
  astro::MountStatus status() override { return {.position = position_}; }

 private:
  astro::Axes position_{astro::degrees(10), astro::degrees(20)};
};

/// In real time: copies a pattern, then waits until the block would have been there.
class PacedReceiver final : public astro::Receiver {
 public:
  struct Settings {
    astro::Frequency rate = astro::megahertz(20);
  };
  explicit PacedReceiver(const Settings& settings) : rate_(settings.rate) {}
  void open(astro::Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  astro::StreamSettings tune(const astro::Tuning&) override {
    astro::StreamSettings taken;
    taken.tuning = {.frequency = astro::hydrogen_line, .sample_rate = rate_};
    return taken;
  }
  void start() override { next_ = Steady::now(); }
  astro::Filled fill(std::span<std::byte> buffer) override {
    std::memcpy(buffer.data(), pattern_.data(), std::min(buffer.size(), pattern_.size() * sizeof(Sample)));
    const std::size_t items = buffer.size() / sizeof(Sample);
    next_ += std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(items) / rate_.hertz() * 1e9));
    std::this_thread::sleep_until(next_);
    return {.items = items};
  }

 private:
  astro::Frequency rate_;
  std::vector<Sample> pattern_ = std::vector<Sample>(65536, Sample{0.5f, -0.5f});
  Steady::time_point next_{};
};

}  // namespace

template <>
struct astro::Description<StillMount::Settings> {
  static constexpr std::array<astro::Member, 0> fields{};
};

template <>
struct astro::Description<PacedReceiver::Settings> {
  static constexpr std::array fields{
      field<&PacedReceiver::Settings::rate>("rate", {.min = 1, .says = "complex samples a second"})};
};

ASTRO_PLUGIN(paced, "1.0.0", registry) {
  registry.add<StillMount>("paced", {.poll_every = 1s}, "Stands where it is sent");
  registry.add<PacedReceiver>("paced", {}, "Samples in real time");
}
