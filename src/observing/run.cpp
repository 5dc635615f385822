// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <mutex>
#include <set>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/observing/export.hpp"
#include "astro/observing/observe.hpp"
#include "astro/observing/plan.hpp"
#include "astro/trace.hpp"
#include "astro/version.hpp"
#include "observing/beam.hpp"
#include "observing/collector.hpp"
#include "observing/devices.hpp"
#include "observing/live_spectra.hpp"
#include "observing/loads.hpp"
#include "observing/modes.hpp"
#include "observing/recorder.hpp"
#include "observing/reduction.hpp"
#include "observing/until_rms.hpp"
#include "text.hpp"

namespace astro {

using namespace std::chrono_literals;
using detail::StepPart;

namespace {

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

void put(const StoreHandle& store, Observation& record) {
  const std::int64_t before = record.revision++;
  store.replace(record, "revision", before);
}

/// An observatory is open in one process at a time: what its store calls running and this process
/// does not carry out was cut short by a kill or a power cut.
void close_what_was_cut_short(const StoreHandle& store, const Observatory& site) {
  const std::string running(Description<ObservationState>::choices.front());
  for (Observation& left : store.find<Observation>({.where = {{.field = "state", .value = running}}})) {
    if (left.site != site.site().name || Running::is(left.id)) continue;
    left.state = ObservationState::failed;
    left.reason = "the process ended in the middle of it; what is stored can be reduced, and the rest resumed";
    left.ended = site.clock()->now();
    put(store, left);
    detail::Recorder::adopt(site, store, left);
    log(LogLevel::warning, "observing", "observation " + left.id + " was cut short: " + left.reason);
  }
}

/// How much of each step is stored already.
struct Done {
  Duration time{};
  std::optional<Time> begun{};
};

/// One observation from its first step to its last.
class Run {
 public:
  Run(const Observatory& site, Observation record, const ObserveOptions& options)
      : site_(site),
        record_(std::move(record)),
        request_(record_.request),
        options_(options),
        stop_(options.control.token()),
        running_(record_.id),
        issuer_{.name = request_.observer.empty() ? "observation " + record_.id.substr(0, 8) : request_.observer,
                .rank = Rank::observation},
        receiver_(site.receiver(detail::device_of(site.site(), DeviceKind::receiver, request_.receiver).name, issuer_)),
        store_(site.store(detail::device_of(site.site(), DeviceKind::store, request_.store).name)),
        loads_(site, receiver_.name(), request_.calibration, issuer_),
        done_(record_.steps.size()),
        live_(record_, site.location(), options.progress ? options.live_every : Duration{},
              [this](const LiveSpectrum& live) { show(live); }) {
    if (const std::string mount = receiver_.settings()->mount; !mount.empty()) mount_ = site.mount(mount, issuer_);
    beam_.emplace(site, mount_);
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
    ObservationResult result = request_.analysis ? reduced() : ObservationResult{};
    std::string lacking = noise_left(result);
    if (const std::string files = make_files(result); !files.empty()) lacking += (lacking.empty() ? "" : "; ") + files;
    if (!lacking.empty()) log(LogLevel::warning, "observing", "observation " + record_.id + ": " + lacking);
    end(ObservationState::completed, lacking);
    result.observation = record_;
    say("done", nullptr);
    release();
    return result;
  }

 private:
  void take() const {
    receiver_.take(lease());
    try {
      if (mount_) mount_->take(lease());
    } catch (const Error&) {
      receiver_.release();
      throw;
    }
  }
  void release() const {
    receiver_.release();
    if (mount_) mount_->release();
  }
  Duration lease() const { return total() + 30min; }
  Duration total() const {
    Duration sum{};
    for (const Step& step : record_.steps) sum += step.duration;
    return sum;
  }

  void begin() {
    close_what_was_cut_short(store_, site_);
    const auto stored = store_.find<Observation>({.where = {{.field = "id", .value = record_.id}}});
    record_.state = ObservationState::running;
    record_.reason.clear();
    if (stored.empty()) {
      record_.hot_k = loads_.hot_k();
      record_.cold_k = loads_.cold_k();
      record_.noise_diode_k = loads_.noise_diode_k();
      store_.insert(record_);
      return;
    }
    record_.revision = stored.front().revision;
    put(store_, record_);
    for (const Integration& integration : store_.find<Integration>(
             {.where = {{.field = "observation_id", .value = record_.id}}, .order_by = "sequence"})) {
      sequence_ = integration.sequence + 1;
      samples_lost_ += static_cast<std::uint64_t>(integration.samples_lost);
      Done& done = done_.at(static_cast<std::size_t>(integration.step));
      done.time += integration.duration;
      if (!done.begun) done.begun = integration.start;
      live_.remember(integration);
    }
  }

  void end(ObservationState state, const std::string& reason) {
    record_.state = state;
    record_.reason = reason;
    record_.ended = site_.clock()->now();
    put(store_, record_);
  }

  /// The mount first, then the books; a store that fails as well must not hide why.
  void give_up(ObservationState state, const std::string& reason) noexcept {
    if (mount_) mount_->stop();
    try {
      end(state, reason);
    } catch (const std::exception& error) {
      log(LogLevel::error, "observing",
          "observation " + record_.id + " could not be closed in its store: " + error.what());
    }
    try {
      release();
    } catch (const std::exception& error) {
      log(LogLevel::warning, "observing", std::string("giving back the devices: ") + error.what());
    }
  }

  ObservationResult reduced() {
    try {
      return reduce(store_, record_.id, site_.location());
    } catch (const Error& error) {
      const std::string why = std::string("all of it is stored, but it cannot be reduced: ") + error.what();
      give_up(ObservationState::failed, why);
      throw Error(error.code(), "observation " + record_.id + ": " + why);
    }
  }

  /// Returns what is to be said of those that could not be made: the observation is complete without them.
  std::string make_files(ObservationResult& result) const {
    std::string lacking;
    for (const ProductFile kind : request_.files) {
      const std::string ending(Description<ProductFile>::choices.at(static_cast<std::size_t>(kind)));
      try {
        const auto made = export_observation(store_, record_.id, site_.site(), product_path(ending));
        result.files.insert(result.files.end(), made.begin(), made.end());
      } catch (const std::exception& error) {
        lacking += (lacking.empty() ? "" : "; ") + ("its ." + ending + " could not be made: ") + error.what();
      }
    }
    return lacking;
  }

  /// A name that another observation has already gets the id behind it.
  std::filesystem::path product_path(const std::string& ending) const {
    const std::filesystem::path folder = site_.state_folder() / "products";
    std::filesystem::create_directories(folder);
    const std::string dot = ending == "sigmf" ? ".sigmf-meta" : "." + ending;
    const std::string name = request_.output_filename.empty() ? record_.id : request_.output_filename;
    const std::filesystem::path path = folder / (name + dot);
    return std::filesystem::exists(path) ? folder / (name + "-" + record_.id.substr(0, 8) + dot) : path;
  }

  void work() {
    if (request_.planned_start) wait_for_start();
    check_plan();
    tune(Frequency());
    detail::Collector collector(site_, receiver_,
                                Spectrometer({.channels = request_.channels,
                                              .window = request_.window,
                                              .taps = request_.taps,
                                              .kurtosis = request_.kurtosis}));
    for (std::size_t number = 0; number < record_.steps.size(); ++number) {
      if (number > 0 && record_.steps[number].pass != record_.steps[number - 1].pass && is_good_enough()) break;
      while (!is_done(number)) do_part(collector, number);
      if (number + 1 == record_.steps.size()) add_passes();
    }
    if (mount_) mount_->stop();
    loads_.apply(Phase::sky, stop_);
  }

  /// Before anything moves: whether all that is left of it can be done from here and now; of passes until a noise is
  /// reached those that it is expected to need, or one more.
  void check_plan() const {
    const std::size_t needed = detail::steps_until_rms(site_.site(), request_, record_.steps);
    std::vector<Step> left;
    for (std::size_t number = 0; number < record_.steps.size(); ++number) {
      const Step& step = record_.steps[number];
      // What drifts by once a day waits for its time.
      if (is_done(number) || (step.drift && done_[number].begun)) continue;
      if (number >= needed && !left.empty() && left.back().pass != step.pass) break;
      left.push_back(step);
    }
    ObservationRequest request = request_;
    request.until_rms_k = 0.0;  // what is done already counts for it, and is not left
    const Plan planned = plan(site_, request, left, {.start = site_.clock()->now()});
    if (planned.is_possible()) return;
    std::string why = "observing " + request_.target + ": ";
    for (const std::string& refusal : planned.refusals) why += (why.ends_with(": ") ? "" : "; ") + refusal;
    if (planned.possible_from) why += "; it would work from " + format_time(*planned.possible_from, 0) + " on";
    throw Error(planned.refusal_code, why);
  }

  void wait_for_start() {
    say("waiting for its start", nullptr);
    site_.clock()->sleep_until(*request_.planned_start, stop_);
    check_stop();
  }

  void check_stop() const {
    if (stop_.stop_requested()) throw Error(ErrorCode::cancelled, "observation " + record_.id + ": cancelled");
  }

  Duration slice_of(const Step& step) const {
    // A slice of half an integration or less is not worth one of its own.
    const auto slices = std::max<std::int64_t>(1, (step.duration + request_.integration / 2) / request_.integration);
    return step.duration / slices;
  }

  bool is_done(std::size_t number) const {
    const Step& step = record_.steps[number];
    return done_[number].time >= step.duration - slice_of(step) / 2;
  }

  /// From where the step stands to its end, or to a pause.
  void do_part(detail::Collector& collector, std::size_t number) {
    wait_while_paused();
    const Step& wanted = record_.steps[number];
    StepPart part{.step = wanted, .done = done_[number].time, .begun = done_[number].begun};
    if (const std::string& needed = loads_.target_of(wanted.phase); !needed.empty()) part.step.target = needed;
    say(wanted.label, nullptr);
    collector.rest();
    loads_.apply(wanted.phase, stop_);
    tune(wanted.shift);
    const Time begin = beam_->go_to(part, stop_);
    check_stop();
    collector.start_afresh(begin);
    detail::Recorder recorder(site_, receiver_, record_, number, request_.product);
    live_.begin(number);
    std::function<void(const Spectrum&)> look;
    if (live_.are_wanted()) look = [this](const Spectrum& so_far) { look_at(so_far); };
    try {
      while (!is_done(number) && !options_.control.is_paused()) {
        const Spectrum spectrum = collector.next(slice_of(wanted), stop_, recorder.tap(), look);
        beam_->check_still_there();
        check_holder();
        keep(spectrum, wanted, number);
        recorder.finish_when_long(store_);
      }
    } catch (...) {
      finish_anyway(recorder);
      throw;
    }
    recorder.finish(store_);
    collector.rest();
  }

  /// What was recorded until it was cut short stays; a disk that fails as well must not hide why it was.
  void finish_anyway(detail::Recorder& recorder) const noexcept {
    try {
      recorder.finish(store_);
    } catch (const std::exception& error) {
      log(LogLevel::error, "observing", "observation " + record_.id + ": its last recording is lost: " + error.what());
    }
  }

  void keep(const Spectrum& spectrum, const Step& step, std::size_t number) {
    const bool whole = request_.product != Product::continuum;
    store_.insert(to_integration(whole ? spectrum : detail::band_power(spectrum), record_.id, sequence_, step,
                                 static_cast<std::int64_t>(number)));
    Done& done = done_[number];
    done.time += std::max(spectrum.duration, Duration(1));
    if (!done.begun) done.begun = spectrum.start;
    samples_lost_ += spectrum.samples_lost;
    phase_ = step.phase;
    under_way_ = nullptr;
    live_.keep(spectrum, sequence_);
    say(step.label, &spectrum);
    ++sequence_;
  }

  void look_at(const Spectrum& so_far) {
    under_way_ = &so_far;
    live_.see(so_far);
    under_way_ = nullptr;
  }

  /// Who watches is told with how far the observation is.
  void show(const LiveSpectrum& seen) const {
    LiveSpectrum live = seen;
    Progress progress = progress_at(seen.stage);
    progress.phase = seen.phase;
    live.fraction = progress.fraction;
    live.left = progress.left;
    live.samples_lost = progress.samples_lost;
    progress.live = &live;
    options_.progress(progress);
  }

  /// Who takes a device over is named to whoever had it.
  void check_holder() const {
    const auto check = [&](const DeviceHandle& device) {
      const auto holder = device.holder();
      if (!holder || holder->issuer == issuer_) return;
      throw Error(ErrorCode::not_holder,
                  "observation " + record_.id + ": '" + device.name() + "' was taken over by " + holder->issuer.name);
    };
    check(receiver_);
    if (mount_) check(*mount_);
  }

  void wait_while_paused() {
    if (!options_.control.is_paused()) return;
    say("paused", nullptr);
    while (options_.control.is_paused()) {
      check_stop();
      beam_->stay();
      std::this_thread::sleep_for(50ms);
    }
  }

  bool is_good_enough() const {
    if (request_.until_rms_k <= 0.0) return false;
    const ObservationResult so_far = reduce(store_, record_.id, site_.location());
    if (so_far.spectrum.axis.channels == 0 || so_far.peak.rms_k <= 0.0) return false;
    return noise_of_each_place(so_far) < request_.until_rms_k;
  }

  /// The average over a map is less noisy than the map.
  double noise_of_each_place(const ObservationResult& result) const {
    const Mode mode = request_.mode;
    const bool moves = detail::scans(mode);
    if (!moves && mode != Mode::raster && mode != Mode::points && mode != Mode::tipping) return result.peak.rms_k;
    double places = 0.0;
    for (const Step& step : record_.steps) {
      if (step.pass != 0 || step.phase != Phase::sky) continue;
      places += moves ? std::max(1.0, seconds(step.duration) / seconds(request_.integration)) : 1.0;
    }
    return result.peak.rms_k * std::sqrt(std::max(places, 1.0));
  }

  /// Empty: as little as was asked for, or nobody asked.
  std::string noise_left(const ObservationResult& result) const {
    if (request_.until_rms_k <= 0.0 || result.spectrum.axis.channels == 0) return {};
    const double noise_k = noise_of_each_place(result);
    if (noise_k < request_.until_rms_k) return {};
    return "its noise is " + text::of(std::round(1e4 * noise_k) / 1e4) + " K after all passes, not below the " +
           text::of(request_.until_rms_k) + " K of `until_rms`; a larger `repeat` allows for more";
  }

  /// The last pass again, as often as somebody wished meanwhile.
  void add_passes() {
    const std::int64_t wanted = options_.control.passes_to_add();
    if (added_ >= wanted) return;
    const std::int64_t last = record_.steps.back().pass;
    std::vector<Step> pass;
    std::ranges::copy_if(record_.steps, std::back_inserter(pass), [&](const Step& step) {
      return step.pass == last && (step.phase == Phase::sky || step.phase == Phase::reference);
    });
    if (pass.empty()) return;
    const std::int64_t scans = pass.back().scan - pass.front().scan + 1;
    for (; added_ < wanted; ++added_) {
      for (Step& step : pass) {
        ++step.pass;
        step.scan += scans;
        record_.steps.push_back(step);
      }
    }
    done_.resize(record_.steps.size());
    put(store_, record_);
    take();
  }

  void tune(Frequency shift) {
    const Frequency wanted = request_.center_frequency + shift;
    if (tuned_ == wanted) return;
    const Tuning taken = receiver_.tune({.frequency = wanted,
                                         .sample_rate = request_.bandwidth,
                                         .gain_db = request_.gain_db,
                                         .options = request_.receiver_options});
    if (const double off = std::abs((taken.frequency - wanted).hertz()); off > 0.1 * taken.sample_rate.hertz()) {
      throw Error(ErrorCode::out_of_limits, "observing: receiver '" + receiver_.name() + "' was asked for " +
                                                std::to_string(wanted.megahertz()) + " MHz and took " +
                                                std::to_string(taken.frequency.megahertz()) + " MHz");
    }
    tuned_ = wanted;
  }

  void say(const std::string& stage, const Spectrum* latest) const {
    if (!options_.progress) return;
    Progress progress = progress_at(stage);
    if (latest != nullptr) progress.stored = sequence_;
    progress.latest = latest;
    options_.progress(progress);
  }

  Progress progress_at(const std::string& stage) const {
    const Duration all = total();
    Duration done{};
    for (const Done& each : done_) done += each.time;
    if (under_way_ != nullptr) done += under_way_->duration;
    if (stage == "done") done = all;  // what is left over of slices is nobody's concern
    Progress progress{.observation_id = record_.id,
                      .stage = stage,
                      .fraction = std::clamp(seconds(done) / std::max(seconds(all), 1e-9), 0.0, 1.0),
                      .left = std::max(all - done, Duration{}),
                      .phase = phase_,
                      .mount = {},
                      .samples_lost = samples_lost_};
    if (under_way_ != nullptr) progress.samples_lost += under_way_->samples_lost;
    if (mount_) progress.mount = mount_->status();
    return progress;
  }

  const Observatory& site_;
  Observation record_;
  const ObservationRequest request_;
  const ObserveOptions& options_;
  std::stop_token stop_;
  Running running_;
  Issuer issuer_;
  ReceiverHandle receiver_;
  StoreHandle store_;
  detail::Loads loads_;
  std::optional<MountHandle> mount_;
  std::optional<detail::Beam> beam_;
  std::optional<Frequency> tuned_;
  std::vector<Done> done_;
  std::int64_t sequence_ = 0;
  std::int64_t added_ = 0;
  std::uint64_t samples_lost_ = 0;
  Phase phase_ = Phase::sky;
  const Spectrum* under_way_ = nullptr;
  detail::LiveSpectra live_;
};

/// All that is commanded for it is part of one trace.
ObservationResult traced(const Observatory& site, Observation record, const ObserveOptions& options) {
  Span span("observe");
  span.set("astro.observation_id", record.id);
  const TraceScope scope(span.context());
  try {
    return Run(site, std::move(record), options)();
  } catch (const Error& error) {
    span.end(error.what());
    throw;
  }
}

}  // namespace

ObservationResult observe(const Observatory& site, const ObservationRequest& request, const ObserveOptions& options) {
  return observe(site, request, steps_of(request), options);
}

ObservationResult observe(const Observatory& site, const ObservationRequest& request, std::vector<Step> steps,
                          const ObserveOptions& options) {
  if (steps.empty()) throw Error(ErrorCode::invalid_argument, "observing: there are no steps to be done");
  Observation record;
  record.id = new_id();
  record.request = request;
  record.steps = std::move(steps);
  record.created = site.clock()->now();
  record.software = std::string("libastro ") + version;
  record.site = site.site().name;
  return traced(site, std::move(record), options);
}

ObservationResult resume(const Observatory& site, const std::string& store, const std::string& observation_id,
                         const ObserveOptions& options) {
  const auto found = site.store(store).find<Observation>({.where = {{.field = "id", .value = observation_id}}});
  if (found.empty())
    throw Error(ErrorCode::not_found, "resuming: store '" + store + "' has no observation '" + observation_id + "'");
  if (found.front().state == ObservationState::completed) {
    throw Error(ErrorCode::invalid_argument, "resuming: observation '" + observation_id + "' is complete");
  }
  Observation record = found.front();
  record.request.store = store;
  return traced(site, std::move(record), options);
}

}  // namespace astro
