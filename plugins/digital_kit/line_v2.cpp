// SPDX-License-Identifier: BSD-3-Clause
// libgpiod 2.
#include <gpiod.h>

#include <cerrno>

#include "digital_kit/held.hpp"

namespace digital {

namespace {

/// Frees what libgpiod made when the scope ends.
template <class T, void (*free)(T*)>
struct Freeing {
  void operator()(T* made) const noexcept { free(made); }
};
template <class T, void (*free)(T*)>
using Owned = std::unique_ptr<T, Freeing<T, free>>;

using OwnedChip = Owned<gpiod_chip, gpiod_chip_close>;
using OwnedRequest = Owned<gpiod_line_request, gpiod_line_request_release>;
using OwnedBuffer = Owned<gpiod_edge_event_buffer, gpiod_edge_event_buffer_free>;

gpiod_line_bias bias_of(Bias bias) {
  switch (bias) {
    case Bias::off:
      return GPIOD_LINE_BIAS_DISABLED;
    case Bias::up:
      return GPIOD_LINE_BIAS_PULL_UP;
    case Bias::down:
      return GPIOD_LINE_BIAS_PULL_DOWN;
    default:
      return GPIOD_LINE_BIAS_AS_IS;
  }
}

class Held2 final : public Held {
 public:
  Held2(OwnedRequest request, OwnedBuffer buffer, unsigned number)
      : request_(std::move(request)), buffer_(std::move(buffer)), number_(number) {}

  int set(bool on) override {
    const auto value = on ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
    return gpiod_line_request_set_value(request_.get(), number_, value) == 0 ? 0 : errno;
  }

  int get(bool& on) override {
    const auto value = gpiod_line_request_get_value(request_.get(), number_);
    if (value == GPIOD_LINE_VALUE_ERROR) return errno;
    on = value == GPIOD_LINE_VALUE_ACTIVE;
    return 0;
  }

  int next_edge(std::optional<Edge>& edge) override {
    const int waiting = gpiod_line_request_wait_edge_events(request_.get(), 0);
    if (waiting <= 0) return waiting == 0 ? 0 : errno;
    if (gpiod_line_request_read_edge_events(request_.get(), buffer_.get(), 1) < 0) return errno;
    gpiod_edge_event* event = gpiod_edge_event_buffer_get_event(buffer_.get(), 0);
    edge = Edge{gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE,
                std::chrono::nanoseconds(gpiod_edge_event_get_timestamp_ns(event))};
    return 0;
  }

  int file() const noexcept override { return buffer_ ? gpiod_line_request_get_fd(request_.get()) : -1; }

 private:
  OwnedRequest request_;
  OwnedBuffer buffer_;
  unsigned number_;
};

}  // namespace

int read_chip(Chip& chip) {
  const OwnedChip opened(gpiod_chip_open(chip.path.c_str()));
  if (!opened) return errno;
  const Owned<gpiod_chip_info, gpiod_chip_info_free> info(gpiod_chip_get_info(opened.get()));
  if (!info) return errno;
  chip.label = gpiod_chip_info_get_label(info.get());
  for (unsigned i = 0; i < gpiod_chip_info_get_num_lines(info.get()); ++i) {
    const Owned<gpiod_line_info, gpiod_line_info_free> line(gpiod_chip_get_line_info(opened.get(), i));
    const char* name = line ? gpiod_line_info_get_name(line.get()) : nullptr;
    chip.lines.emplace_back(name == nullptr ? "" : name);
  }
  return 0;
}

int hold(std::unique_ptr<Held>& held, const Chip& chip, unsigned number, const Use& use) {
  const OwnedChip opened(gpiod_chip_open(chip.path.c_str()));
  if (!opened) return errno;
  const Owned<gpiod_line_settings, gpiod_line_settings_free> settings(gpiod_line_settings_new());
  const Owned<gpiod_line_config, gpiod_line_config_free> config(gpiod_line_config_new());
  const Owned<gpiod_request_config, gpiod_request_config_free> request(gpiod_request_config_new());
  if (!settings || !config || !request) return ENOMEM;
  gpiod_line_settings_set_active_low(settings.get(), use.active_low);
  if (use.output) {
    gpiod_line_settings_set_direction(settings.get(), GPIOD_LINE_DIRECTION_OUTPUT);
    gpiod_line_settings_set_output_value(settings.get(),
                                         use.first ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE);
  } else {
    gpiod_line_settings_set_direction(settings.get(), GPIOD_LINE_DIRECTION_INPUT);
    gpiod_line_settings_set_bias(settings.get(), bias_of(use.bias));
    if (use.edges) gpiod_line_settings_set_edge_detection(settings.get(), GPIOD_LINE_EDGE_BOTH);
  }
  if (gpiod_line_config_add_line_settings(config.get(), &number, 1, settings.get()) != 0) return errno;
  gpiod_request_config_set_consumer(request.get(), "libastro");
  OwnedRequest made(gpiod_chip_request_lines(opened.get(), request.get(), config.get()));
  if (!made) return errno;
  OwnedBuffer buffer(use.edges ? gpiod_edge_event_buffer_new(1) : nullptr);
  if (use.edges && !buffer) return ENOMEM;
  held = std::make_unique<Held2>(std::move(made), std::move(buffer), number);
  return 0;
}

}  // namespace digital
