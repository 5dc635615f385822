// SPDX-License-Identifier: BSD-3-Clause
#include "command_traces.hpp"

#include <deque>
#include <mutex>
#include <unordered_map>

namespace astro::detail {

namespace {

constexpr std::size_t most_known = 4096;

struct Known {
  std::mutex mutex;
  std::unordered_map<std::string, TraceContext> traces;
  std::deque<std::string> order;
};

// Never destroyed: threads that were left behind may end their commands until the process is gone.
Known& known() {
  static Known& all = *new Known;
  return all;
}

}  // namespace

void remember_trace(const std::string& command_id, const TraceContext& context) {
  Known& all = known();
  const std::lock_guard lock(all.mutex);
  if (!all.traces.insert_or_assign(command_id, context).second) return;
  all.order.push_back(command_id);
  if (all.order.size() <= most_known) return;
  all.traces.erase(all.order.front());
  all.order.pop_front();
}

TraceContext trace_of(const std::string& command_id) {
  Known& all = known();
  const std::lock_guard lock(all.mutex);
  const auto found = all.traces.find(command_id);
  return found == all.traces.end() ? TraceContext{} : found->second;
}

}  // namespace astro::detail
