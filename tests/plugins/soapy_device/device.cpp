// SPDX-License-Identifier: BSD-3-Clause
// A radio for SoapySDR whose samples are their own numbers, so that every gap can be counted: sample n is
// (n mod 32768, n / 32768 mod 32768). What it should do wrong it finds in the argument `folder`, in files that it takes
// away:
//   lose      so many samples are lost, and an overflow is told
//   lose_broken  the same, and that they came broken is told
//   lose_untold  the same without a word
//   stall     nothing comes for so many milliseconds, what would have come is lost, and an overflow is told
//   stall_untold  the same without a word but the time-outs
//   late      nothing comes for so many milliseconds, and then all that would have come
//   vanish    it is unplugged until the file is gone
// What it did, and when a stream began by the machine's clock, it writes to `log` there.
#include <SoapySDR/Device.hpp>
#include <SoapySDR/Errors.hpp>
#include <SoapySDR/Formats.hpp>
#include <SoapySDR/Registry.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <complex>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace {

using Steady = std::chrono::steady_clock;

class Device final : public SoapySDR::Device {
 public:
  explicit Device(const SoapySDR::Kwargs& arguments)
      : folder_(at(arguments, "folder", "")),
        stamps_(at(arguments, "stamps", "yes") == "yes"),
        paced_(at(arguments, "paced", "yes") == "yes") {
    if (is_away()) throw std::runtime_error("it is unplugged");
  }

  std::string getDriverKey() const override { return "astrotest"; }
  std::string getHardwareKey() const override { return "counter"; }
  std::size_t getNumChannels(const int direction) const override { return direction == SOAPY_SDR_RX ? 1 : 0; }

  std::vector<std::string> getStreamFormats(const int, const std::size_t) const override {
    return {SOAPY_SDR_CS16, SOAPY_SDR_CF32};
  }
  std::string getNativeStreamFormat(const int, const std::size_t, double& full_scale) const override {
    full_scale = 32768;
    return SOAPY_SDR_CS16;
  }
  SoapySDR::Stream* setupStream(const int, const std::string& format, const std::vector<std::size_t>&,
                                const SoapySDR::Kwargs&) override {
    floats_ = format == SOAPY_SDR_CF32;
    return reinterpret_cast<SoapySDR::Stream*>(this);
  }
  void closeStream(SoapySDR::Stream*) override {}
  std::size_t getStreamMTU(SoapySDR::Stream*) const override { return block; }
  int activateStream(SoapySDR::Stream*, const int, const long long, const std::size_t) override {
    const std::lock_guard lock(reading_);
    began_ = Steady::now();
    note("began", began_.time_since_epoch().count());
    produced_ = 0;
    first_reads_ = 2;  // many radios bring nothing at first
    active_ = true;
    return 0;
  }
  int deactivateStream(SoapySDR::Stream*, const int, const long long) override {
    active_ = false;
    const std::lock_guard lock(reading_);  // who reads has seen it
    return 0;
  }

  int readStream(SoapySDR::Stream*, void* const* buffers, const std::size_t count, int& flags, long long& time_ns,
                 const long timeout_us) override {
    if (!active_) {  // SoapyRemote's server reads before it is told to begin
      std::this_thread::sleep_for(std::chrono::microseconds(timeout_us));
      return SOAPY_SDR_TIMEOUT;
    }
    const std::lock_guard lock(reading_);
    if (paced_ && first_reads_ > 0) {
      --first_reads_;
      return SOAPY_SDR_TIMEOUT;
    }
    if (!folder_.empty()) {
      if (is_away()) return SOAPY_SDR_STREAM_ERROR;
      if (const auto lost = take("lose")) {
        lose(*lost);
        return SOAPY_SDR_OVERFLOW;
      }
      if (const auto lost = take("lose_broken")) {
        lose(*lost);
        return SOAPY_SDR_CORRUPTION;
      }
      if (const auto lost = take("lose_untold")) lose(*lost);
      for (const auto& [name, how] : stalls) {
        if (const auto stall = take(name)) {
          stalled_until_ = Steady::now() + std::chrono::milliseconds(*stall);
          stall_ = how;
        }
      }
    }
    const auto deadline = Steady::now() + std::chrono::microseconds(timeout_us);
    if (stalled_until_ != Steady::time_point{}) {
      std::this_thread::sleep_until(std::min(deadline, stalled_until_));
      if (stalled_until_ > Steady::now()) return SOAPY_SDR_TIMEOUT;
      stalled_until_ = {};
      if (stall_ != Stall::late) {
        const auto due =
            static_cast<std::uint64_t>(std::chrono::duration<double>(Steady::now() - began_).count() * rate_);
        produced_ = std::max(produced_, due);
      }
      return stall_ == Stall::told ? SOAPY_SDR_OVERFLOW : SOAPY_SDR_TIMEOUT;
    }
    const std::size_t given = std::min(count, block);
    if (paced_) {
      const auto ready = began_ + duration_of(produced_ + given);
      if (ready > deadline) {
        std::this_thread::sleep_until(deadline);
        return SOAPY_SDR_TIMEOUT;
      }
      std::this_thread::sleep_until(ready);
    }
    make(buffers[0], given);
    flags = 0;
    if (stamps_) {
      flags = SOAPY_SDR_HAS_TIME;
      time_ns = duration_of(produced_).count();
    }
    produced_ += given;
    return static_cast<int>(given);
  }

  std::vector<std::string> listAntennas(const int, const std::size_t) const override { return {"RX", "LNA"}; }
  void setAntenna(const int, const std::size_t, const std::string& name) override { antenna_ = name; }
  std::string getAntenna(const int, const std::size_t) const override { return antenna_; }

  bool hasGainMode(const int, const std::size_t) const override { return true; }
  void setGainMode(const int, const std::size_t, const bool automatic) override { automatic_ = automatic; }
  bool getGainMode(const int, const std::size_t) const override { return automatic_; }
  std::vector<std::string> listGains(const int, const std::size_t) const override { return {"LNA", "VGA"}; }
  void setGain(const int, const std::size_t, const double value) override {
    lna_ = std::min(value, 30.0);
    vga_ = value - lna_;
  }
  void setGain(const int, const std::size_t, const std::string& name, const double value) override {
    (name == "LNA" ? lna_ : vga_) = value;
  }
  double getGain(const int, const std::size_t) const override { return lna_ + vga_; }
  double getGain(const int, const std::size_t, const std::string& name) const override {
    return name == "LNA" ? lna_ : vga_;
  }
  SoapySDR::Range getGainRange(const int, const std::size_t) const override { return {0, 50}; }
  SoapySDR::Range getGainRange(const int, const std::size_t, const std::string& name) const override {
    return {0, name == "LNA" ? 30.0 : 20.0};
  }

  void setFrequency(const int, const std::size_t, const double frequency, const SoapySDR::Kwargs&) override {
    frequency_ = std::clamp(frequency, 24e6, 1766e6);
  }
  double getFrequency(const int, const std::size_t) const override { return frequency_; }
  SoapySDR::RangeList getFrequencyRange(const int, const std::size_t) const override { return {{24e6, 1766e6}}; }
  void setSampleRate(const int, const std::size_t, const double rate) override { rate_ = rate; }
  double getSampleRate(const int, const std::size_t) const override { return rate_; }
  SoapySDR::RangeList getSampleRateRange(const int, const std::size_t) const override { return {{225e3, 300e6}}; }
  void setBandwidth(const int, const std::size_t, const double bandwidth) override { bandwidth_ = bandwidth; }
  double getBandwidth(const int, const std::size_t) const override { return bandwidth_; }

  SoapySDR::ArgInfoList getSettingInfo() const override {
    SoapySDR::ArgInfo info;
    info.key = "biastee";
    info.type = SoapySDR::ArgInfo::BOOL;
    return {info};
  }
  void writeSetting(const std::string& key, const std::string& value) override {
    if (!folder_.empty()) std::ofstream(folder_ / ("setting_" + key)) << value;
  }

 private:
  static constexpr std::size_t block = 8192;
  enum class Stall : std::uint8_t { told, untold, late };
  static constexpr std::pair<const char*, Stall> stalls[] = {
      {"stall", Stall::told}, {"stall_untold", Stall::untold}, {"late", Stall::late}};

  static std::string at(const SoapySDR::Kwargs& arguments, const char* key, const char* otherwise) {
    const auto found = arguments.find(key);
    return found == arguments.end() ? otherwise : found->second;
  }
  bool is_away() const { return !folder_.empty() && std::filesystem::exists(folder_ / "vanish"); }
  std::optional<long long> take(const char* name) {
    const std::filesystem::path file = folder_ / name;
    std::ifstream stream(file);
    long long number = 0;
    if (!(stream >> number)) return std::nullopt;
    std::filesystem::remove(file);
    note(name, number);
    return number;
  }
  void note(const char* what, long long number) const {
    if (folder_.empty()) return;
    std::ofstream(folder_ / "log", std::ios::app) << what << ' ' << number << '\n';
  }
  std::chrono::nanoseconds duration_of(std::uint64_t samples) const {
    return std::chrono::nanoseconds(
        std::llround(static_cast<long double>(samples) * 1e9L / static_cast<long double>(rate_)));
  }
  /// As if nobody had read for as long as these take.
  void lose(long long samples) {
    produced_ += static_cast<std::uint64_t>(samples);
    if (paced_) std::this_thread::sleep_until(began_ + duration_of(produced_));
  }
  void make(void* buffer, std::size_t count) const {
    if (floats_) {
      auto* out = static_cast<std::complex<float>*>(buffer);
      if (!paced_) {  // as fast as memory takes it: for the benchmark
        std::fill_n(out, count, std::complex<float>{});
        return;
      }
      for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t n = produced_ + i;
        out[i] = {static_cast<float>(n & 0x7fffU) / 32768.0F, static_cast<float>(n >> 15U & 0x7fffU) / 32768.0F};
      }
      return;
    }
    auto* out = static_cast<std::int16_t*>(buffer);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t n = produced_ + i;
      out[2 * i] = static_cast<std::int16_t>(n & 0x7fffU);
      out[2 * i + 1] = static_cast<std::int16_t>(n >> 15U & 0x7fffU);
    }
  }

  const std::filesystem::path folder_;
  const bool stamps_;
  const bool paced_;
  std::mutex reading_;
  std::atomic<bool> active_ = false;
  bool floats_ = false;
  bool automatic_ = false;  // as that of the RTL-SDR
  int first_reads_ = 0;
  double rate_ = 2.4e6;
  double frequency_ = 100e6;
  double bandwidth_ = 0.0;
  double lna_ = 10.0;
  double vga_ = 0.0;
  std::string antenna_ = "RX";
  Steady::time_point began_{};
  Steady::time_point stalled_until_{};
  Stall stall_ = Stall::told;
  std::uint64_t produced_ = 0;
};

SoapySDR::KwargsList find(const SoapySDR::Kwargs& arguments) {
  const auto driver = arguments.find("driver");
  if (driver != arguments.end() && driver->second != "astrotest") return {};
  const auto folder = arguments.find("folder");
  if (folder != arguments.end() && std::filesystem::exists(std::filesystem::path(folder->second) / "vanish")) return {};
  SoapySDR::Kwargs found;
  found["driver"] = "astrotest";
  found["label"] = "A radio that counts";
  return {found};
}

SoapySDR::Device* make(const SoapySDR::Kwargs& arguments) { return new Device(arguments); }

const SoapySDR::Registry registration("astrotest", &find, &make, SOAPY_SDR_ABI_VERSION);

}  // namespace
