// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/metrics_endpoint.hpp"

#include <httplib.h>
#include <sys/socket.h>

#include <charconv>
#include <optional>
#include <thread>
#include <utility>

#include "astro/error.hpp"
#include "astro/registry.hpp"
#include "astro/site.hpp"
#include "text.hpp"

namespace astro::telemetry {

namespace {

constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr int patience_s = 5;  // with who asks and then says nothing
constexpr std::size_t threads = 2;

struct Address {
  std::string host;  ///< as it is written, of IPv6 with its brackets
  int port = 0;
};

std::optional<Address> address_in(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  Address address{.host = text.substr(0, colon)};
  const char* end = text.data() + text.size();
  const auto [last, problem] = std::from_chars(text.data() + colon + 1, end, address.port);
  const bool is_port = problem == std::errc() && last == end && address.port >= 0 && address.port <= 65535;
  const bool is_host =
      address.host.find(':') == std::string::npos || (address.host.front() == '[' && address.host.back() == ']');
  return is_port && is_host ? std::optional(address) : std::nullopt;
}

void check_listen(const SectionCheck& check) {
  const auto section = from_value<MetricsSection>(Value(check.section));
  if (section.listen.empty() || address_in(section.listen)) return;
  check.complain({"listen"}, "\"" + section.listen + "\" is no address; expected host:port, such as 127.0.0.1:9464",
                 {});
}

const SectionEnrolment metrics_section({.name = "metrics",
                                        .says = "where Prometheus reads how the processes of this site do",
                                        .schema = schema_of<MetricsSection>(),
                                        .check = check_listen});

/// With what the format asks to be marked.
std::string marked(std::string_view text, bool is_label) {
  std::string made;
  for (const char c : text) {
    if (c == '\n') made += "\\n";
    else if (c == '\\' || (is_label && c == '"')) made += {'\\', c};
    else made += c;
  }
  return made;
}

}  // namespace

std::string prometheus_text(std::span<const Metric> metrics) {
  std::string made;
  for (const Metric& metric : metrics) {
    made += "# HELP " + metric.name + ' ' + marked(metric.says, false) + '\n';
    made += "# TYPE " + metric.name + (metric.kind == MetricKind::counter ? " counter\n" : " gauge\n");
    for (const MetricSample& sample : metric.samples) {
      made += metric.name;
      char before = '{';
      for (const auto& [label, value] : sample.labels) {
        made += std::exchange(before, ',') + label + "=\"" + marked(value, true) + '"';
      }
      if (!sample.labels.empty()) made += '}';
      made += ' ' + text::of(sample.value) + '\n';
    }
  }
  return made;
}

struct MetricsEndpoint::State {
  Address address;
  httplib::Server server;
  std::thread thread;
};

MetricsEndpoint::MetricsEndpoint(const std::string& listen) : state_(std::make_unique<State>()) {
  const auto address = address_in(listen);
  if (!address) {
    throw Error(ErrorCode::invalid_argument,
                "telling metrics at \"" + listen + "\": it is no address; expected host:port, such as 127.0.0.1:9464");
  }
  state_->address = *address;
  httplib::Server& server = state_->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(threads); };
  // Without the library's SO_REUSEPORT, by which two processes would take turns in answering.
  server.set_socket_options([](int socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_keep_alive_max_count(1);  // a connection that stays open would keep a thread
  server.set_read_timeout(patience_s);
  server.set_write_timeout(patience_s);
  server.set_payload_max_length(0);
  server.Get("/metrics", [](const httplib::Request&, httplib::Response& response) {
    response.set_content(prometheus_text(read_metrics()), content_type);
  });
  std::string host = address->host;
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  int& port = state_->address.port;
  const bool is_bound = port == 0 ? (port = server.bind_to_any_port(host)) > 0 : server.bind_to_port(host, port);
  if (!is_bound) {
    throw Error(ErrorCode::busy, "telling metrics at " + listen +
                                     ": it cannot listen there; expected an address of this machine and a port that no "
                                     "other process has: give this one another by --metrics");
  }
  state_->thread = std::thread([&server] { server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::yield();  // before that, `stop` would do nothing
}

MetricsEndpoint::~MetricsEndpoint() {
  if (!state_->thread.joinable()) return;
  state_->server.stop();
  state_->thread.join();
}

int MetricsEndpoint::port() const noexcept { return state_->address.port; }

std::string MetricsEndpoint::url() const {
  return "http://" + state_->address.host + ':' + std::to_string(state_->address.port) + "/metrics";
}

}  // namespace astro::telemetry
