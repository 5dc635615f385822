// SPDX-License-Identifier: BSD-3-Clause
// What holds for all drivers, and for all that can be stopped.
#include <malloc.h>

#include <atomic>
#include <future>
#include <thread>

#include "conformance/trial.hpp"

namespace astro::conformance {

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr const char* header = "astro/device.hpp";
constexpr const char* bounds =
    "A hook starts things and returns; it waits for its own I/O at most the `hook_bound` of its description, `open` "
    "and `close` at most the `open_bound`; transports and stores have no bound but their own time-outs.";
constexpr const char* after_close = "After `close` no thread of the driver runs, and `open` may follow.";
constexpr const char* beside =
    "May be called beside another hook, also one that hangs: it takes no lock that a hook holds while it waits.";

/// Of this process: tasks, open files.
std::size_t count_of(const char* what) {
  std::size_t count = 0;
  for (const auto& each : std::filesystem::directory_iterator(std::string("/proc/self/") + what)) {
    (void)each;
    ++count;
  }
  return count;
}

/// Threads take a moment to vanish after they were joined.
std::size_t threads_after_a_while(std::size_t wanted) {
  const auto end = Steady::now() + 1s;
  while (count_of("task") > wanted && Steady::now() < end) std::this_thread::sleep_for(5ms);
  return count_of("task");
}

/// The best of several rounds, so that a busy machine accuses nobody: what is always too slow is.
struct Timed {
  std::map<std::string, Duration> best{};
  Duration hook_bound{};
  Duration open_bound{};
};

Timed best_of_three(Trial& trial) {
  Timed timed;
  for (int round = 0; round < 3; ++round) {
    trial.watch().take();
    {
      Opened<Driver> driver(trial);
      trial.exercise(driver.driver(), driver.host());
      timed.hook_bound = trial.hook_bound(driver.host());  // as refined in `open`
      timed.open_bound = trial.open_bound(driver.host());
    }
    for (const auto& [hook, took] : trial.watch().take()) {
      const auto known = timed.best.try_emplace(hook, took).first;
      known->second = std::min(known->second, took);
    }
  }
  return timed;
}

std::string too_slow(const std::string& hook, Duration took, const char* of, Duration bound) {
  return hook + " took " + shown(seconds(took)) + " s each time; the description's " + of + " is " +
         shown(seconds(bound)) + " s";
}

void constructor_touches_nothing(Trial& trial) {
  const std::size_t threads = count_of("task");
  const std::size_t files = count_of("fd");
  const std::unique_ptr<Driver> driver = trial.make();
  const std::size_t more_threads = count_of("task") - threads;
  const std::size_t more_files = count_of("fd") - files;
  require(more_threads == 0, "the constructor started " + std::to_string(more_threads) + " thread(s): begin in `open`");
  require(more_files == 0,
          "the constructor opened " + std::to_string(more_files) + " file(s) or connection(s): begin in `open`");
}

void opens(Trial& trial) {
  Opened<Driver> driver(trial);
  trial.exercise(driver.driver(), driver.host());
}

void opens_in_time(Trial& trial) {
  const Timed timed = best_of_three(trial);
  for (const char* hook : {"open", "close"}) {
    const Duration took = timed.best.at(hook);
    require(took <= timed.open_bound, too_slow(hook, took, "open_bound", timed.open_bound));
  }
}

void hooks_return_in_time(Trial& trial) {
  const Timed timed = best_of_three(trial);
  for (const auto& [hook, took] : timed.best) {
    if (hook == "open" || hook == "close" || hook == "fill" || hook == "stop")
      continue;  // which have bounds of their own
    require(took <= timed.hook_bound, too_slow(hook, took, "hook_bound", timed.hook_bound));
  }
}

void leaves_no_thread(Trial& trial) {
  const std::size_t before = count_of("task");
  {
    Opened<Driver> driver(trial);
    trial.exercise(driver.driver(), driver.host());
  }
  const std::size_t after = threads_after_a_while(before);
  require(after <= before,
          std::to_string(after - before) + " thread(s) still run a second after `close` returned: join them there");
}

void opens_again(Trial& trial) {
  Opened<Driver> driver(trial);
  trial.exercise(driver.driver(), driver.host());
  driver.close();
  driver.open_again();
  trial.exercise(driver.driver(), driver.host());
}

struct Held {
  std::size_t files = count_of("fd");
  std::size_t bytes = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
};

void use_once(Trial& trial, Driver& driver, ListeningHost& host) {
  trial.open(driver, host);
  const auto close = std::shared_ptr<void>(nullptr, [&](void*) { trial.close(driver, host); });
  trial.exercise(driver, host);
}

void gives_back(Trial& trial) {
  constexpr std::size_t cycles = 5;
  constexpr std::size_t noise = 2000;  // bytes each time: what caches and logs may add
  const std::unique_ptr<Driver> driver = trial.make();
  ListeningHost& host = trial.new_host();
  const auto run = [&] {
    for (std::size_t i = 0; i < cycles; ++i) {
      use_once(trial, *driver, host);
      host.forget();
    }
    return Held();
  };
  const Held first = run();
  const Held second = run();
  const Held third = run();
  require(
      second.files < first.files + cycles || third.files < second.files + cycles,
      std::to_string((third.files - second.files) / cycles) + " file(s) stay open each time it is opened and closed");
  require(second.bytes < first.bytes + cycles * noise || third.bytes < second.bytes + cycles * noise,
          "about " + std::to_string((third.bytes - std::min(third.bytes, second.bytes)) / cycles) +
              " bytes of memory stay taken each time it is opened and closed");
}

void throws_what_is_known(Trial& trial) {
  try {
    Opened<Driver> driver(trial);
    trial.exercise(driver.driver(), driver.host());
  } catch (const Alien& alien) {
    broke(alien.hook +
          " threw what is no std::exception: throw an astro::Error with what was asked, expected and found");
  }
}

void survives_its_threads(Trial& trial) {
  Opened<Driver> driver(trial);
  for (int i = 0; i < 3; ++i) {
    trial.exercise(driver.driver(), driver.host());
    std::this_thread::sleep_for(150ms);
  }
}

void is_silent_after_close(Trial& trial) {
  Opened<Driver> driver(trial);
  trial.exercise(driver.driver(), driver.host());
  driver.close();
  const std::size_t before = driver.host().strays();
  std::this_thread::sleep_for(400ms);
  const std::size_t strays = driver.host().strays() - before;
  require(strays == 0,
          "it called its host " + std::to_string(strays) + " times within 0.4 s after `close` had returned");
}

void stops_when_it_does_nothing(Trial& trial) {
  Opened<Device> device(trial);
  for (int i = 0; i < 3; ++i) device.stop();
  trial.exercise(device.driver(), device.host());
  for (int i = 0; i < 3; ++i) device.stop();
}

void stops_beside_a_hook(Trial& trial) {
  constexpr Duration at_once = 200ms;  // with a question over the network, on a busy machine
  Opened<Device> device(trial);
  std::atomic<bool> ends = false;
  auto busy = std::async(std::launch::async, [&] {
    do {
      try {
        trial.exercise(device.driver(), device.host());
      } catch (const Error&) {  // a hook may say that it was stopped
      }
    } while (!ends);
  });
  Duration best = Duration::max();
  for (int i = 0; i < 6; ++i) {
    std::this_thread::sleep_for(30ms);
    const auto began = Steady::now();
    device.stop();
    best = std::min<Duration>(best, Steady::now() - began);
  }
  ends = true;
  busy.get();
  device.stop();  // as the host does when the hook has returned
  require(best <= at_once, "stop took " + shown(seconds(best)) +
                               " s at the least while another hook ran: set a flag or interrupt, and wait for nobody");
}

void stops_beside_open(Trial& trial) {
  for (int i = 0; i < 5; ++i) {
    const std::unique_ptr<Driver> driver = trial.make();
    auto& device = dynamic_cast<Device&>(*driver);
    ListeningHost& host = trial.new_host();
    std::atomic<bool> is_opening = false;
    std::atomic<bool> ends = false;
    const auto pause = trial.is_on_node() ? 100ms : 2ms;
    std::thread stopper([&] {
      while (!is_opening) std::this_thread::yield();
      do {
        trial.call("stop", Opened<Device>::stop_bound, [&] { device.stop(); });
        std::this_thread::sleep_for(pause);
      } while (!ends);
    });
    is_opening = true;
    try {
      trial.open(*driver, host);
    } catch (...) {
      ends = true;
      stopper.join();
      throw;
    }
    ends = true;
    stopper.join();
    const auto close = std::shared_ptr<void>(nullptr, [&](void*) { trial.close(*driver, host); });
    trial.exercise(*driver, host);
  }
}

}  // namespace

std::vector<Check> driver_checks() {
  return {
      {{"D-01", header, "A constructor touches no hardware and starts no thread.",
        "makes a driver, and counts the threads and open files of the process"},
       constructor_touches_nothing},
      {{"D-02", header,
        "`open` connects and leaves the device stopped; after it threw, the driver is as before it, and `close` is not "
        "called.",
        "opens the device, uses each ordinary hook a little, and closes it"},
       opens},
      {{"D-03", header, bounds, "times `open` and `close`; the best of three counts"}, opens_in_time},
      {{"D-04", header, after_close, "opens, uses and closes the device, and counts the threads of the process"},
       leaves_no_thread},
      {{"D-05", header, after_close, "opens, uses, closes, opens and uses the device"}, opens_again},
      {{"D-06", header, "What `open` took it gives back: files, connections, memory.",
        "opens, uses and closes the device fifteen times, and compares files and memory after each five"},
       gives_back},
      {{"D-07", header,
        "A hook throws any std::exception, best an `astro::Error`; the caller gets it as an `astro::Error` that names "
        "plugin and device.",
        "uses each ordinary hook"},
       throws_what_is_known},
      {{"D-08", header, "Nothing may leave a thread of the driver.",
        "uses the device for half a second, in a process of its own that has to live"},
       survives_its_threads},
      {{"D-09", header,
        "Valid from `open` until `close` returned or `open` threw; that of a lost device lives as long as the process.",
        "closes the device, and counts the calls of its host from then on"},
       is_silent_after_close},
  };
}

std::vector<Check> device_checks() {
  return {
      {{"D-21", header, bounds, "times each hook that is not named otherwise; the best of three counts"},
       hooks_return_in_time},
      {{"D-22", header, "Ends whatever the device does, at once; harmless when it does nothing.",
        "stops a device that stands, and uses it"},
       stops_when_it_does_nothing},
      {{"D-23", header, beside, "stops it beside the other hooks, timed; the best of six counts"}, stops_beside_a_hook},
      {{"D-24", header,
        "The host calls the hooks of one driver one at a time, from one thread; only `stop` may be called beside "
        "another hook, from any thread, also beside `open` and `close`, but never before the first `open` or after "
        "`close` returned.",
        "stops it all the while that it opens, and uses it then"},
       stops_beside_open},
  };
}

}  // namespace astro::conformance
