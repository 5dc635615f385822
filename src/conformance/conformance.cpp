// SPDX-License-Identifier: BSD-3-Clause
#include "astro/conformance.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "apart_process.hpp"
#include "apart_wire.hpp"
#include "astro/detail/conformance.hpp"
#include "conformance/child.hpp"
#include "conformance/trial.hpp"
#include "state_folder.hpp"
#include "steady.hpp"
#include "text.hpp"

namespace astro {

namespace conformance {

std::vector<Check> checks_of(DeviceKind kind) {
  std::vector<Check> all = driver_checks();
  const auto add = [&](std::vector<Check> more) { all.insert(all.end(), more.begin(), more.end()); };
  const bool stops = kind == DeviceKind::mount || kind == DeviceKind::receiver || kind == DeviceKind::controller;
  if (stops) add(device_checks());
  switch (kind) {
    case DeviceKind::mount:
      add(mount_checks());
      break;
    case DeviceKind::receiver:
      add(receiver_checks());
      break;
    case DeviceKind::controller:
      add(controller_checks());
      break;
    case DeviceKind::transport:
      add(transport_checks());
      break;
    case DeviceKind::store:
      add(store_checks());
      break;
  }
  return all;
}

namespace {

/// The check that is meant for a symptom, or an empty text.
std::string owner_of(const std::string& symptom, DeviceKind kind) {
  if (symptom == Symptom::crash) return "D-08";
  if (symptom == Symptom::alien) return "D-07";
  if (symptom == Symptom::not_open) return "D-02";
  if (symptom == Symptom::not_again) return "D-05";
  if (!symptom.starts_with(Symptom::hang)) return "";
  const std::string hook = symptom.substr(std::string(Symptom::hang).size());
  if (hook == "open" || hook == "close") return "D-03";
  if (kind == DeviceKind::transport || kind == DeviceKind::store) return "";
  if (hook == "stop") return "D-23";
  return hook == "fill" ? "R-06" : "D-21";
}

/// What a crash printed last, for the message.
std::string joined(const std::deque<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += (all.empty() ? "; it printed: " : " | ") + line;
  return all;
}

class Run {
 public:
  Run(const ConformanceSubject& subject, const ConformanceOptions& options, Registry& registry)
      : subject_(subject), options_(options), registry_(registry) {
    const Site site = site_of(subject, registry);
    const DeviceEntry& entry = find_entry(site, subject.device);
    const DriverDescription driver = registry.find(entry.kind, entry.driver);
    kind_ = entry.kind;
    report_ = {.driver = entry.driver,
               .kind = std::string(to_string(entry.kind)),
               .plugin = driver.plugin,
               .version = driver.version,
               .runs = place_of(entry, driver)};
    for (const Check& check : checks_of(kind_)) checks_.push_back(check.what);
    for (const auto& ids : {options.only, options.except}) {
      for (const std::string& id : ids) check_known(id);
    }
  }

  ConformanceReport run() {
    const std::set<std::string> only(options_.only.begin(), options_.only.end());
    for (const ConformanceCheck& check : checks_) {
      if (!only.empty() && !only.contains(check.id)) continue;
      report_.results.push_back(result_of(check));
      if (options_.told) options_.told(report_.results.back());
    }
    return std::move(report_);
  }

 private:
  void check_known(const std::string& id) const {
    if (std::ranges::find(checks_, id, &ConformanceCheck::id) != checks_.end()) return;
    std::vector<std::string> known;
    for (const ConformanceCheck& check : checks_) known.push_back(check.id);
    throw Error(ErrorCode::not_found,
                "a " + report_.kind + " has no check " + text::quoted(id) + "; `astro conform --list` names all");
  }

  CheckResult result_of(const ConformanceCheck& check) {
    CheckResult result{.id = check.id, .header = check.header, .promise = check.promise};
    if (std::ranges::find(options_.except, check.id) != options_.except.end()) {
      result.verdict = Verdict::left_out;
      return result;
    }
    const Answer& answer = answer_to(check.id);
    result.verdict = answer.verdict;
    result.message = answer.message;
    result.took = took_.at(check.id);
    const std::string owner = owner_of(answer.symptom, kind_);
    if (!owner.empty() && owner != check.id && answer_to(owner).verdict == Verdict::failed) {
      result.verdict = Verdict::blocked;
      result.message = "see " + owner + ": " + result.message;
    }
    return result;
  }

  const Answer& answer_to(const std::string& id) {
    const auto known = answers_.find(id);
    if (known != answers_.end()) return known->second;
    const auto began = detail::Steady::now();
    Answer answer = ask(id);
    took_[id] = detail::Steady::now() - began;
    return answers_.emplace(id, std::move(answer)).first->second;
  }

  Value request(const std::string& id, const std::filesystem::path& state) const {
    List folders;
    for (const auto& folder : registry_.plugin_folders()) folders.emplace_back(folder.string());
    Value made;
    made.set("site", subject_.site).set("file", subject_.file.string()).set("device", subject_.device);
    made.set("check", id).set("state", state.string()).set("folders", std::move(folders));
    return made;
  }

  Answer ask(const std::string& id) const {
    const detail::StateFolder state({});
    detail::Program program = detail::driver_program();
    program.environment.emplace_back(detail::conformance_variable, "1");
    detail::Process process(program);
    process.calls.send(request(id, state.path()));
    std::deque<std::string> printed;
    const auto keep = [&](const std::string& line) {
      constexpr std::size_t most = 3;
      printed.push_back(line);
      if (printed.size() > most) printed.pop_front();
    };
    const auto end = detail::after(options_.at_most);
    while (detail::Steady::now() < end) {
      wait_for(process);
      process.read_output(keep);
      try {
        if (const auto packet = process.calls.receive()) return answer_of(packet->value);
      } catch (const detail::Broken&) {
        const std::string how = process.end(std::chrono::seconds(5));
        process.read_output(keep);
        return {Verdict::failed, "the driver's process ended by " + how + joined(printed), Symptom::crash};
      }
    }
    process.kill();
    return {Verdict::failed, "it did not end within " + shown(seconds(options_.at_most)) + " s", ""};
  }

  static void wait_for(const detail::Process& process) {
    constexpr int slice_ms = 200;
    pollfd files[] = {{process.calls.number(), POLLIN, 0}, {process.output(), POLLIN, 0}};
    ::poll(files, 2, slice_ms);
  }

  const ConformanceSubject& subject_;
  const ConformanceOptions& options_;
  Registry& registry_;
  DeviceKind kind_ = DeviceKind::mount;
  std::vector<ConformanceCheck> checks_;
  std::map<std::string, Answer> answers_;
  std::map<std::string, Duration> took_;
  ConformanceReport report_;
};

}  // namespace

}  // namespace conformance

std::size_t ConformanceReport::count(Verdict verdict) const noexcept {
  return static_cast<std::size_t>(std::ranges::count(results, verdict, &CheckResult::verdict));
}

std::vector<ConformanceCheck> conformance_checks(DeviceKind kind) {
  std::vector<ConformanceCheck> all;
  for (const conformance::Check& check : conformance::checks_of(kind)) all.push_back(check.what);
  return all;
}

ConformanceSubject conformance_subject(DeviceKind kind, const std::string& driver,
                                       const std::vector<std::pair<std::string, std::string>>& settings) {
  std::string site = "site: {name: conformance, latitude: 50 deg, longitude: 10 deg, height: 100 m}\n" +
                     std::string(to_string(kind)) + "s:\n  device:\n    driver: " + text::quoted(driver) + '\n';
  for (const auto& [key, value] : settings) site += "    " + key + ": " + value + '\n';
  return {.site = std::move(site), .file = {}, .device = "device"};
}

ConformanceReport run_conformance(const ConformanceSubject& subject, const ConformanceOptions& options) {
  return conformance::Run(subject, options, Registry::shared()).run();
}

}  // namespace astro
