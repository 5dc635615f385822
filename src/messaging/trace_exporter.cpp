// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/trace_exporter.hpp"

#include <curl/curl.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "astro/log.hpp"
#include "astro/metrics.hpp"
#include "astro/trace.hpp"
#include "astro/value.hpp"
#include "astro/version.hpp"
#include "messaging/host_name.hpp"

namespace astro::messaging {

namespace {

constexpr std::size_t most_waiting_spans = 4096;
constexpr auto collect_for = std::chrono::milliseconds(500);
constexpr long patience_ms = 2000;
constexpr int kind_internal = 1;  // of opentelemetry.proto.trace.v1.Span.SpanKind
constexpr int status_error = 2;   // of Status.StatusCode

struct ExporterCurlEnd {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

Value attribute(const std::string& key, const std::string& value) {
  return Value().set("key", key).set("value", Value().set("stringValue", value));
}

std::string nanoseconds(Time time) { return std::to_string(time.time_since_epoch().count()); }

Value otlp_of(const SpanRecord& span) {
  List attributes;
  for (const auto& [key, value] : span.attributes) attributes.push_back(attribute(key, value));
  Value made;
  made.set("traceId", span.context.trace_id).set("spanId", span.context.span_id);
  if (!span.parent_span_id.empty()) made.set("parentSpanId", span.parent_span_id);
  made.set("name", span.name).set("kind", kind_internal);
  made.set("startTimeUnixNano", nanoseconds(span.begin)).set("endTimeUnixNano", nanoseconds(span.end));
  made.set("attributes", std::move(attributes));
  if (!span.error.empty()) made.set("status", Value().set("code", status_error).set("message", span.error));
  return made;
}

/// With all signals blocked, so that those of the process go to who waits for them.
template <class Work>
std::thread quiet_thread(Work work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  std::thread made(std::move(work));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return made;
}

}  // namespace

struct TraceExporter::State {
 public:
  State(const std::string& endpoint, std::string service)
      : url_(endpoint + (endpoint.ends_with('/') ? "v1/traces" : "/v1/traces")), service_(std::move(service)) {
    thread_ = quiet_thread([this] { run(); });
  }

  void put(SpanRecord span) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() == most_waiting_spans) return dropped_.add();
    waiting_.push_back(std::move(span));
    wake_.notify_one();
  }

  void end() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
      wake_.notify_one();
    }
    thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (bool is_last = false; !is_last;) {
      wake_.wait(lock, [this] { return is_ending_ || !waiting_.empty(); });
      wake_.wait_for(lock, collect_for, [this] { return is_ending_; });  // others come soon
      is_last = is_ending_;
      const std::vector<SpanRecord> spans = std::exchange(waiting_, {});
      if (spans.empty()) continue;
      lock.unlock();
      send(spans);
      lock.lock();
    }
  }

  std::string body_of(const std::vector<SpanRecord>& spans) const {
    List all;
    for (const SpanRecord& span : spans) all.push_back(otlp_of(span));
    const Value scope = Value().set("name", "libastro").set("version", version);
    List resource{attribute("service.name", service_), attribute("host.name", host_name())};
    Value one;
    one.set("resource", Value().set("attributes", std::move(resource)));
    one.set("scopeSpans", List{Value().set("scope", scope).set("spans", std::move(all))});
    return to_json(Value().set("resourceSpans", List{std::move(one)}));
  }

  void send(const std::vector<SpanRecord>& spans) {
    const std::string why = post(body_of(spans));
    if (why.empty()) {
      is_told_ = false;
      return;
    }
    dropped_.add(spans.size());
    if (std::exchange(is_told_, true)) return;
    log(LogLevel::warning, "trace", "sending spans to " + url_ + ": " + why + "; they are dropped until it answers");
  }

  /// Why it was not taken; empty: it was.
  std::string post(const std::string& body) const {
    static const bool is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    const std::unique_ptr<CURL, ExporterCurlEnd> handle(is_ready ? curl_easy_init() : nullptr);
    if (handle == nullptr) return "libcurl does not start";
    const std::unique_ptr<curl_slist, ExporterCurlEnd> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"));
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(handle.get(), option, value); };
    set(CURLOPT_URL, url_.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTPHEADER, headers.get());
    set(
        CURLOPT_WRITEFUNCTION, +[](char*, std::size_t size, std::size_t count, void*) { return size * count; });
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, patience_ms);
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    set(CURLOPT_POSTFIELDS, body.c_str());
    if (const CURLcode failed = curl_easy_perform(handle.get()); failed != CURLE_OK) return curl_easy_strerror(failed);
    long status = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
    return status / 100 == 2 ? "" : "it answers " + std::to_string(status);
  }

  const std::string url_;
  const std::string service_;
  const Counter dropped_ = counter("astro_trace_spans_dropped_total", "Spans that the collector did not take");
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<SpanRecord> waiting_;
  bool is_ending_ = false;
  bool is_told_ = false;  // of the thread alone
  std::thread thread_;
};

TraceExporter::TraceExporter(const std::string& endpoint, std::string service)
    : state_(std::make_shared<State>(endpoint, std::move(service))) {
  set_span_exporter([state = state_](SpanRecord span) { state->put(std::move(span)); });
}

TraceExporter::~TraceExporter() {
  set_span_exporter({});
  state_->end();
}

std::unique_ptr<TraceExporter> TraceExporter::from_environment(const std::string& service) {
  const char* endpoint = std::getenv("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (endpoint == nullptr || *endpoint == '\0') return nullptr;
  const char* name = std::getenv("OTEL_SERVICE_NAME");
  return std::make_unique<TraceExporter>(endpoint, name != nullptr && *name != '\0' ? name : service);
}

}  // namespace astro::messaging
