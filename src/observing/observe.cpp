// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/observe.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/version.hpp"
#include "observing/collector.hpp"
#include "observing/loads.hpp"

namespace astro {

namespace {

using namespace std::chrono_literals;

/// The device that is meant when a request names none: the only one of its kind.
std::string only(const Observatory& site, DeviceKind kind, const std::string& asked) {
  if (!asked.empty()) return asked;
  const std::vector<std::string> names = site.names(kind);
  if (names.size() == 1) return names.front();
  const std::string word(to_string(kind));
  throw Error(ErrorCode::invalid_argument, "observing: the request names no " + word + ", and the site has " +
                                               std::to_string(names.size()) + " of them; say `" + word + ": NAME`");
}

/// The observations that this process carries out right now.
class Running {
 public:
  explicit Running(std::string id) : id_(std::move(id)) {
    const std::lock_guard lock(mutex());
    ids().insert(id_);
  }
  ~Running() {
    const std::lock_guard lock(mutex());
    ids().erase(id_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  static bool is(const std::string& id) {
    const std::lock_guard lock(mutex());
    return ids().contains(id);
  }

 private:
  static std::mutex& mutex() {
    static std::mutex one;
    return one;
  }
  static std::set<std::string>& ids() {
    static std::set<std::string> all;
    return all;
  }
  std::string id_;
};

/// An observatory is open in one process at a time: what its store calls running and this process
/// does not carry out was cut short by a kill or a power cut.
void close_what_was_cut_short(const StoreHandle& store, const Observatory& site) {
  const std::string running(Description<ObservationState>::choices.front());
  for (Observation& left : store.find<Observation>({.where = {{.field = "state", .value = running}}})) {
    if (left.site != site.site().name || Running::is(left.id)) continue;
    left.state = ObservationState::failed;
    left.reason = "the process ended in the middle of it; what is stored can be reduced";
    left.ended = site.clock()->now();
    const std::int64_t before = left.revision++;
    store.replace(left, "revision", before);
    log(LogLevel::warning, "observing", "observation " + left.id + " was cut short: " + left.reason);
  }
}

/// One observation from its first record to its last.
class Run {
 public:
  Run(const Observatory& site, const ObservationRequest& request, const std::function<void(const Progress&)>& tell,
      const std::stop_token& stop)
      : site_(site),
        request_(request),
        tell_(tell),
        stop_(stop),
        target_(parse_target(request.target)),
        id_(new_id()),
        running_(id_),
        issuer_{.name = request.observer.empty() ? "observation " + id_.substr(0, 8) : request.observer,
                .rank = Rank::observation},
        receiver_(site.receiver(only(site, DeviceKind::receiver, request.receiver), issuer_)),
        store_(site.store(only(site, DeviceKind::store, request.store))),
        loads_(site, receiver_.name(), issuer_) {
    if (const std::string mount = receiver_.settings()->mount; !mount.empty()) mount_ = site.mount(mount, issuer_);
    total_ = 2 * request.calibration_time + request.integration_time;
  }

  ObservationResult operator()() {
    take();
    begin();
    try {
      work();
    } catch (const Error& error) {
      give_up(error.code() == ErrorCode::cancelled ? ObservationState::cancelled : ObservationState::failed,
              error.what());
      throw;
    } catch (const std::exception& error) {
      give_up(ObservationState::failed, error.what());
      throw;
    }
    end(ObservationState::completed, "");
    ObservationResult result = reduce(store_, id_, site_.location());
    say("done", -1);
    release();
    return result;
  }

 private:
  void take() const {
    receiver_.take(lease());
    if (mount_) mount_->take(lease());
  }
  void release() const {
    receiver_.release();
    if (mount_) mount_->release();
  }
  Duration lease() const { return total_ + 30min; }

  void begin() {
    record_.id = id_;
    record_.request = request_;
    record_.created = site_.clock()->now();
    record_.hot_k = loads_.hot_k();
    record_.cold_k = loads_.cold_k();
    record_.software = std::string("libastro ") + version;
    record_.site = site_.site().name;
    close_what_was_cut_short(store_, site_);
    store_.insert(record_);
  }

  void end(ObservationState state, const std::string& reason) {
    record_.state = state;
    record_.reason = reason;
    record_.ended = site_.clock()->now();
    const std::int64_t before = record_.revision++;
    store_.replace(record_, "revision", before);
  }

  /// The mount first, then the books; a store that fails as well must not hide why.
  void give_up(ObservationState state, const std::string& reason) noexcept {
    if (mount_) mount_->stop();
    try {
      end(state, reason);
    } catch (const std::exception& error) {
      log(LogLevel::error, "observing", "observation " + id_ + " could not be closed in its store: " + error.what());
    }
    try {
      release();
    } catch (const std::exception& error) {
      log(LogLevel::warning, "observing", std::string("giving back the devices: ") + error.what());
    }
  }

  void work() {
    tune();
    // Whether the target can be reached is known before anything moves.
    if (mount_) mount_->axes_of(target_, site_.clock()->now());
    detail::Collector collector(site_, receiver_,
                                Spectrometer({.channels = request_.channels, .window = request_.window}));
    const auto phase = [&](Phase which, const char* stage, Duration duration) {
      collector.start_afresh();
      collect(collector, which, stage, duration);
      collector.rest();
    };
    say("hot load", -1);
    loads_.hot(stop_);
    phase(Phase::hot, "hot load", request_.calibration_time);
    say("cold load", -1);
    loads_.cold(stop_);
    phase(Phase::cold, "cold load", request_.calibration_time);
    say("slewing", -1);
    loads_.sky(stop_);
    if (mount_) {
      mount_->track(target_);
      detail::wait_on_target(*mount_, site_, stop_);
    }
    phase(Phase::sky, "integrating", request_.integration_time);
    if (mount_) mount_->stop();
  }

  void tune() const {
    const Tuning taken = receiver_.tune({.frequency = request_.center_frequency});
    if (const double off = std::abs((taken.frequency - request_.center_frequency).hertz());
        off > 0.1 * taken.sample_rate.hertz()) {
      throw Error(ErrorCode::out_of_limits, "observing: receiver '" + receiver_.name() + "' was asked for " +
                                                std::to_string(request_.center_frequency.megahertz()) +
                                                " MHz and took " + std::to_string(taken.frequency.megahertz()) +
                                                " MHz");
    }
  }

  void collect(detail::Collector& collector, Phase phase, const char* stage, Duration duration) {
    // A slice of half an integration or less is not worth one of its own.
    const auto slices = std::max<std::int64_t>(1, (duration + request_.integration / 2) / request_.integration);
    for (std::int64_t i = 0; i < slices; ++i) {
      const Duration share = duration / slices;
      const Spectrum spectrum = collector.next(share, stop_);
      store_.insert(to_integration(spectrum, id_, sequence_, phase));
      done_ += share;
      say(stage, sequence_++);
    }
  }

  void say(const char* stage, std::int64_t stored) const {
    if (!tell_) return;
    const double fraction = std::clamp(seconds(done_) / seconds(total_), 0.0, 1.0);
    tell_({.observation_id = id_, .stage = stage, .fraction = fraction, .left = total_ - done_, .stored = stored});
  }

  const Observatory& site_;
  ObservationRequest request_;
  const std::function<void(const Progress&)>& tell_;
  std::stop_token stop_;
  Target target_;
  std::string id_;
  Running running_;
  Issuer issuer_;
  ReceiverHandle receiver_;
  StoreHandle store_;
  detail::Loads loads_;
  std::optional<MountHandle> mount_;
  Observation record_;
  Duration total_{};
  Duration done_{};
  std::int64_t sequence_ = 0;
};

}  // namespace

ObservationResult observe(const Observatory& site, const ObservationRequest& request,
                          const std::function<void(const Progress&)>& progress, const std::stop_token& stop) {
  return Run(site, request, progress, stop)();
}

}  // namespace astro
