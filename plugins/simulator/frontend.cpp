// SPDX-License-Identifier: BSD-3-Clause
#include "frontend.hpp"

#include <algorithm>
#include <deque>

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

}  // namespace
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
  Switch(const Settings& settings, astro::Time now) : settings_(settings), turns_{{now, settings.start}} {}

  void select(Load load, astro::Time now) {
    const std::lock_guard lock(mutex_);
    turns_.push_back({now, load});
    if (turns_.size() > kept_switches) turns_.pop_front();
  }

  State state(astro::Time time) const override {
    const std::lock_guard lock(mutex_);
    auto turn = std::ranges::find_if(turns_.rbegin(), turns_.rend(), [time](const Turn& t) { return t.time <= time; });
    const Load load = turn == turns_.rend() ? turns_.front().load : turn->load;
    return {load, settings_.hot_load_k, settings_.noise_diode_k};
  }

 private:
  struct Turn {
    astro::Time time;
    Load load;
  };

  const Settings settings_;
  mutable std::mutex mutex_;
  std::deque<Turn> turns_;
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
  world_ = World::of(here.observatory);
  switch_ = std::make_shared<Switch>(settings_, clock_->now());
  world_->put(here.device, std::weak_ptr<const Frontend>(switch_));
}

void FrontendController::close() noexcept {
  switch_.reset();
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
