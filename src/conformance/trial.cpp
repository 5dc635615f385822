// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/trial.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "placement.hpp"

namespace astro::conformance {

void require(bool is_kept, const std::string& how) {
  if (!is_kept) broke(how);
}

void broke(const std::string& how) { throw Broke{how}; }

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

Site site_of(const ConformanceSubject& subject, Registry& registry) {
  if (subject.site.empty()) return load_site(subject.file, {}, registry);
  return parse_site(subject.site, {}, registry, subject.file);
}

const DeviceEntry& find_entry(const Site& site, const std::string& device) {
  for (const DeviceEntry& entry : site.devices) {
    if (entry.name == device) return entry;
  }
  std::vector<std::string> known;
  for (const DeviceEntry& entry : site.devices) known.push_back(entry.name);
  const std::string near = nearest(device, known);
  throw Error(ErrorCode::not_found,
              "the site has no device \"" + device + '"' + (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
}

std::string place_of(const DeviceEntry& entry, const DriverDescription& registered) {
  if (!entry.node.empty()) return "node " + entry.node;
  if (registered.plugin.empty()) return "apart";  // a program's of its own, Python's for one
  const Value* runs = entry.settings.find(detail::runs_key);
  return runs == nullptr ? "here" : runs->as_text();
}

namespace {

constexpr Duration of_services = std::chrono::minutes(1);  // transports and stores have their own time-outs

std::string made_nonce() {
  static std::atomic<int> count = 0;
  const auto now = std::chrono::system_clock::now().time_since_epoch() / std::chrono::microseconds(1);
  return "c" + std::to_string(now) + "_" + std::to_string(::getpid()) + "_" + std::to_string(++count);
}

Duration bound_of(const DriverDescription& of, Duration MountDescription::*mount,
                  Duration ReceiverDescription::*receiver, Duration ControllerDescription::*controller) {
  switch (of.kind) {
    case DeviceKind::mount:
      return of.mount.*mount;
    case DeviceKind::receiver:
      return of.receiver.*receiver;
    case DeviceKind::controller:
      return of.controller.*controller;
    default:
      return of_services;
  }
}

}  // namespace

Trial::Trial(Registry& registry, const ConformanceSubject& subject, std::filesystem::path state_folder,
             Watch::Overrun hangs)
    : registry_(registry),
      site_(site_of(subject, registry)),
      entry_(&find_entry(site_, subject.device)),
      registered_(registry.find(entry_->kind, entry_->driver)),
      watch_(std::move(hangs)),
      nonce_(made_nonce()) {
  surroundings_.device = entry_->name;
  surroundings_.observatory = site_.slug();
  surroundings_.location = site_.location;
  surroundings_.mount = entry_->mount;
  surroundings_.clock = site_.clock_start ? Clock::simulated(*site_.clock_start, site_.clock_speed) : Clock::system();
  surroundings_.state_folder = std::move(state_folder);
  if (!entry_->twin_of.empty()) {
    surroundings_.twin_of = std::make_shared<const DriverDescription>(registry.find(entry_->kind, entry_->twin_of));
  }
  if (is_on_node()) open_transports();
  open_beside();
}

/// Drivers of one plugin may meet in a process, as who watches a mount's motors and the mount.
void Trial::open_beside() {
  if (place_of(*entry_, registered_) != "here") return;
  for (const Field& field : registered_.settings.fields) {
    const Value* name = field.names.empty() ? nullptr : entry_->settings.find(field.name);
    if (name == nullptr || name->is_null() || name->as_text().empty()) continue;
    const DeviceEntry& other = find_entry(site_, name->as_text());
    const DriverDescription driver = registry_.find(other.kind, other.driver);
    if (driver.plugin != registered_.plugin || place_of(other, driver) != "here") continue;
    Surroundings around = surroundings_;
    around.device = other.name;
    around.mount = other.mount;
    ListeningHost& host = hosts_.emplace_back(std::move(around), driver);
    host.set_open(true);
    beside_.push_back(detail::make_placed(registry_, driver, other));
    beside_.back()->open(host);
  }
}

void Trial::open_transports() {
  for (const DeviceEntry& entry : site_.devices) {
    if (entry.kind != DeviceKind::transport) continue;
    std::shared_ptr<Driver> driver =
        detail::make_placed(registry_, registry_.find(DeviceKind::transport, entry.driver), entry);
    driver->open(new_host());
    surroundings_.transports.push_back(std::dynamic_pointer_cast<Transport>(driver));
  }
}

std::unique_ptr<Driver> Trial::make() {
  std::unique_ptr<Driver> made = detail::make_placed(registry_, registered_, *entry_);
  opened_.erase(made.get());  // one that was at this address
  return made;
}

ListeningHost& Trial::new_host() { return hosts_.emplace_back(surroundings_, registered_); }

Duration Trial::hook_bound(const ListeningHost& host) const {
  return bound_of(host.description(), &MountDescription::hook_bound, &ReceiverDescription::hook_bound,
                  &ControllerDescription::hook_bound);
}

Duration Trial::open_bound(const ListeningHost& host) const {
  return bound_of(host.description(), &MountDescription::open_bound, &ReceiverDescription::open_bound,
                  &ControllerDescription::open_bound);
}

void Trial::open(Driver& driver, ListeningHost& host) {
  const bool is_first = opened_.insert(&driver).second;
  host.set_open(true);
  try {
    call("open", open_bound(host), [&] { driver.open(host); });
  } catch (const Error& error) {
    host.set_open(false);
    throw DidNotOpen{error.what(), !is_first};
  }
  if (!is_on_node()) return;
  try {
    wait_until_heard(driver);
  } catch (...) {
    close(driver, host);
    throw;
  }
}

/// Who opens a site does not wait for its nodes; what a device says comes when its node is heard.
void Trial::wait_until_heard(Driver& driver) {
  constexpr auto patience = std::chrono::seconds(30);
  const auto end = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      if (auto* mount = dynamic_cast<Mount*>(&driver)) (void)mount->status();
      if (auto* controller = dynamic_cast<Controller*>(&driver)) controller->poll();
      return;
    } catch (const Error& error) {
      if (std::chrono::steady_clock::now() > end) throw DidNotOpen{error.what()};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void Trial::close(Driver& driver, ListeningHost& host) {
  call("close", open_bound(host), [&] { driver.close(); });
  host.set_open(false);
}

void Trial::exercise(Driver& driver, ListeningHost& host) {
  switch (registered_.kind) {
    case DeviceKind::mount:
      return exercise_mount(*this, dynamic_cast<Mount&>(driver), host);
    case DeviceKind::receiver:
      return exercise_receiver(*this, dynamic_cast<Receiver&>(driver), host);
    case DeviceKind::controller:
      return exercise_controller(*this, dynamic_cast<Controller&>(driver), host);
    case DeviceKind::transport:
      return exercise_transport(*this, dynamic_cast<Transport&>(driver));
    case DeviceKind::store:
      return exercise_store(*this, dynamic_cast<Store&>(driver));
  }
}

}  // namespace astro::conformance
