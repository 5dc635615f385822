// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "astro/store.hpp"
#include "plain_emitter.hpp"

namespace astro {

/// A store and its users: one at a time, on the thread that calls. Who is in a transaction may call
/// on, others wait until it is over.
class StoreHost final {
 public:
  explicit StoreHost(detail::HostSetup setup);
  ~StoreHost();

  const std::string& name() const noexcept { return emitter_.surroundings().device; }
  void open();
  void close() noexcept;

  /// Calls the function with the store, of which the schema is prepared.
  template <class Function>
  auto with(const Schema* schema, Function function) {
    const Turn turn(*this);
    return guarded([&] {
      prepare(schema);
      return function(*store_);
    });
  }
  void transaction(const std::function<void()>& work);

 private:
  /// Whose turn it is; a thread may have several at once.
  class Turn {
   public:
    explicit Turn(StoreHost& host);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    StoreHost& host_;
  };

  template <class Function>
  auto guarded(Function function) {
    try {
      return function();
    } catch (...) {
      throw detail::translated(std::current_exception(), place_);
    }
  }
  void prepare(const Schema* schema);

  const std::string place_;
  detail::PlainEmitter emitter_;
  std::unique_ptr<Store> store_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::thread::id owner_{};
  int depth_ = 0;
  bool open_ = false;
  bool in_transaction_ = false;
  std::set<std::string> prepared_;
};

}  // namespace astro
