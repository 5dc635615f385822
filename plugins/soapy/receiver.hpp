// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "astro/receiver.hpp"
#include "gaps.hpp"
#include "radio.hpp"
#include "settings.hpp"

namespace soapy {

/// An SDR that SoapySDR knows. Overflows and time-outs are counted and timed; one that is unplugged is asked for until
/// it is back.
class Receiver final : public astro::Receiver {
 public:
  using Settings = soapy::Settings;
  static astro::ReceiverDescription description();

  explicit Receiver(Settings settings) : settings_(std::move(settings)) {}
  ~Receiver() override { close(); }

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  astro::StreamSettings tune(const astro::Tuning& wanted) override;
  void start() override;
  astro::Filled fill(std::span<std::byte> buffer) override;

 private:
  astro::Filled read(std::span<std::byte> buffer);
  astro::Filled came(const Radio::Read& got, Steady::time_point now);
  void count_time_out(Steady::duration silence);
  void tell_disturbances(Steady::time_point now);
  void begin(Radio& radio);
  void lose(const std::string& why);
  void look_for_it(const std::stop_token& stop);
  void tell(astro::LogLevel level, const std::string& message);

  const Settings settings_;
  astro::Emitter* host_ = nullptr;
  std::mutex mutex_;  ///< of the radio: a hook that works with it, or who brings it back
  std::condition_variable_any back_;
  std::unique_ptr<Radio> radio_;  ///< null while it is unplugged
  std::jthread seeker_;
  astro::Tuning tuning_;  ///< as it was taken last: what one that comes back gets
  std::atomic<bool> streaming_ = false;
  Gaps gaps_;
  std::size_t item_bytes_ = 8;
  bool has_come_ = false;        ///< a sample, since the start
  Steady::time_point silent_{};  ///< since
  bool timed_out_ = false;       ///< a read, since samples came last
  std::size_t block_ = 0;        ///< samples that the radio gives at once

  struct Disturbances {  ///< since the start
    std::uint64_t overflows = 0;
    std::uint64_t time_outs = 0;
    std::uint64_t lost_untold = 0;  ///< samples, of which the hardware said nothing
    Steady::duration silence{};     ///< of the time-outs
    friend bool operator==(const Disturbances&, const Disturbances&) = default;
  };
  Disturbances disturbances_{};
  Disturbances told_{};
  Steady::time_point told_at_{};
};

}  // namespace soapy
