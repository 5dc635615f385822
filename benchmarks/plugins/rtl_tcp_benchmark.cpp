// SPDX-License-Identifier: BSD-3-Clause
// The driver `rtl_tcp` beside a bare loop of recv() into the same buffers, from the same server: at 2.4 MS/s, in
// packets as a network brings them, what of a core each takes; and when the server does not wait, how many samples a
// whole core would take.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <thread>
#include <vector>

#include "astro/receiver.hpp"
#include "astro/tcp_listener.hpp"
#include "median.hpp"
#include "plain_emitter.hpp"

namespace {

constexpr double rate_hz = 2.4e6;
constexpr std::size_t packet_bytes = 1448;   // of a network of 1500 bytes
constexpr std::size_t buffer_bytes = 48000;  // 10 ms

/// Greets and sends: as fast as it goes, or in time.
class Server {
 public:
  explicit Server(bool in_time) : in_time_(in_time) {
    listener_.open("127.0.0.1", 0);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }
  std::uint16_t port() const { return listener_.port(); }

 private:
  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd waiting{listener_.file(), POLLIN, 0};
      ::poll(&waiting, 1, 10);
      if (const auto client = listener_.take()) {
        send_to(client->file, stop);
        ::close(client->file);
      }
    }
  }

  bool send_all(int file, const std::byte* bytes, std::size_t size, const std::stop_token& stop) const {
    while (size > 0 && !stop.stop_requested()) {
      const ssize_t sent = ::send(file, bytes, size, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN) return false;
      if (sent < 0) {
        pollfd waiting{file, POLLOUT, 0};
        ::poll(&waiting, 1, 10);
      }
      bytes += std::max<ssize_t>(sent, 0);
      size -= static_cast<std::size_t>(std::max<ssize_t>(sent, 0));
    }
    return size == 0;
  }

  void send_to(int file, const std::stop_token& stop) const {
    constexpr std::array<unsigned char, 12> greeting{'R', 'T', 'L', '0', 0, 0, 0, 5, 0, 0, 0, 29};
    if (!send_all(file, reinterpret_cast<const std::byte*>(greeting.data()), greeting.size(), stop)) return;
    const std::vector<std::byte> samples(in_time_ ? packet_bytes : 1u << 18, std::byte{0x7f});
    const auto began = std::chrono::steady_clock::now();
    for (double sent = 0; !stop.stop_requested(); sent += static_cast<double>(samples.size())) {
      if (in_time_)
        std::this_thread::sleep_until(began + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                  std::chrono::duration<double>(sent / (2 * rate_hz))));
      if (!send_all(file, samples.data(), samples.size(), stop)) return;
    }
  }

  const bool in_time_;
  astro::TcpListener listener_;
  std::jthread thread_;
};

double thread_s() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Fetches samples by `fetch` (bytes of one call): the medians of the iterations.
template <class Fetch>
void measure(benchmark::State& state, Fetch fetch) {
  const std::size_t samples = state.range(0) != 0 ? 4'800'000 : 20'000'000;
  std::vector<double> rates;
  std::vector<double> cores;
  for (auto _ : state) {
    const double before = thread_s();
    const auto began = std::chrono::steady_clock::now();
    for (std::size_t bytes = 0; bytes < 2 * samples;) bytes += fetch();
    const double used_s = thread_s() - before;
    rates.push_back(static_cast<double>(samples) / used_s);
    cores.push_back(used_s / std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  }
  state.counters["MS/s"] = median(rates) * 1e-6;
  state.counters["core_percent"] = 100.0 * median(cores);
}

void rtl_tcp_driver(benchmark::State& state) {
  const Server server(state.range(0) != 0);
  const Opened<astro::Receiver> radio(astro::DeviceKind::receiver, "rtl_tcp",
                                      astro::Map{{"host", "127.0.0.1"}, {"port", server.port()}, {"settle", 0.0}});
  radio->tune({.sample_rate = astro::hertz(rate_hz)});
  radio->start();
  std::vector<std::byte> buffer(buffer_bytes);
  while (radio->fill(buffer).items == 0) {}
  measure(state, [&] { return 2 * radio->fill(buffer).items; });
  radio->stop();
}

void rtl_tcp_bare(benchmark::State& state) {
  const Server server(state.range(0) != 0);
  const int file = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(server.port());
  if (::connect(file, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("no connection to the server of the benchmark");
  std::vector<std::byte> buffer(buffer_bytes);
  measure(state, [&] {
    return static_cast<std::size_t>(std::max<ssize_t>(::recv(file, buffer.data(), buffer.size(), 0), 0));
  });
  ::close(file);
}

constexpr int times = 21;
BENCHMARK(rtl_tcp_driver)->ArgName("in_time")->Arg(0)->Iterations(times)->Unit(benchmark::kMillisecond);
BENCHMARK(rtl_tcp_bare)->ArgName("in_time")->Arg(0)->Iterations(times)->Unit(benchmark::kMillisecond);
BENCHMARK(rtl_tcp_driver)->ArgName("in_time")->Arg(1)->Iterations(1)->Unit(benchmark::kMillisecond);
BENCHMARK(rtl_tcp_bare)->ArgName("in_time")->Arg(1)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
