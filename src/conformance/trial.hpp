// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "astro/conformance.hpp"
#include "astro/error.hpp"
#include "astro/site.hpp"
#include "astro/store.hpp"
#include "astro/transport.hpp"
#include "conformance/listening_host.hpp"
#include "conformance/watch.hpp"

namespace astro::conformance {

/// The promise is not kept.
struct Broke {
  std::string how;
};
/// The driver does not do this, and says so.
struct NotOffered {
  std::string why;
};
/// A hook threw what is no std::exception.
struct Alien {
  std::string hook;
};
/// `open` threw, so that nothing can be tried.
struct DidNotOpen {
  std::string why;
  bool was_open_before = false;
};

void require(bool is_kept, const std::string& how);
[[noreturn]] void broke(const std::string& how);

/// "1.5", "0.03"
std::string shown(double value);

/// Throws `SiteError`.
Site site_of(const ConformanceSubject& subject, Registry& registry);
/// Throws `not_found`.
const DeviceEntry& find_entry(const Site& site, const std::string& device);
/// "here", "apart", "node NAME".
std::string place_of(const DeviceEntry& entry, const DriverDescription& registered);

/// What a check works with: the driver of the subject, made as often as it likes.
class Trial final {
 public:
  Trial(Registry& registry, const ConformanceSubject& subject, std::filesystem::path state_folder,
        Watch::Overrun hangs);

  const DriverDescription& registered() const { return registered_; }
  const DeviceEntry& entry() const { return *entry_; }
  const Site& site() const { return site_; }
  const Clock& clock() const { return *surroundings_.clock; }
  Watch& watch() { return watch_; }
  const std::filesystem::path& state_folder() const { return surroundings_.state_folder; }
  /// It belongs to the node, which others may use as well.
  bool is_on_node() const { return !entry_->node.empty(); }

  std::unique_ptr<Driver> make();
  /// One for each time that a driver is open. It lives as long as the trial.
  ListeningHost& new_host();

  /// Calls a hook: watched, and whatever it throws becomes an Error that names it.
  template <class Function>
  auto call(const char* hook, Duration bound, Function&& function);

  void open(Driver& driver, ListeningHost& host);
  void close(Driver& driver, ListeningHost& host);
  Duration hook_bound(const ListeningHost& host) const;
  Duration open_bound(const ListeningHost& host) const;

  /// By the observatory's clock.
  void wait(Duration time) const { clock().sleep_for(time); }

  /// Uses each ordinary hook a little, and leaves the device stopped.
  void exercise(Driver& driver, ListeningHost& host);

  /// A word that no other trial has used: for topics and tables.
  const std::string& nonce() const { return nonce_; }

 private:
  void open_transports();
  void open_beside();
  void wait_until_heard(Driver& driver);

  Registry& registry_;
  Site site_;
  const DeviceEntry* entry_ = nullptr;
  DriverDescription registered_;
  Surroundings surroundings_;
  std::deque<ListeningHost> hosts_;
  std::vector<std::unique_ptr<Driver>> beside_;  ///< what the subject's settings name
  std::set<const Driver*> opened_;
  Watch watch_;
  std::string nonce_;
};

/// An open driver.
template <class Interface>
class Opened {
 public:
  explicit Opened(Trial& trial) : Opened(trial, trial.new_host()) {}
  Opened(Trial& trial, ListeningHost& host) : trial_(trial), host_(host), driver_(trial.make()) {
    typed_ = dynamic_cast<Interface*>(driver_.get());
    if (typed_ == nullptr) broke("the registry's factory makes another kind of driver than was registered");
    trial_.open(*driver_, host_);
    is_open_ = true;
  }
  ~Opened() {
    if (is_open_) trial_.close(*driver_, host_);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

  template <class Result, class... Wanted, class... Given>
  Result call(const char* hook, Result (Interface::*function)(Wanted...), Given&&... given) {
    return trial_.call(hook, trial_.hook_bound(host_),
                       [&] { return (typed_->*function)(std::forward<Given>(given)...); });
  }
  /// The error that it ends with.
  template <class Function>
  Error error_of(const char* hook, Function&& function) {
    try {
      trial_.call(hook, trial_.hook_bound(host_), function);
    } catch (const Error& error) {
      return error;
    }
    broke(std::string(hook) + " succeeded, where it has to throw");
  }
  void stop() {
    trial_.call("stop", stop_bound, [&] { typed_->stop(); });
  }
  void close() {
    is_open_ = false;
    trial_.close(*driver_, host_);
  }
  void open_again() {
    trial_.open(*driver_, host_);
    is_open_ = true;
  }

  Trial& trial() { return trial_; }
  ListeningHost& host() { return host_; }
  Interface& driver() { return *typed_; }
  Interface* operator->() { return typed_; }

  static constexpr Duration stop_bound = std::chrono::seconds(1);

 private:
  Trial& trial_;
  ListeningHost& host_;
  std::unique_ptr<Driver> driver_;
  Interface* typed_ = nullptr;
  bool is_open_ = false;
};

template <class Function>
auto Trial::call(const char* hook, Duration bound, Function&& function) {
  const Watch::Scope scope(watch_, hook, bound);
  try {
    return function();
  } catch (const Broke&) {
    throw;
  } catch (const NotOffered&) {
    throw;
  } catch (const Error& error) {
    throw error.at(hook);
  } catch (const std::exception& error) {
    throw Error(ErrorCode::device_fault, std::string(hook) + ": " + error.what());
  } catch (...) {
    throw Alien{hook};
  }
}

/// A check and what carries it out.
struct Check {
  ConformanceCheck what;
  void (*run)(Trial&);
};

std::vector<Check> driver_checks();  ///< of any kind
std::vector<Check> device_checks();  ///< of what can be stopped
std::vector<Check> mount_checks();
std::vector<Check> receiver_checks();
std::vector<Check> controller_checks();
std::vector<Check> transport_checks();
std::vector<Check> store_checks();
std::vector<Check> checks_of(DeviceKind kind);

// What `Trial::exercise` does with each kind.
void exercise_mount(Trial& trial, Mount& mount, ListeningHost& host);
void exercise_receiver(Trial& trial, Receiver& receiver, ListeningHost& host);
void exercise_controller(Trial& trial, Controller& controller, ListeningHost& host);
void exercise_transport(Trial& trial, Transport& transport);
void exercise_store(Trial& trial, Store& store);

}  // namespace astro::conformance
