// SPDX-License-Identifier: BSD-3-Clause
#include "server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <numbers>

#include "astro/error.hpp"

namespace rotctl {

namespace {

constexpr std::size_t most_clients = 16;
constexpr std::size_t longest_line = 1024;
constexpr std::size_t most_answers = 1024;  // that one program waits for
constexpr astro::Duration fate_bound = std::chrono::seconds(1);

// Hamlib's numbers (rig.h, enum rig_errcode_e), as rotctld tells them.
constexpr int ok = 0;
constexpr int invalid = -1;
constexpr int not_here = -4;
constexpr int timed_out = -5;
constexpr int broken = -6;
constexpr int rejected = -9;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<double> degrees_in(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

struct Name {
  std::string_view letter;
  std::string_view word;
};
constexpr Name names[] = {{"P", "set_pos"},    {"p", "get_pos"},    {"S", "stop"}, {"K", "park"},
                          {"R", "reset"},      {"_", "get_info"},   {"M", "move"}, {"1", "dump_caps"},
                          {"2", "dump_state"}, {"s", "get_status"}, {"q", "quit"}, {"Q", "quit"}};

std::string report_of(int code) { return "RPRT " + std::to_string(code) + "\n"; }

std::string word_of(std::string_view command) {
  if (command.starts_with('\\')) return std::string(command.substr(1));
  for (const Name& name : names) {
    if (name.letter == command) return std::string(name.word);
  }
  return {};
}

/// What any mount may reach: of this one the server is told no more. What it cannot reach is refused when it is asked
/// for.
std::string reach_text() {
  return "min_az=-180.000000\nmax_az=540.000000\nmin_el=0.000000\nmax_el=180.000000\nsouth_zero=0\nrot_type="
         "AzEl\ndone\n";
}

}  // namespace

astro::ControllerDescription Server::description() {
  astro::Field clients;
  clients.name = "clients";
  clients.type = astro::FieldType::integer;
  clients.says = "programs that are connected";
  return {.points = {clients}, .poll_every = std::chrono::seconds(2), .hook_bound = std::chrono::milliseconds(500)};
}

void Server::open(astro::Emitter& host) {
  host_ = &host;
  latitude_rad_ = host.surroundings().location.latitude.radians();
  astro::ControllerDescription told = description();
  told.hears = {settings_.mount + ".*"};
  host.describe(told);
  listener_.open(settings_.address, static_cast<std::uint16_t>(settings_.port));
  if (::pipe2(wake_, O_CLOEXEC | O_NONBLOCK) != 0) {
    const int error = errno;
    listener_.close();
    throw astro::Error(astro::ErrorCode::device_fault, std::string("making a pipe: ") + std::strerror(error));
  }
  {
    const std::lock_guard lock(mutex_);
    ending_ = is_in_fault_ = false;
    heard_.clear();
    fates_.clear();
  }
  thread_ = std::thread([this] { serve(); });
  host.log(astro::LogLevel::info, "listens at " + settings_.address + ":" + std::to_string(listener_.port()) +
                                      " for programs that steer " + settings_.mount);
}

void Server::close() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake();
  thread_.join();
  listener_.close();
  for (int& file : wake_) {
    ::close(file);
    file = -1;
  }
  host_ = nullptr;
}

void Server::wake() noexcept {
  const char byte = 0;
  (void)!::write(wake_[1], &byte, 1);
}

void Server::poll() { host_->point("clients", count_.load()); }

void Server::heard(std::span<const astro::Point> points) {
  const std::lock_guard lock(mutex_);
  for (const astro::Point& point : points) {
    const std::string name = point.id.substr(std::min(point.id.size(), settings_.mount.size() + 1));
    const bool is_bad = point.quality == astro::Quality::bad || point.value.is_null();
    if (name == "state") is_in_fault_ = is_bad || point.value.as_text() == "fault";
    const bool is_axis = name == "azimuth" || name == "altitude" || name == "hour_angle" || name == "declination";
    if (!is_axis) continue;
    // Where a mount that is away stood last is not where it is.
    if (is_bad) heard_.erase(name);
    else heard_[name] = point.value.as_number();
  }
}

void Server::commanded(const astro::Acknowledgment& acknowledgment) {
  if (acknowledgment.state == astro::CommandState::received) return;
  const std::lock_guard lock(mutex_);
  const auto waited_for = fates_.find(acknowledgment.command_id);
  if (waited_for == fates_.end() || waited_for->second) return;
  waited_for->second = acknowledgment;
  wake();
}

std::optional<double> Server::value(const char* point) const {
  const auto found = heard_.find(point);
  return found == heard_.end() ? std::nullopt : std::optional(found->second);
}

/// Where the axes are; those of an equatorial mount are turned to the horizon's (Explanatory Supplement 2013, 7.1.2.4).
std::optional<Server::Position> Server::position() const {
  const std::lock_guard lock(mutex_);
  constexpr double degree = std::numbers::pi / 180.0;
  if (const auto azimuth = value("azimuth"), altitude = value("altitude"); azimuth && altitude)
    return Position{*azimuth, *altitude};
  const auto hour_angle = value("hour_angle");
  const auto declination = value("declination");
  if (!hour_angle || !declination) return std::nullopt;
  const double h = *hour_angle * degree;
  const double d = *declination * degree;
  const double sine = std::sin(latitude_rad_) * std::sin(d) + std::cos(latitude_rad_) * std::cos(d) * std::cos(h);
  const double azimuth =
      std::atan2(-std::cos(d) * std::sin(h),
                 std::sin(d) * std::cos(latitude_rad_) - std::cos(d) * std::cos(h) * std::sin(latitude_rad_));
  return Position{std::fmod(azimuth / degree + 360.0, 360.0), std::asin(std::clamp(sine, -1.0, 1.0)) / degree};
}

/// The answer comes when the command's fate is known: meanwhile other programs are served, and this one may stop.
Server::Answer Server::carry_out(const std::string& command, astro::Value parameters, std::string said) {
  astro::Command given{.id = astro::new_id(),
                       .device = settings_.mount,
                       .name = command,
                       .parameters = std::move(parameters),
                       .issuer = {settings_.name, astro::Rank::operator_}};
  Answer answer{
      .text = std::move(said), .command = given.id, .moves = command != "stop", .until = Steady::now() + fate_bound};
  {
    const std::lock_guard lock(mutex_);
    fates_[given.id];
  }
  host_->give(std::move(given));
  return answer;
}

/// Hamlib's number for what became of it; nothing as long as that is not known.
std::optional<int> Server::code_of(const Answer& answer) {
  std::unique_lock lock(mutex_);
  const std::optional<astro::Acknowledgment> fate = fates_[answer.command];
  if (!fate && Steady::now() < answer.until) return std::nullopt;
  const bool is_in_vain = answer.moves && is_in_fault_;
  fates_.erase(answer.command);
  lock.unlock();
  if (!fate) return timed_out;
  switch (fate->state) {
    case astro::CommandState::rejected:
    case astro::CommandState::failed:
      host_->log(astro::LogLevel::warning, "was refused: " + fate->message);
      return fate->error_code == "unsupported" ? not_here : fate->error_code == "out_of_limits" ? invalid : rejected;
    case astro::CommandState::timeout:
      return timed_out;
    default:
      return is_in_vain ? broken : ok;
  }
}

bool Server::answer(std::string_view line, Client& client) {
  const bool extended = line.starts_with('+');
  if (extended) line.remove_prefix(1);
  const std::vector<std::string_view> words = words_of(line);
  if (words.empty()) return true;
  const std::string command = word_of(words.front());
  if (command == "quit") return false;
  std::string said;
  if (extended) {
    said += command + ":";
    for (std::size_t i = 1; i < words.size(); ++i) said += " " + std::string(words[i]);
    said += '\n';
  }
  const auto end = [&](int code) {
    client.answers.push_back({.text = said + report_of(code)});
    return true;
  };
  const auto told = [&](const std::string& text) {
    client.answers.push_back({.text = said + text + (extended ? report_of(ok) : "")});
    return true;
  };
  const auto obey = [&](const std::string& name, astro::Value parameters) {
    client.answers.push_back(carry_out(name, std::move(parameters), said));
    return true;
  };
  if (command == "get_pos") {
    const auto here = position();
    if (!here) return end(broken);
    char text[96];
    std::snprintf(text, sizeof text, extended ? "Azimuth: %.6f\nElevation: %.6f\n" : "%.6f\n%.6f\n", here->azimuth_deg,
                  here->elevation_deg);
    return told(text);
  }
  if (command == "set_pos") {
    const auto azimuth = words.size() == 3 ? degrees_in(words[1]) : std::nullopt;
    const auto elevation = words.size() == 3 ? degrees_in(words[2]) : std::nullopt;
    if (!azimuth || !elevation || std::abs(*azimuth) > 720.0 || *elevation < -90.0 || *elevation > 180.0)
      return end(invalid);
    // Past the zenith of a rotator that turns over it: the same place by the other way.
    const bool over = *elevation > 90.0;
    const double turned = std::fmod(*azimuth + (over ? 180.0 : 0.0) + 720.0, 360.0);
    char target[64];
    std::snprintf(target, sizeof target, "altaz %.6f %.6f", turned, over ? 180.0 - *elevation : *elevation);
    return obey("slew_to", astro::Map{{"target", target}});
  }
  if (command == "stop") return obey("stop", {});
  if (command == "park") return obey("park", {});
  if (command == "get_info")
    return told((extended ? "Info: " : "") + std::string("libastro, ") + settings_.mount + "\n");
  if (command == "dump_state") return told("1\n1\n" + reach_text());
  if (command == "dump_caps") {
    return told("Caps dump for model:\t1\nModel name:\t\t" + settings_.mount +
                "\nMfg name:\t\tlibastro\nRot type:\t\tAz-El\n"
                "Can set Position:\tY\nCan get Position:\tY\nCan Stop:\tY\nCan Park:\tY\nCan Reset:\tN\nCan "
                "Move:\tN\nCan get Info:\tY\n");
  }
  return end(command.empty() ? invalid : not_here);
}

void Server::take_client() {
  auto taken = listener_.take();
  if (!taken) return;
  if (clients_.size() >= most_clients) {
    host_->log(astro::LogLevel::warning, "refused " + taken->from + ": too many programs are connected");
    ::close(taken->file);
    return;
  }
  clients_.push_back({.file = taken->file, .from = std::move(taken->from), .line = {}, .answers = {}});
  count_ = static_cast<std::int64_t>(clients_.size());
}

bool Server::read(Client& client) {
  char bytes[1024];
  const ssize_t count = ::recv(client.file, bytes, sizeof bytes, 0);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return false;
  if (count < 0) return true;
  client.line.append(bytes, static_cast<std::size_t>(count));
  for (std::size_t end = 0; (end = client.line.find('\n')) != std::string::npos;) {
    const std::string line = client.line.substr(0, end);
    client.line.erase(0, end + 1);
    if (!answer(line, client)) return false;
  }
  const bool is_endless = client.line.size() > longest_line;
  if (!is_endless && client.answers.size() <= most_answers) return true;
  host_->log(astro::LogLevel::warning,
             "let go " + client.from +
                 (is_endless ? ": it sent a line without an end" : ": it asks without waiting for answers"));
  return false;
}

/// Says what is known by now, in the order in which it was asked.
bool Server::say(Client& client) {
  std::string said;
  while (!client.answers.empty()) {
    const Answer& next = client.answers.front();
    const std::optional<int> code = next.command.empty() ? std::optional(ok) : code_of(next);
    if (!code) break;
    said += next.text + (next.command.empty() ? "" : report_of(*code));
    client.answers.pop_front();
  }
  // Who does not read what he asked for is let go: nobody waits for him.
  return said.empty() ||
         ::send(client.file, said.data(), said.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(said.size());
}

void Server::let_go(const Client& client) {
  ::close(client.file);
  const std::lock_guard lock(mutex_);
  for (const Answer& answer : client.answers) fates_.erase(answer.command);
}

/// In milliseconds, until the fate of a command has been waited for long enough; -1: none is.
int Server::patience() const {
  auto left = Steady::duration::max();
  for (const Client& client : clients_) {
    const bool waits = !client.answers.empty();  // for the first of them
    if (waits) left = std::min(left, client.answers.front().until - Steady::now());
  }
  if (left == Steady::duration::max()) return -1;
  return std::max(0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
}

bool Server::is_ending() {
  char bytes[64];
  while (::read(wake_[0], bytes, sizeof bytes) > 0) {}
  const std::lock_guard lock(mutex_);
  return ending_;
}

void Server::serve() {
  for (;;) {
    std::vector<pollfd> files{{wake_[0], POLLIN, 0}, {listener_.file(), POLLIN, 0}};
    for (const Client& client : clients_) files.push_back({client.file, POLLIN, 0});
    if (::poll(files.data(), files.size(), patience()) < 0 && errno != EINTR) break;
    if (is_ending()) break;
    std::vector<Client> staying;
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      Client& client = clients_[i];
      if ((files[i + 2].revents == 0 || read(client)) && say(client)) staying.push_back(std::move(client));
      else let_go(client);
    }
    clients_ = std::move(staying);
    if (files[1].revents != 0) take_client();
    count_ = static_cast<std::int64_t>(clients_.size());
  }
  for (const Client& client : clients_) let_go(client);
  clients_.clear();
}

}  // namespace rotctl
