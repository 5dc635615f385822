// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "astro/command.hpp"
#include "astro/metrics.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace astro::detail {

/// The book of commands in the state folder: which ids were there, and what became of them. What
/// was begun and not ended when the process before died is marked as interrupted when it opens.
class Journal {
 public:
  struct Entry {
    std::shared_ptr<const Command> command;
    Acknowledgment acknowledgment;
    std::function<void()> then;  ///< once it is durable; empty: nobody waits for that
  };

  /// Throws `storage`.
  Journal(const std::filesystem::path& folder, Time now);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Writes a command down durably, unless its id is known: then what became of that one is returned.
  std::optional<Acknowledgment> receive(const Command& command, const Acknowledgment& received);
  /// Is written soon, in order, many in one transaction. False: it is closed, and nothing is written.
  bool write_later(Entry entry);
  /// Writes what waits and ends its thread. Not from within `then`: what waits may hold the journal.
  void close() noexcept;
  std::optional<Acknowledgment> find(const std::string& id);
  std::vector<Acknowledgment> recent(std::size_t limit);  ///< newest first

 private:
  struct Closing {
    void operator()(sqlite3* database) const noexcept;
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Closing>;

  void execute(const char* sql);
  Statement prepare(const char* sql);
  void run(sqlite3_stmt* statement);
  [[noreturn]] void fail(const std::string& doing) const;
  void mark_interrupted(Time now);
  void bind(sqlite3_stmt* statement, const Command& command, const Acknowledgment& acknowledgment);
  Acknowledgment read(sqlite3_stmt* statement) const;
  void write(const std::vector<Entry>& entries);
  void flush() noexcept;
  void write_all();
  void tell(MetricWriter& writer);

  std::filesystem::path file_;
  std::mutex database_mutex_;
  std::unique_ptr<sqlite3, Closing> database_;
  Statement insert_;
  Statement upsert_;
  Statement select_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Entry> waiting_;
  bool urgent_ = false;
  bool ending_ = false;
  bool failed_ = false;
  std::thread writer_;
  const Counter failures_ = counter("astro_journal_failures_total", "Writes of the journal of commands that failed");
  const MetricSource metrics_{[this](MetricWriter& writer) { tell(writer); }};
};

}  // namespace astro::detail
