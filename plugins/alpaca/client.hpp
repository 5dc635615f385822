// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "astro/error.hpp"
#include "astro/record.hpp"
#include "astro/time.hpp"
#include "astro/value.hpp"

// ASCOM Alpaca, API version 1 (ASCOM Initiative, Alpaca API Reference): methods of devices over HTTP, answers in JSON.
namespace alpaca {

inline constexpr std::int64_t usual_port = 11111;
inline constexpr std::int64_t discovery_port = 32227;

/// Where the device is. All drivers of this plugin have these among their settings.
struct Peer {
  std::string address{};
  std::int64_t port = usual_port;
  std::int64_t number = 0;
  astro::Duration timeout{};
  std::int64_t discovery = discovery_port;
};

template <class Settings>
Peer peer_of(const Settings& settings) {
  return {settings.address, settings.port, settings.number, settings.timeout, settings.discovery};
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// When several questions have to be done with, all together.
using Deadline = std::optional<std::chrono::steady_clock::time_point>;

/// Of a stop: the host gives a driver up that is not back from it after half a second.
inline Deadline end_of_stop() { return std::chrono::steady_clock::now() + std::chrono::milliseconds(400); }

/// What a device itself says no with, by Alpaca's numbers.
class Refusal : public astro::Error {
 public:
  Refusal(astro::ErrorCode code, const std::string& message, std::int64_t number)
      : Error(code, message), number_(number) {}
  std::int64_t number() const noexcept { return number_; }

 private:
  std::int64_t number_;
};

/// What a device answered to the question for its image.
struct ImageAnswer {
  bool is_binary = false;  ///< ImageBytes; else JSON
  std::string body{};
};

/// Asks one device. All functions may be called from any thread; those that ask wait for each other. Failures name
/// device and method: `timeout` for what does not come in time, `device_fault` for who is not there or speaks no
/// Alpaca, and a `Refusal` for the device's own errors, with the code that is nearest, their number and their words.
class Client {
 public:
  /// `type` as it stands in the addresses: "telescope".
  Client(Peer peer, std::string type);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Finds the device where no address is given; asks for its name.
  void open();
  /// As another client that has found it: for questions beside its own.
  void open_like(const Client& other);

  astro::Value get(const std::string& method, const Parameters& parameters = {});
  /// By `ends` it has answered, or is given up, also where somebody else is asking.
  void put(const std::string& method, const Parameters& parameters = {}, Deadline ends = {});
  /// False when the device refuses.
  bool put_if_it_may(const std::string& method, const Parameters& parameters = {}, Deadline ends = {});
  /// Nothing when the device does not have it, or has no value for it now.
  astro::Value get_if_there(const std::string& method, const Parameters& parameters = {});
  bool get_bool(const std::string& method, const Parameters& parameters = {});
  double get_number(const std::string& method, const Parameters& parameters = {});
  /// Ends as interrupted when `goes_on` becomes false.
  ImageAnswer get_image(std::size_t at_most_bytes, astro::Duration at_most, const std::function<bool()>& goes_on);

  /// Whether the last question was answered at all, however.
  bool answers() const noexcept { return answers_; }

  /// "Alpaca telescope 0 at 127.0.0.1:11111", for messages.
  std::string name() const;
  [[noreturn]] void refuse(const std::string& method, const std::string& expected, const std::string& got) const;
  /// What stands in an answer of JSON; throws the refusal that it has, if it has one.
  astro::Value value_in(const std::string& method, const std::string& body) const;
  /// Throws the refusal of that number, unless it is 0.
  void check(const std::string& method, std::int64_t number, const std::string& words) const;

 private:
  struct Curl;
  struct Answer;
  struct Question;
  Answer exchange(const Question& question);

  Peer peer_;
  const std::string type_;
  std::timed_mutex mutex_;
  std::unique_ptr<Curl> curl_;
  std::uint32_t transaction_ = 0;
  std::atomic<bool> answers_ = false;
};

/// A number, a boolean as Alpaca writes it in a request.
std::string text_of(double number);
inline std::string text_of(bool value) { return value ? "True" : "False"; }

/// The servers that answer Alpaca's discovery on this machine's networks within a second: address and port.
std::vector<std::pair<std::string, std::int64_t>> discovered(std::int64_t port);

}  // namespace alpaca

/// The fields of a driver's settings that make its `Peer`.
#define ALPACA_PEER_FIELDS(S)                                                                                          \
  field<&S::address>("address", {.says = "of the server, a name or a number; empty: the first that answers discovery " \
                                         "and has the device"}),                                                       \
      field<&S::port>("port", {.min = 1, .max = 65535, .says = "on which it listens, where an address is given"}),     \
      field<&S::number>("number", {.min = 0, .max = 1000, .says = "of the device among those of its type"}),           \
      field<&S::timeout>("timeout", {.min = 0.1, .max = 30, .says = "of each question"}),                              \
      field<&S::discovery>("discovery_port", {.min = 1, .max = 65535, .says = "on which servers are asked for"})
