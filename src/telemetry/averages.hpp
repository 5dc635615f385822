// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <vector>

#include "astro/telemetry/aggregates.hpp"

namespace astro::telemetry::detail {

/// Numbers that came since somebody wrote them down last.
struct Sum {
  std::int64_t count = 0;
  double average = 0.0;
  double min = 0.0;
  double max = 0.0;

  void add(double number) noexcept;
};

/// Hours and days to which numbers came, and what has to be written of them. Writes of others to the same records
/// are not lost: what is added is the difference.
class Averages {
 public:
  /// Cannot fail but for want of memory.
  void add(const Point& point);
  bool is_clean() const noexcept { return changed_.empty(); }

  /// Within a transaction; throws what the store throws, and may then be called again.
  void write(const StoreHandle& store);
  /// The transaction was committed: what was written is history.
  void written();

 private:
  struct Entry {
    Aggregate kept{};  // as it rests in the store; revision 0: not there
    Aggregate next{};  // as it was written, until that is committed
    Sum sum{};
    bool is_known = false;
  };

  void write(const StoreHandle& store, Entry& entry) const;

  std::map<std::string, Entry> all_;
  std::map<std::string, Entry*> changed_;  // by key: two hubs in one store take their rows in one order
};

}  // namespace astro::telemetry::detail
