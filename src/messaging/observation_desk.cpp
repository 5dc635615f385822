// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/observation_desk.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/observing/plan.hpp"
#include "messaging/host_name.hpp"
#include "messaging/wire.hpp"
#include "observing/devices.hpp"

namespace astro::messaging {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_observations_waiting = 1000;  // observations
constexpr std::size_t longest_observation_id = 200;      // the tables that keep it have room for 255
constexpr auto between_progress = 500ms;                 // in real time, of acknowledgments

/// What the site can bring to kelvin with; nothing, where it describes nothing.
CalibrationKind calibration_for(const Site& site, const std::string& receiver) {
  const auto section = detail::calibration_of(site, receiver);
  for (const CalibrationKind kind : {CalibrationKind::loads, CalibrationKind::noise_diode}) {
    try {
      detail::check_calibration(section, kind, receiver);
      return kind;
    } catch (const Error&) {  // then the other one
    }
  }
  return CalibrationKind::none;
}

/// Each gain goes to the element of its name. A receiver that has no such element has one gain, which is `rf_gain`. Who
/// asks for none has zeros everywhere: it stays as it is set.
void set_gains(ObservationRequest& request, const ObservationBase& asked, const ReceiverDescription& can) {
  const std::array gains{std::pair{"rf_gain", asked.rf_gain}, std::pair{"if_gain", asked.if_gain},
                         std::pair{"bb_gain", asked.bb_gain}};
  if (std::ranges::all_of(gains, [](const auto& gain) { return gain.second == 0.0; })) return;
  for (const auto& [name, gain_db] : gains) {
    if (std::ranges::find(can.options, name, &Field::name) != can.options.end()) {
      request.receiver_options.set(name, gain_db);
    } else if (std::string_view(name) == "rf_gain") {
      request.gain_db = gain_db;
    } else if (gain_db != 0.0) {
      log(LogLevel::warning, TelescopeSender::source,
          std::string(name) + " is passed by: receiver '" + request.receiver + "' has no gain of its own there");
    }
  }
}

Bytes payload_of(const std::vector<float>& numbers) {
  Bytes bytes(numbers.size() * sizeof(float));
  if (!bytes.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

/// An integration as its message: the observation is the control room's, the id of the row is ours.
TelescopeData data_of(const Progress& progress, const std::string& observation_id, std::int64_t sequence) {
  const Spectrum& spectrum = *progress.latest;
  const std::string phase(Description<Phase>::choices.at(static_cast<std::size_t>(progress.phase)));
  return {.data_id = progress.observation_id + "." + std::to_string(progress.stored),
          .observation_id = observation_id,
          .sequence_number = sequence,
          .timestamp = milliseconds_of(spectrum.mid),
          .data_payload = payload_of(spectrum.power),
          .media_type = "application/octet-stream; content=spectrum; phase=" + phase,
          .dtype = "<f4",
          .shape = "[" + std::to_string(spectrum.power.size()) + "]",
          .axis = to_json(to_value(spectrum.axis).set("name", "frequency")),
          .unit = "arbitrary"};
}

}  // namespace

struct ObservationDesk::Job {
  Running execution;
  ObservationRequest request;
  std::string observation_id;  ///< as the control room calls it; empty: as we do
  ObservationControl control;
  Time completion{};
};

/// What was told of an observation so far.
struct ObservationDesk::Sent {
  std::int64_t spectra = 0;
  std::chrono::steady_clock::time_point progress{};
};

ObservationDesk::ObservationDesk(const Observatory& site, const TelescopeSection& section, TelescopeSender& sender)
    : site_(site), section_(section), sender_(sender) {}

ObservationDesk::~ObservationDesk() {
  end();
  wait();
}

void ObservationDesk::start() {
  thread_ = std::thread([this] { run(); });
}

void ObservationDesk::end() {
  const std::lock_guard lock(mutex_);
  is_ending_ = true;
  if (current_) current_->control.cancel();
  wake_.notify_all();
}

void ObservationDesk::wait() {
  if (thread_.joinable()) thread_.join();
}

std::string ObservationDesk::current() const {
  const std::lock_guard lock(mutex_);
  return current_ ? current_->observation_id : "";
}

std::optional<Time> ObservationDesk::completion_of(const std::string& command_id) const {
  const std::lock_guard lock(mutex_);
  const bool is_current = current_ && current_->execution->command().id == command_id;
  return is_current && current_->completion != Time{} ? std::optional(current_->completion) : std::nullopt;
}

void ObservationDesk::add(const TelescopeCommand& message, const Running& execution) {
  if (!message.observation_request) {
    throw Error(ErrorCode::invalid_argument,
                "command " + message.command_id + " starts an observation and has no observation_request");
  }
  const ObservationBase& asked = *message.observation_request;
  const auto job = std::make_shared<Job>();
  job->execution = execution;
  job->observation_id = asked.observation_id.empty() && asked.id ? std::to_string(*asked.id) : asked.observation_id;
  if (job->observation_id.size() > longest_observation_id) {
    throw Error(ErrorCode::invalid_argument, "command " + message.command_id + ": its observation_id has " +
                                                 std::to_string(job->observation_id.size()) +
                                                 " bytes; expected at most 200");
  }
  job->request = request_of(asked);
  job->request.receiver = detail::device_of(site_.site(), DeviceKind::receiver, section_.receiver).name;
  job->request.store = detail::device_of(site_.site(), DeviceKind::store, section_.store).name;
  set_gains(job->request, asked, site_.receiver(job->request.receiver).description());
  job->request.channels = section_.channels;
  job->request.integration = section_.integration;
  if (job->request.mode != Mode::loads) {
    job->request.calibration_time = section_.calibration_time;
    job->request.calibration = calibration_for(site_.site(), job->request.receiver);
  }
  (void)plan(site_, job->request, PlanOptions{.start = site_.clock()->now(), .look_ahead = false});
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= most_observations_waiting) {
    throw Error(ErrorCode::busy, "command " + message.command_id + ": " + std::to_string(waiting_.size()) +
                                     " observations wait already; ask again when some are done");
  }
  waiting_.push_back(job);
  wake_.notify_all();
}

void ObservationDesk::cancel(const TelescopeCommand& message, const Running& execution) {
  const std::string parent = message.parent_id.value_or("");
  std::string id;
  if (message.observation_request) {
    id = message.observation_request->observation_id;
    if (id.empty() && message.observation_request->id) id = std::to_string(*message.observation_request->id);
  }
  const auto is_meant = [&](const std::shared_ptr<Job>& job) {
    return (!id.empty() && job->observation_id == id) || (!parent.empty() && job->execution->command().id == parent);
  };
  std::shared_ptr<Job> found;
  bool is_running = false;
  {
    const std::lock_guard lock(mutex_);
    is_running = current_ && is_meant(current_);
    if (is_running) found = current_;
    const auto at = std::ranges::find_if(waiting_, is_meant);
    if (!found && at != waiting_.end()) {
      found = *at;
      waiting_.erase(at);
    }
  }
  if (!found) {
    throw Error(ErrorCode::not_found, "cancelling observation '" + (id.empty() ? parent : id) +
                                          "': it neither runs nor waits; say its observation_id, or the id of the "
                                          "command that asked for it as parent_id");
  }
  found->control.cancel();
  if (!is_running) found->execution->fail(Error(ErrorCode::cancelled, "cancelled before it began"));
  execution->succeed(is_running ? "it is being ended" : "it had not begun");
}

void ObservationDesk::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
    if (is_ending_) return;
    current_ = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    observe_one(*current_);
    lock.lock();
    current_.reset();
  }
}

void ObservationDesk::observe_one(Job& job) {
  const Time expires = job.execution->command().expires;
  if (expires != Time{} && site_.clock()->now() >= expires) {
    return job.execution->time_out("it expired at " + format_time(expires) + ", while others were observed before it");
  }
  Sent sent;
  ObserveOptions options;
  options.control = job.control;
  options.progress = [&](const Progress& progress) { progressed(job, progress, sent); };
  {
    const std::lock_guard lock(mutex_);
    job.completion = site_.clock()->now() + integration_time_of(job.request);
  }
  job.execution->start();
  try {
    const ObservationResult result = observe(site_, job.request, options);
    Value details;
    List findings;
    for (const Finding& finding : result.findings) findings.push_back(to_value(finding));
    List files;
    for (const auto& file : result.files) files.emplace_back("file://" + host_name() + file.string());
    details.set("observation", result.observation.id).set("store", job.request.store);
    details.set("topic", "telescope.data").set("key", job.observation_id).set("spectra", sent.spectra);
    details.set("files", std::move(files)).set("findings", std::move(findings));
    std::string message = std::to_string(sent.spectra) + " spectra are on telescope.data under '" + job.observation_id +
                          "', and in store '" + job.request.store + "' as observation " + result.observation.id;
    if (!result.observation.reason.empty()) message += "; " + result.observation.reason;
    job.execution->succeed(std::move(message), std::move(details));
  } catch (const Error& error) {
    job.execution->fail(error);
  } catch (const std::exception& error) {
    job.execution->fail(Error(ErrorCode::internal, error.what()));
  }
}

void ObservationDesk::progressed(Job& job, const Progress& progress, Sent& sent) {
  {
    const std::lock_guard lock(mutex_);
    if (job.observation_id.empty()) job.observation_id = progress.observation_id;
    job.completion = site_.clock()->now() + progress.left;
  }
  if (progress.latest != nullptr) sender_.send(data_of(progress, job.observation_id, sent.spectra++));
  const auto now = std::chrono::steady_clock::now();
  if (progress.stage == "done" || (progress.latest != nullptr && now - sent.progress < between_progress)) return;
  sent.progress = now;
  job.execution->progress(100.0 * progress.fraction, progress.stage);
}

}  // namespace astro::messaging
