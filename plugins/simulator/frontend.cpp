// SPDX-License-Identifier: BSD-3-Clause
#include "frontend.hpp"

#include <algorithm>
#include <span>

#include "kept.hpp"

namespace simulator {
namespace {

/// What the frontend tells of itself.
struct Points {
  Load load = Load::sky;
  double hot_load_k = 295.0;
  double noise_diode_k = 100.0;
};

constexpr std::array load_names{"sky", "hot", "noise_diode"};
constexpr std::size_t kept_switches = 1000;

struct Turn {
  astro::Time time{};
  Load load = Load::sky;
};

/// What the switch did, for another process.
struct SwitchState {
  double hot_k = 0.0;
  double diode_k = 0.0;
  std::uint32_t count = 0;
  std::array<Turn, kept_switches> turns{};
};

/// Of turns in their order.
Load load_at(std::span<const Turn> turns, astro::Time time) {
  const auto turn = std::find_if(turns.rbegin(), turns.rend(), [time](const Turn& each) { return each.time <= time; });
  return turn == turns.rend() ? turns.front().load : turn->load;
}

class DistantFrontend final : public Frontend {
 public:
  explicit DistantFrontend(const std::filesystem::path& file) : kept_(file, false) {}
  bool is_there() const noexcept { return kept_.version() != 0; }
  State state(astro::Time time) const override {
    const std::lock_guard lock(mutex_);
    if (const std::uint32_t now = kept_.version(); now != version_) {
      state_ = kept_.get().value_or(state_);
      version_ = now;
    }
    return {load_at(std::span(state_.turns).first(state_.count), time), state_.hot_k, state_.diode_k};
  }

 private:
  Kept<SwitchState> kept_;
  mutable std::mutex mutex_;
  mutable std::uint32_t version_ = 0;
  mutable SwitchState state_{};
};

}  // namespace

std::shared_ptr<const Frontend> distant_frontend(const std::filesystem::path& file) {
  auto there = std::make_shared<const DistantFrontend>(file);
  return there->is_there() ? there : nullptr;
}

}  // namespace simulator

template <>
struct astro::Description<simulator::Points> {
  using P = simulator::Points;
  static constexpr std::array fields{
      field<&P::load>("load", {.says = "what the receiver is connected to"}),
      field<&P::hot_load_k>("hot_load_temperature", {.unit = "K", .says = "of the hot load"}),
      field<&P::noise_diode_k>("noise_diode_temperature", {.unit = "K", .says = "that the noise diode adds"})};
};

namespace simulator {

/// Remembers when it was switched, since samples are made a moment later.
class FrontendController::Switch final : public Frontend {
 public:
  Switch(const Settings& settings, astro::Time now, const std::filesystem::path& file) : kept_(file, true) {
    const auto before = kept_.get();
    if (before) state_ = *before;
    state_.hot_k = settings.hot_load_k;
    state_.diode_k = settings.noise_diode_k;
    if (!before) select(settings.start, now);
  }

  void select(Load load, astro::Time now) {
    const std::lock_guard lock(mutex_);
    if (state_.count == kept_switches) {
      std::shift_left(state_.turns.begin(), state_.turns.end(), 1);
      --state_.count;
    }
    state_.turns[state_.count++] = {now, load};
    kept_.put(state_);
  }

  State state(astro::Time time) const override {
    const std::lock_guard lock(mutex_);
    return {load_at(std::span(state_.turns).first(state_.count), time), state_.hot_k, state_.diode_k};
  }

 private:
  mutable std::mutex mutex_;
  SwitchState state_{};
  Kept<SwitchState> kept_;
};

astro::ControllerDescription FrontendController::description() {
  return {.points = astro::schema_of<Points>().fields,
          .commands = {astro::command<SelectLoad>("select_load",
                                                  "Connects the receiver to the sky, the hot load, or "
                                                  "the sky with the noise diode on.")}};
}

void FrontendController::open(astro::Emitter& host) {
  const astro::Surroundings& here = host.surroundings();
  host_ = &host;
  clock_ = here.clock;
  world_ = World::of(here);
  device_ = here.device;
  switch_ = std::make_shared<Switch>(settings_, clock_->now(), world_->file(device_, "switch"));
  world_->put(here.device, std::weak_ptr<const Frontend>(switch_));
}

void FrontendController::close() noexcept {
  switch_.reset();
  if (world_) world_->forget(device_);
  world_.reset();
  clock_.reset();
  host_ = nullptr;
}

void FrontendController::poll() {
  const Frontend::State state = switch_->state(clock_->now());
  host_->point("load", load_names[static_cast<std::size_t>(state.load)]);
  host_->point("hot_load_temperature", state.hot_k);
  host_->point("noise_diode_temperature", state.diode_k);
}

astro::Performed FrontendController::perform(const astro::Call& call) {
  if (call.name != "select_load") return astro::Controller::perform(call);
  const Load load = call.as<SelectLoad>().load;
  switch_->select(load, clock_->now());
  poll();
  return {.message = std::string("connected to ") + load_names[static_cast<std::size_t>(load)]};
}

}  // namespace simulator
