// SPDX-License-Identifier: BSD-3-Clause
#include "astro/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "astro/error.hpp"
#include "astro/metrics.hpp"
#include "astro/trace.hpp"
#include "astro/value.hpp"

namespace astro {

namespace {

constexpr std::size_t most_waiting = 8192;

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "error";
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return text;
}

std::string written(const LogLine& line, const std::string& trace, LogFormat format) {
  if (format == LogFormat::json_lines) {
    Value all;
    all.set("time", line.time).set("level", name_of(line.level));
    all.set("source", line.source).set("message", line.message);
    if (!trace.empty()) all.set("trace", trace);
    return to_json(all);
  }
  return format_time(line.time) + " " + std::string(name_of(line.level)) + " " + line.source + ": " +
         one_line(line.message) + (trace.empty() ? "" : " [" + trace + "]");
}

}  // namespace

/// The thread that hands lines to a listener, and what waits for it.
struct LogListening::State {
 public:
  State(std::function<void(const LogLine&)> listener, LogLevel from)
      : from_(from), listener_(std::move(listener)), thread_([this] { deliver(); }) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      wake_.notify_one();
    }
    thread_.join();
  }

  bool wants(LogLevel level) const noexcept { return level >= from_; }

  void put(const LogLine& line) {
    const std::lock_guard lock(mutex_);
    if (lines_.size() == most_waiting) lines_.pop_front(), ++dropped_;
    lines_.push_back(line);
    wake_.notify_one();
  }

 private:
  void deliver() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return ending_ || !lines_.empty(); });
      if (lines_.empty()) return;
      LogLine line = std::move(lines_.front());
      lines_.pop_front();
      if (const std::size_t dropped = std::exchange(dropped_, 0); dropped != 0) {
        line.message += " (" + std::to_string(dropped) + " lines before it were dropped: the listener is too slow)";
      }
      lock.unlock();
      try {
        listener_(line);
      } catch (...) {  // a listener that cannot hear is no reason for anything else to fail
      }
      lock.lock();
    }
  }

  const LogLevel from_;
  std::function<void(const LogLine&)> listener_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::size_t dropped_ = 0;
  std::deque<LogLine> lines_;
  std::thread thread_;
};

namespace {

struct Logging {
  std::mutex mutex;
  LogFormat format = LogFormat::text;
  std::shared_ptr<spdlog::logger> logger = make_logger({});
  std::vector<LogListening::State*> listening;
  const Counter warnings = lines(LogLevel::warning);
  const Counter errors = lines(LogLevel::error);

  static Counter lines(LogLevel level) {
    return counter("astro_log_lines_total", "Warnings and errors that were logged",
                   {{"level", std::string(name_of(level))}});
  }

  static std::shared_ptr<spdlog::logger> make_logger(const LogOptions& options) {
    spdlog::sink_ptr sink;
    if (options.file.empty()) sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    auto logger = std::make_shared<spdlog::logger>("astro", std::move(sink));
    logger->set_pattern("%v");
    logger->set_level(level_of(options.level));
    logger->flush_on(options.file.empty() ? spdlog::level::debug : spdlog::level::warn);
    return logger;
  }
};

// Never destroyed: threads that were left behind may log until the process is gone.
Logging& logging() {
  static Logging& all = *new Logging;
  return all;
}

}  // namespace

void configure_log(const LogOptions& options) {
  std::shared_ptr<spdlog::logger> logger;
  try {
    logger = Logging::make_logger(options);
  } catch (const std::exception& error) {
    throw Error(ErrorCode::storage, "opening the log file " + options.file + ": " + error.what());
  }
  Logging& all = logging();
  const std::lock_guard lock(all.mutex);
  all.logger->flush();
  all.logger = std::move(logger);
  all.format = options.format;
}

void log(LogLevel level, std::string_view source, std::string_view message) {
  Logging& all = logging();
  if (level >= LogLevel::warning) (level == LogLevel::warning ? all.warnings : all.errors).add();
  std::unique_lock lock(all.mutex);
  const auto logger = all.logger;
  const LogFormat format = all.format;
  const bool is_written = logger->should_log(level_of(level));
  const auto wants = [&](const LogListening::State* one) { return one->wants(level); };
  if (!is_written && std::ranges::none_of(all.listening, wants)) return;
  const LogLine line{level, std::chrono::system_clock::now(), std::string(source), std::string(message)};
  for (LogListening::State* one : all.listening) {
    if (wants(one)) one->put(line);
  }
  lock.unlock();
  if (is_written) logger->log(level_of(level), "{}", written(line, current_trace().trace_id, format));
}

LogListening::LogListening(std::function<void(const LogLine&)> hear, LogLevel from)
    : state_(std::make_unique<State>(std::move(hear), from)) {
  Logging& all = logging();
  const std::lock_guard lock(all.mutex);
  all.listening.push_back(state_.get());
}

LogListening::~LogListening() {
  Logging& all = logging();
  const std::lock_guard lock(all.mutex);
  std::erase(all.listening, state_.get());  // then it goes, without the lock, and waits for its last call
}

}  // namespace astro
