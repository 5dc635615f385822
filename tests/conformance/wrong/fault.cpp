// SPDX-License-Identifier: BSD-3-Clause
#include "fault.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace wrong {

using namespace std::chrono_literals;

namespace {
char* volatile lost = nullptr;  // or no memory would be taken at all
}

/// Runs until it is ended.
struct Faulty::Thread {
  template <class Function>
  explicit Thread(Function first)
      : thread([this, first](const std::stop_token& stop) {
          std::unique_lock lock(mutex);
          changed.wait_for(lock, stop, 50ms, [] { return false; });
          if (!stop.stop_requested()) first();
          changed.wait(lock, stop, [] { return false; });
        }) {}

  std::mutex mutex;
  std::condition_variable_any changed;
  std::jthread thread;
};

Faulty::Faulty(Settings settings) : settings_(std::move(settings)) {
  if (is("constructor starts a thread")) early_ = std::make_unique<Thread>([] {});
  if (is("constructor opens a file")) file_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

Faulty::~Faulty() {
  if (file_ >= 0) ::close(file_);
}

void Faulty::open_faulty() {
  if (is("open throws")) throw astro::Error(astro::ErrorCode::device_fault, "opening it: nobody answers");
  if (is("opens only once") && was_open_)
    throw astro::Error(astro::ErrorCode::device_fault, "opening it: it is in use");
  was_open_ = true;
  if (is("open takes too long")) std::this_thread::sleep_for(400ms);
  worker_ = std::make_unique<Thread>([this] {
    if (is("throws from its thread")) throw std::runtime_error("the cable is broken");
    if (is("crashes in its thread")) ::raise(SIGSEGV);
  });
  if (is("leaks memory")) lost = new char[4096];
  if (is("leaks files")) (void)::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

void Faulty::close_faulty() noexcept {
  if (is("thread outlives close")) worker_.release()->thread.detach();
  worker_.reset();
}

}  // namespace wrong
