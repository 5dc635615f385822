// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <astro/plugin.hpp>
#include <memory>
#include <string>
#include <utility>

/// Every driver here keeps all promises, and breaks one when its setting `fault` names it: one line each.
namespace wrong {

struct Settings {
  std::string fault{};
  std::string path{};
};

/// What holds for drivers of any kind.
class Faulty {
 public:
  explicit Faulty(Settings settings);
  ~Faulty();

 protected:
  bool is(const char* fault) const { return settings_.fault == fault; }
  void open_faulty();
  void close_faulty() noexcept;

  Settings settings_;

 private:
  struct Thread;
  std::unique_ptr<Thread> early_;
  std::unique_ptr<Thread> worker_;
  int file_ = -1;
  bool was_open_ = false;
};

}  // namespace wrong

template <>
struct astro::Description<wrong::Settings> {
  static constexpr std::array fields{
      field<&wrong::Settings::fault>("fault", {.says = "the promise that is broken; empty: none"}),
      field<&wrong::Settings::path>("path", {.unit = "path", .says = "of the database, where it is a store"})};
};
