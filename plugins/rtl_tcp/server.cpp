// SPDX-License-Identifier: BSD-3-Clause
#include "server.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <utility>

#include "astro/error.hpp"

namespace rtl_tcp {

namespace {

constexpr std::size_t most_clients = 8;
constexpr std::chrono::milliseconds beat(10);
constexpr std::size_t portion = 32768;           // samples that are read at once
constexpr std::size_t most_waiting = 16u << 20;  // bytes that wait for a slow client; what is due then is dropped
constexpr std::size_t most_heard = 4096;         // bytes of commands at once

/// As rtl_tcp's eight bits are: 127.5 is zero.
std::byte byte_of(float value) {
  return static_cast<std::byte>(std::lround(std::clamp(value * 127.5F + 127.5F, 0.0F, 255.0F)));
}

void append_as_bytes(std::vector<std::byte>& into, std::span<const std::byte> samples, astro::Dtype dtype) {
  switch (dtype) {
    case astro::Dtype::ci8:
      for (const std::byte each : samples) into.push_back(each ^ std::byte{0x80});
      return;
    case astro::Dtype::ci16:
      for (std::size_t i = 1; i < samples.size(); i += 2)
        into.push_back(samples[i] ^ std::byte{0x80});  // the high byte
      return;
    case astro::Dtype::cf32:
      for (std::size_t i = 0; i + sizeof(float) <= samples.size(); i += sizeof(float)) {
        float value = 0.0F;
        std::memcpy(&value, samples.data() + i, sizeof value);
        into.push_back(std::isfinite(value) ? byte_of(value) : std::byte{0x80});
      }
      return;
    default:
      into.insert(into.end(), samples.begin(), samples.end());
  }
}

astro::Field number(const char* name, const char* unit, const char* says) {
  astro::Field field;
  field.name = name;
  field.type = astro::FieldType::number;
  field.unit = unit;
  field.says = says;
  field.nullable = true;
  return field;
}

astro::Field count(const char* name, const char* says) {
  astro::Field field;
  field.name = name;
  field.type = astro::FieldType::integer;
  field.says = says;
  return field;
}

}  // namespace

astro::ControllerDescription Server::description() {
  return {.points = {count("clients", "programs that are connected"),
                     count("dropped", "samples that a program was too slow for"),
                     count("commands", "that came from programs"),
                     number("asked_frequency", "Hz", "what a program tuned to last"),
                     number("asked_sample_rate", "Hz", "what a program asked for last"),
                     number("asked_gain", "dB", "what a program set last")},
          .poll_every = std::chrono::seconds(1)};
}

void Server::open(astro::Emitter& host) {
  recording_ = astro::files::inspect_iq(settings_.file);
  if (recording_.sample_rate == astro::Frequency{}) recording_.sample_rate = settings_.sample_rate;
  if (recording_.sample_rate <= astro::Frequency{} || recording_.samples == 0) {
    throw astro::Error(astro::ErrorCode::invalid_argument,
                       "opening the recording " + settings_.file +
                           ": it has no samples, or does not say how fast they were taken; expected the setting "
                           "\"sample_rate\"");
  }
  listener_.open(settings_.address, static_cast<std::uint16_t>(settings_.port));
  host_ = &host;
  heard_ = {};
  dropped_ = 0;
  samples_.resize(portion * astro::size_of(recording_.dtype));
  thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  host.log(astro::LogLevel::info, "plays " + settings_.file + " at " + settings_.address + ":" +
                                      std::to_string(listener_.port()) + ", as rtl_tcp does");
}

void Server::close() noexcept {
  thread_ = {};
  listener_.close();
  host_ = nullptr;
}

void Server::poll() {
  host_->point("clients", count_.load());
  host_->point("dropped", dropped_.load());
  const std::lock_guard lock(mutex_);
  host_->point("commands", heard_.commands);
  const auto known = [](double value) { return value > 0.0 ? astro::Value(value) : astro::Value(); };
  host_->point("asked_frequency", known(heard_.frequency_hz));
  host_->point("asked_sample_rate", known(heard_.sample_rate_hz));
  host_->point("asked_gain", known(heard_.gain_db));
}

void Server::take_client() {
  auto taken = listener_.take();
  if (!taken) return;
  if (clients_.size() >= most_clients) {
    host_->log(astro::LogLevel::warning, "refused " + taken->from + ": too many programs are connected");
    ::close(taken->file);
    return;
  }
  try {
    auto client = std::make_unique<Client>(taken->file, taken->from, recording_);
    const GreetingBytes greeting =
        bytes_of({.tuner = r820t, .gains = static_cast<std::uint32_t>(tuner_of(r820t).gains_tenth_db.size())});
    client->waiting.assign(greeting.begin(), greeting.end());
    clients_.push_back(std::move(client));
  } catch (const std::exception& error) {
    ::close(taken->file);
    host_->log(astro::LogLevel::error, "cannot play to " + taken->from + ": " + error.what());
  }
}

void Server::obey(Client& client, std::uint8_t command, std::uint32_t number) {
  const std::lock_guard lock(mutex_);
  ++heard_.commands;
  switch (static_cast<Command>(command)) {
    case Command::frequency:
      heard_.frequency_hz = number;
      break;
    case Command::gain:
      heard_.gain_db = static_cast<std::int32_t>(number) / 10.0;
      break;
    case Command::sample_rate:
      if (number != std::llround(recording_.sample_rate.hertz()) && !std::exchange(client.is_told, true)) {
        host_->log(astro::LogLevel::warning,
                   client.from + " asks for " + std::to_string(number) + " samples a second; the recording has " +
                       std::to_string(std::llround(recording_.sample_rate.hertz())) + ", and is played so");
      }
      heard_.sample_rate_hz = number;
      break;
    default:
      break;  // of a tuner that is not there
  }
}

bool Server::hear(Client& client) {
  std::byte bytes[most_heard];
  const ssize_t got = ::recv(client.file, bytes, sizeof bytes, 0);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
  if (got < 0) return true;
  client.commands.insert(client.commands.end(), bytes, bytes + got);
  std::size_t at = 0;
  for (; at + command_bytes <= client.commands.size(); at += command_bytes) {
    const std::span<const std::byte> packet(client.commands.data() + at, command_bytes);
    obey(client, std::to_integer<std::uint8_t>(packet[0]), big_endian_in(packet.subspan(1)));
  }
  client.commands.erase(client.commands.begin(), client.commands.begin() + static_cast<std::ptrdiff_t>(at));
  return true;
}

/// The samples up to the one that is due now; those that do not fit any more are dropped, as the dongle would.
void Server::read_until(Client& client, std::uint64_t due) {
  const std::size_t item = astro::size_of(recording_.dtype);
  while (client.played < due && !client.ended) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(due - client.played, portion));
    const std::size_t got = client.reader.read(std::span(samples_).first(wanted * item));
    if (got < wanted) {
      if (settings_.repeat) client.reader.rewind();
      else client.ended = true;
    }
    client.played += got;
    if (client.waiting.size() + 2 * got > most_waiting && client.sent > most_waiting / 2) {
      client.waiting.erase(client.waiting.begin(), client.waiting.begin() + static_cast<std::ptrdiff_t>(client.sent));
      client.sent = 0;
    }
    if (client.waiting.size() + 2 * got > most_waiting) dropped_ += static_cast<std::int64_t>(got);
    else append_as_bytes(client.waiting, std::span(samples_).first(got * item), recording_.dtype);
  }
}

bool Server::send(Client& client) {
  while (client.sent < client.waiting.size()) {
    const ssize_t sent =
        ::send(client.file, client.waiting.data() + client.sent, client.waiting.size() - client.sent, MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR;
    client.sent += static_cast<std::size_t>(sent);
  }
  client.waiting.clear();
  client.sent = 0;
  return true;
}

bool Server::play(Client& client) {
  const double played_s = std::chrono::duration<double>(Steady::now() - client.began).count();
  try {
    read_until(client, static_cast<std::uint64_t>(played_s * recording_.sample_rate.hertz()));
  } catch (const std::exception& error) {
    host_->log(astro::LogLevel::error, std::string("cannot play on: ") + error.what());
    return false;
  }
  return send(client) && (!client.ended || !client.waiting.empty());
}

/// In beats, also of what programs say: one that says very much waits until it is its turn.
void Server::serve(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd somebody{listener_.file(), POLLIN, 0};
    if (clients_.empty()) ::poll(&somebody, 1, 10 * static_cast<int>(beat.count()));
    else std::this_thread::sleep_for(beat);
    take_client();
    std::erase_if(clients_, [this](const std::unique_ptr<Client>& client) {
      if (hear(*client) && play(*client)) return false;
      ::close(client->file);
      return true;
    });
    count_ = static_cast<std::int64_t>(clients_.size());
  }
  for (const auto& client : clients_) ::close(client->file);
  clients_.clear();
  count_ = 0;
}

}  // namespace rtl_tcp
