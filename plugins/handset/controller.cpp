// SPDX-License-Identifier: BSD-3-Clause
#include "controller.hpp"

#include <algorithm>

#include "astro/error.hpp"

namespace handset {

namespace {

constexpr digital::Monotonic never = digital::Monotonic::max();
constexpr astro::Duration look_every = std::chrono::seconds(1);  // for a gamepad that is not there
constexpr int repeats = 3;                                       // of a rate in its lifetime, so that one may come late

struct Points {
  bool connected = false;
  std::int64_t speed_step = 1;
  astro::Angle speed{};
  bool steering = false;
  bool control = false;
  std::string refused{};
};

bool has_hold(const Controller::Settings& settings) {
  const bool on_lines = std::ranges::any_of(settings.buttons, [](const auto& each) { return each.does == Does::hold; });
  return on_lines || (!settings.gamepad.empty() && settings.hold != Button::none);
}

}  // namespace

}  // namespace handset

template <>
struct astro::Description<handset::Points> {
  using P = handset::Points;
  static constexpr std::array fields{
      field<&P::connected>("connected", {.says = "whether the gamepad is there; without one, whether its lines are"}),
      field<&P::speed_step>("speed_step", {.says = "which of the speeds is chosen, from 1"}),
      field<&P::speed>("speed", {.says = "which that is, per second"}),
      field<&P::steering>("steering", {.says = "whether it moves the mount now"}),
      field<&P::control>("control", {.says = "whether it holds the mount"}),
      field<&P::refused>("refused", {.says = "why the mount did not obey it, or empty"})};
};

namespace handset {

astro::ControllerDescription Controller::description() { return {.points = astro::schema_of<Points>().fields}; }

Controller::Controller(Settings settings)
    : settings_(std::move(settings)), pad_(std::max<std::size_t>(1, settings_.speeds.size()), has_hold(settings_)) {
  const auto refuse = [](const char* what) { throw astro::Error(astro::ErrorCode::invalid_argument, what); };
  if (settings_.gamepad.empty() && settings_.buttons.empty()) {
    refuse("a handset needs a `gamepad`, or `buttons` on GPIO lines");
  }
  if (settings_.speeds.empty() || !std::ranges::is_sorted(settings_.speeds) ||
      !(settings_.speeds.front() > astro::Angle{})) {
    refuse("`speeds`: expected one at least, above zero, slowest first");
  }
}

void Controller::open(astro::Emitter& host) {
  host_ = &host;
  clock_ = host.surroundings().clock;
  {
    const std::lock_guard lock(mutex_);
    wake_ = std::make_unique<digital::Wake>();
    ending_ = steers_ = has_control_ = false;
    rate_.clear();
    take_.clear();
    refused_.clear();
    fault_.clear();
    try {
      for (const ButtonSettings& each : settings_.buttons) {
        buttons_.push_back(
            {&each, digital::Line(each.line, {.active_low = each.active_low, .bias = each.bias, .edges = true})});
      }
      read_buttons();
      if (!settings_.gamepad.empty()) take(gamepad_.emplace(settings_.gamepad).ask());
    } catch (...) {
      buttons_.clear();
      gamepad_.reset();
      throw;
    }
    pad_.wait_for_neutral();
    pad_.wish();  // what is held down now counts once it was let go, what is pressed from here on at once
  }
  thread_ = std::thread([this] { run(); });
}

void Controller::close() noexcept {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_->call();
  thread_.join();
  const std::lock_guard lock(mutex_);
  if (steers_) let_go(digital::monotonic());
  if (has_control_) give_back();
  pad_.release(Source::gamepad);
  pad_.release(Source::lines);
  buttons_.clear();
  gamepad_.reset();
}

void Controller::stop() noexcept {
  const std::lock_guard lock(mutex_);
  pad_.wait_for_neutral();
  if (wake_) wake_->call();
}

std::string Controller::give(const char* command, astro::Value parameters, bool expires) {
  astro::Command given{.id = astro::new_id(),
                       .device = settings_.mount,
                       .name = command,
                       .parameters = std::move(parameters),
                       .issuer = {host_->surroundings().device, astro::Rank::handset}};
  if (expires) given.expires = clock_->now() + settings_.lifetime;
  std::string id = given.id;
  host_->give(std::move(given));
  return id;
}

void Controller::press(Source source, Does does, bool pressed) {
  if (!pad_.button(source, does, pressed)) return;
  if (does == Does::stop) let_go(digital::monotonic());
  if (does == Does::give_back) give_back();
}

void Controller::take(const Gamepad::Position& position) {
  pad_.stick(position.stick[0] * (settings_.invert_first ? -1.0 : 1.0),
             position.stick[1] * (settings_.invert_second ? -1.0 : 1.0));
  for (const auto& [button, does] : {std::pair{settings_.hold, Does::hold},
                                     {settings_.faster, Does::faster},
                                     {settings_.slower, Does::slower},
                                     {settings_.stop, Does::stop},
                                     {settings_.give_back, Does::give_back}}) {
    if (button != Button::none) press(Source::gamepad, does, position.is_pressed(button));
  }
}

void Controller::read_gamepad(Monotonic now) {
  if (settings_.gamepad.empty()) return;
  if (!gamepad_ && now >= look_again_) {
    look_again_ = now + look_every;
    try {
      take(gamepad_.emplace(settings_.gamepad).ask());
      pad_.wait_for_neutral();
      host_->log(astro::LogLevel::info, "the gamepad \"" + gamepad_->name() + "\" is back");
    } catch (const astro::Error&) {
      gamepad_.reset();  // not yet
    }
  }
  if (!gamepad_) return;
  // A short press within one look counts, too: a button that is let go in between has stopped the mount.
  const bool is_there = gamepad_->read([&](const Gamepad::Position& position) {
    take(position);
    if (steers_ && !pad_.wish().steers) let_go(now);
  });
  if (is_there) return;
  host_->log(astro::LogLevel::warning,
             "the gamepad \"" + gamepad_->name() + "\" has vanished; what it moved is stopped");
  gamepad_.reset();
  look_again_ = now + look_every;
  pad_.release(Source::gamepad);
}

void Controller::read_buttons() {
  for (Held& each : buttons_) {
    while (const auto edge = each.line.next_edge()) press(Source::lines, each.settings->does, edge->on);
    press(Source::lines, each.settings->does, each.line.get());  // the kernel keeps only some edges
  }
}

void Controller::let_go(Monotonic now) {
  steers_ = false;
  steered_ = now;
  give("stop");
}

void Controller::give_back() {
  if (steers_) let_go(digital::monotonic());
  if (!std::exchange(has_control_, false)) return;
  give("release");
}

void Controller::steer(const Pad::Wish& wish, Monotonic now) {
  if (!std::exchange(steers_, true)) {
    complained_ = false;
    next_rate_ = now;
  }
  steered_ = now;
  if (take_.empty() && (!has_control_ || now - took_ > settings_.keeps / 2)) {
    took_ = now;
    take_ = give("take", astro::Map{{"lease", 2.0 * astro::seconds(settings_.keeps)}});
  }
  if (now < next_rate_ || !rate_.empty()) return;
  next_rate_ = now + settings_.lifetime / repeats;
  const astro::Angle speed = settings_.speeds[pad_.speed()];
  rate_ = give("move_rate",
               astro::Map{{"first", (speed * wish.first).degrees()},
                          {"second", (speed * wish.second).degrees()},
                          {"lifetime", astro::seconds(settings_.lifetime)}},
               true);
}

void Controller::commanded(const astro::Acknowledgment& acknowledgment) {
  const std::lock_guard lock(mutex_);
  if (!astro::is_final(acknowledgment.state)) return;
  const bool failed = acknowledgment.state != astro::CommandState::completed;
  if (acknowledgment.command_id == take_) {
    take_.clear();
    has_control_ = !failed;
  } else if (acknowledgment.command_id == rate_) {
    rate_.clear();
    // It was carried out after the stop that overtook it.
    if (!steers_ && !failed) give("stop");
  } else {
    return;
  }
  refused_ = failed ? acknowledgment.message : std::string();
  if (failed && !std::exchange(complained_, true)) {
    host_->log(astro::LogLevel::warning, "steering " + settings_.mount + ": " + refused_);
  }
  wake_->call();
}

Controller::Monotonic Controller::turn(Monotonic now) {
  read_gamepad(now);
  read_buttons();
  const Pad::Wish wish = pad_.wish();
  if (wish.steers) steer(wish, now);
  else if (steers_) let_go(now);
  if (!steers_ && has_control_ && now - steered_ > settings_.keeps) give_back();
  Monotonic next = !settings_.gamepad.empty() && !gamepad_ ? look_again_ : never;
  if (steers_) next = std::min(next, rate_.empty() ? next_rate_ : now + settings_.lifetime);
  if (has_control_ && !steers_) next = std::min(next, steered_ + settings_.keeps + std::chrono::milliseconds(1));
  return next;
}

void Controller::run() {
  std::vector<pollfd> files;
  std::unique_lock lock(mutex_);
  while (!ending_) {
    Monotonic next = never;
    files.clear();
    try {
      next = turn(digital::monotonic());
      fault_.clear();
      for (const Held& each : buttons_) files.push_back({each.line.file(), POLLIN, 0});
      if (gamepad_) files.push_back({gamepad_->file(), POLLIN, 0});
    } catch (const std::exception& error) {
      fault_ = error.what();
      pad_.release(Source::gamepad);
      pad_.release(Source::lines);
      if (steers_) let_go(digital::monotonic());
      next = digital::monotonic() + look_every;
    }
    tell();
    lock.unlock();
    wake_->wait(files, next);
    lock.lock();
  }
}

void Controller::tell() {
  const Points points{.connected = settings_.gamepad.empty() ? fault_.empty() : gamepad_.has_value(),
                      .speed_step = static_cast<std::int64_t>(pad_.speed()) + 1,
                      .speed = settings_.speeds[pad_.speed()],
                      .steering = steers_,
                      .control = has_control_,
                      .refused = refused_};
  const astro::Value values = astro::to_value(points);
  for (const auto& [name, value] : values.as_map()) {
    if (const astro::Value* before = told_.find(name); before == nullptr || *before != value) host_->point(name, value);
  }
  told_ = values;
}

void Controller::poll() {
  const std::lock_guard lock(mutex_);
  told_ = astro::Value();
  tell();
  if (!fault_.empty()) throw astro::Error(astro::ErrorCode::device_fault, fault_);
}

}  // namespace handset
