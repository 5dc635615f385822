// SPDX-License-Identifier: BSD-3-Clause
// libgpiod 1, as Debian 12 has it.
#include <gpiod.h>
#include <poll.h>

#include <cerrno>

#include "digital_kit/held.hpp"

namespace digital {

namespace {

struct Closing {
  void operator()(gpiod_chip* chip) const noexcept { gpiod_chip_close(chip); }  // releases its lines
};
using OwnedChip = std::unique_ptr<gpiod_chip, Closing>;

class Held1 final : public Held {
 public:
  Held1(OwnedChip chip, gpiod_line* line, bool edges) : chip_(std::move(chip)), line_(line), edges_(edges) {}

  int set(bool on) override { return gpiod_line_set_value(line_, on ? 1 : 0) == 0 ? 0 : errno; }

  int get(bool& on) override {
    const int value = gpiod_line_get_value(line_);
    if (value < 0) return errno;
    on = value == 1;
    return 0;
  }

  int next_edge(std::optional<Edge>& edge) override {
    pollfd ready{file(), POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) return 0;
    gpiod_line_event event{};
    if (gpiod_line_event_read(line_, &event) != 0) return errno;
    edge = Edge{event.event_type == GPIOD_LINE_EVENT_RISING_EDGE,
                std::chrono::seconds(event.ts.tv_sec) + std::chrono::nanoseconds(event.ts.tv_nsec)};
    return 0;
  }

  int file() const noexcept override { return edges_ ? gpiod_line_event_get_fd(line_) : -1; }

 private:
  OwnedChip chip_;
  gpiod_line* line_;
  bool edges_;
};

}  // namespace

int read_chip(Chip& chip) {
  const OwnedChip opened(gpiod_chip_open(chip.path.c_str()));
  if (!opened) return errno;
  chip.label = gpiod_chip_label(opened.get());
  for (unsigned i = 0; i < gpiod_chip_num_lines(opened.get()); ++i) {
    gpiod_line* line = gpiod_chip_get_line(opened.get(), i);
    const char* name = line == nullptr ? nullptr : gpiod_line_name(line);
    chip.lines.emplace_back(name == nullptr ? "" : name);
  }
  return 0;
}

int hold(std::unique_ptr<Held>& held, const Chip& chip, unsigned number, const Use& use) {
  OwnedChip opened(gpiod_chip_open(chip.path.c_str()));
  gpiod_line* line = opened ? gpiod_chip_get_line(opened.get(), number) : nullptr;
  if (line == nullptr) return errno;
  gpiod_line_request_config config{};
  config.consumer = "libastro";
  config.request_type = use.output  ? GPIOD_LINE_REQUEST_DIRECTION_OUTPUT
                        : use.edges ? GPIOD_LINE_REQUEST_EVENT_BOTH_EDGES
                                    : GPIOD_LINE_REQUEST_DIRECTION_INPUT;
  if (use.active_low) config.flags |= GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW;
  if (use.bias == Bias::off) config.flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE;
  if (use.bias == Bias::up) config.flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
  if (use.bias == Bias::down) config.flags |= GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
  if (gpiod_line_request(line, &config, use.first ? 1 : 0) != 0) return errno;
  held = std::make_unique<Held1>(std::move(opened), line, use.edges);
  return 0;
}

}  // namespace digital
