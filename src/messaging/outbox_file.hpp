// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "astro/messaging/outbox.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace astro::messaging {

/// A message as an outbox's file has it.
struct Kept {
  std::int64_t id = 0;
  std::string topic{};
  std::string key{};
  Bytes body{};
  Time time{};
};

/// The file of an outbox: two lanes of messages in the order in which they came. Not for two threads at once. Throws
/// `storage`.
class OutboxFile final {
 public:
  explicit OutboxFile(const std::filesystem::path& folder);

  std::int64_t last_id(Keeping lane);
  std::uint64_t count(Keeping lane);
  std::uint64_t bytes();

  void begin();
  void commit();
  void roll_back() noexcept;
  void insert(const Outgoing& message);
  std::vector<Kept> read(Keeping lane, std::int64_t after, std::int64_t up_to, std::size_t at_most);
  std::uint64_t erase(Keeping lane, std::int64_t from, std::int64_t to);  ///< returns bytes
  /// Removes telemetry, the oldest first, between two ids until so many bytes are gone; tells what.
  std::vector<Shed> shed(std::int64_t after, std::int64_t up_to, std::uint64_t bytes, std::uint64_t& freed,
                         std::uint64_t& count);
  /// What was shed and nobody was told of yet, in place of what was kept before.
  void keep_shed(const std::vector<Shed>& all);
  std::vector<Shed> kept_shed();
  /// After the disk was full: lets go of what is held back for that, so that removing can be written down.
  void use_reserve() noexcept;
  void make_reserve() noexcept;

 private:
  struct Closing {
    void operator()(sqlite3* database) const noexcept;
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Closing>;
  struct Lane {
    Statement insert, read, erase, size;
  };

  void execute(const char* sql);
  Statement prepare(const std::string& sql);
  bool step(sqlite3_stmt* statement);
  std::int64_t number(const std::string& sql);
  Lane& lane(Keeping keeping) { return keeping == Keeping::telemetry ? telemetry_ : always_; }
  [[noreturn]] void fail(const char* doing) const;

  std::filesystem::path file_;
  std::filesystem::path reserve_;
  std::unique_ptr<sqlite3, Closing> database_;
  Lane telemetry_, always_;
};

}  // namespace astro::messaging
