// SPDX-License-Identifier: BSD-3-Clause
#include "dialogue.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "astro/error.hpp"

namespace rotctl {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.back() == '\r' || text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  return text;
}

std::optional<double> number_in(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  double number = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(number)) return std::nullopt;
  return number;
}

std::optional<int> code_in(std::string_view line) {
  if (!line.starts_with("RPRT ")) return std::nullopt;
  const auto number = number_in(line.substr(5));
  if (!number || std::abs(*number) > 1000.0) return std::nullopt;
  return static_cast<int>(*number);
}

// Of an answer.
constexpr std::size_t most_lines = 2000;
constexpr astro::Duration whole_bound = 3 * answer_bound;

}  // namespace

std::optional<double> number_after(std::string_view line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  return number_in(line.substr(key.size()));
}

void Dialogue::fail(const std::string& doing, const std::string& got) const {
  throw astro::Error(astro::ErrorCode::device_fault, "rotctld at " + host_ + ":" + std::to_string(port_) + ": " +
                                                         doing + ": got \"" + got.substr(0, 80) + "\"");
}

std::string Dialogue::line() { return std::string(trimmed(connection_.read_until("\n", answer_bound))); }

void Dialogue::open(const std::string& host, std::uint16_t port, astro::Duration at_most) {
  host_ = host;
  port_ = port;
  reopen(at_most);
  // "+p" asks a server of the extended protocol; others take it for an unknown command, for "p", or say nothing.
  connection_.write("+p\n");
  try {
    extended_ = line() == "get_pos:";
  } catch (const astro::Error&) {
    extended_ = false;
  }
  reopen(at_most);  // whatever else it says to that
}

void Dialogue::reopen(astro::Duration at_most) {
  connection_.open(host_, port_, at_most);
  stops_ = 0;
}

Answer Dialogue::ask(const std::string& command) {
  const std::string name = command.substr(0, command.find(' ')) + ":";
  connection_.write("+\\" + command + "\n");
  // A stop that came between is answered, too: each answer begins with what was asked.
  Answer answer;
  bool is_ours = false;
  const auto end = std::chrono::steady_clock::now() + whole_bound;
  for (std::size_t count = 0; count < most_lines && std::chrono::steady_clock::now() < end; ++count) {
    std::string text = line();
    if (text.starts_with(name)) {
      is_ours = true;
      answer.lines.clear();
      continue;
    }
    const auto code = code_in(text);
    if (code && is_ours) {
      answer.code = *code;
      return answer;
    }
    if (!code) answer.lines.push_back(std::move(text));
  }
  fail("asking \"" + command + "\": expected an end of its answer, RPRT and a number",
       answer.lines.empty() ? "RPRT to something else" : answer.lines.back());
}

std::pair<double, double> Dialogue::position() {
  std::optional<double> azimuth;
  std::optional<double> elevation;
  std::string got;
  if (extended_) {
    const Answer answer = ask("get_pos");
    if (answer.code != 0) fail("asking for the position: expected RPRT 0", "RPRT " + std::to_string(answer.code));
    for (const std::string& text : answer.lines) {
      got += (got.empty() ? "" : " / ") + text;
      if (const auto number = number_after(text, "Azimuth:")) azimuth = number;
      if (const auto number = number_after(text, "Elevation:")) elevation = number;
    }
  } else {
    connection_.write("p\n");
    for (int count = 0; count < 20 && !elevation; ++count) {
      got = line();
      if (const auto code = code_in(got)) {
        if (stops_ > 0) {
          --stops_;
          continue;
        }
        fail("asking for the position: expected two lines with a number each", got);
      }
      const auto number = number_in(got);
      if (!number) break;
      (azimuth ? elevation : azimuth) = number;
    }
  }
  if (!azimuth || !elevation || std::abs(*azimuth) > 1000.0 || std::abs(*elevation) > 1000.0) {
    fail("asking for the position: expected azimuth and elevation in degrees", got);
  }
  return {*azimuth, *elevation};
}

int Dialogue::plain_code(const std::string& doing) {
  for (;;) {
    const std::string got = line();
    const auto code = code_in(got);
    if (!code) fail(doing + ": expected RPRT and a number", got);
    if (stops_ == 0) return *code;
    --stops_;
  }
}

void Dialogue::go_to(double azimuth, double elevation) {
  char command[64];
  std::snprintf(command, sizeof command, "%.3f %.3f", azimuth, elevation);
  const std::string doing = std::string("sending it to ") + command;
  int code = 0;
  if (extended_) {
    code = ask(std::string("set_pos ") + command).code;
  } else {
    connection_.write(std::string("P ") + command + "\n");
    code = plain_code(doing);
  }
  if (code != 0) {
    throw astro::Error(astro::ErrorCode::device_fault, "rotctld at " + host_ + ":" + std::to_string(port_) + ": " +
                                                           doing + ": it refused with RPRT " + std::to_string(code) +
                                                           "; see that its range and ours agree (`limits`)");
  }
}

bool Dialogue::stop() noexcept {
  if (extended_.load()) return connection_.urgent("+\\stop\n");
  ++stops_;
  if (connection_.urgent("S\n")) return true;
  --stops_;
  return false;
}

}  // namespace rotctl
