// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <SoapySDR/Device.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "astro/receiver.hpp"
#include "settings.hpp"

namespace soapy {

/// One SDR, open: what SoapySDR can be asked for, in the terms of a receiver. One thread at a time.
class Radio final {
 public:
  /// Finds the device and sets what does not change. Takes as long as its driver does.
  explicit Radio(const Settings& settings);
  ~Radio();
  Radio(const Radio&) = delete;
  Radio& operator=(const Radio&) = delete;

  astro::ReceiverDescription description() const;
  astro::StreamSettings tune(const astro::Tuning& wanted);

  void start();
  void stop() noexcept;
  /// Samples that its driver gives at once, at most.
  std::size_t block() const;

  struct Read {
    int code = 0;                           ///< samples, or one of SoapySDR's errors (Errors.h)
    std::optional<std::int64_t> time_ns{};  ///< of the first, by the hardware's own clock
  };
  Read read(std::span<std::byte> into, std::size_t item_bytes, astro::Duration at_most);

 private:
  struct Element {
    std::string option;  ///< "gain_lna"
    std::string name;    ///< "LNA"
  };

  template <class Do>
  auto asked(const std::string& doing, Do act) const;
  void choose_format();
  void set_once();
  void set_bias_tee();
  void set_gain(const astro::Tuning& wanted);
  astro::Tuning taken() const;

  const Settings settings_;
  const std::size_t channel_;
  SoapySDR::Device* device_ = nullptr;
  SoapySDR::Stream* stream_ = nullptr;
  bool active_ = false;
  std::string format_;
  astro::Dtype dtype_ = astro::Dtype::cf32;
  std::vector<Element> elements_;
};

}  // namespace soapy
