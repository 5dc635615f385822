// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "astro/error.hpp"
#include "astro/files/export.hpp"
#include "astro/files/sigmf.hpp"
#include "files/growing_file.hpp"
#include "files/sigmf_keys.hpp"
#include "files/software.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

std::string_view datatype_of(Dtype dtype) {
  for (const auto& [text, known] : sigmf_datatypes) {
    if (known == dtype) return text;
  }
  throw Error(ErrorCode::invalid_argument,
              "writing SigMF: samples are cu8, ci8, ci16 or cf32, not " + std::string(to_string(dtype)));
}

void set_unless_empty(Value& map, std::string_view key, const std::string& text) {
  if (!text.empty()) map.set(key, text);
}

/// Puts what was kept without being understood; it never replaces what is.
void add_more(Value& map, const Value& more) {
  const auto* others = more.get_if<Map>();
  if (others == nullptr) return;
  for (const auto& [key, value] : *others) {
    if (map.find(key) == nullptr) map.set(key, value);
  }
}

Value global_of(const SigmfMeta& meta) {
  Value global;
  global.set("core:datatype", datatype_of(meta.dtype)).set("core:version", "1.0.0");
  if (meta.sample_rate > Frequency{}) global.set("core:sample_rate", meta.sample_rate.hertz());
  set_unless_empty(global, "core:author", meta.author);
  set_unless_empty(global, "core:description", meta.description);
  set_unless_empty(global, "core:hw", meta.hardware);
  global.set("core:recorder", meta.recorder.empty() ? software_of({}) : meta.recorder);
  if (meta.site) {
    Value point;
    point.set("type", "Point");
    point.set("coordinates", List{meta.site->longitude.degrees(), meta.site->latitude.degrees(), meta.site->height_m});
    global.set("core:geolocation", point);
  }
  add_more(global, meta.more);
  return global;
}

Value value_of(const SigmfCapture& capture) {
  Value map;
  map.set("core:sample_start", capture.first);
  if (capture.frequency != Frequency{}) map.set("core:frequency", capture.frequency.hertz());
  if (capture.time) map.set("core:datetime", format_time(*capture.time, 9));
  add_more(map, capture.more);
  return map;
}

Value value_of(const SigmfAnnotation& annotation) {
  Value map;
  map.set("core:sample_start", annotation.first);
  if (annotation.samples) map.set("core:sample_count", *annotation.samples);
  if (annotation.lower != Frequency{} || annotation.upper != Frequency{}) {
    map.set("core:freq_lower_edge", annotation.lower.hertz()).set("core:freq_upper_edge", annotation.upper.hertz());
  }
  set_unless_empty(map, "core:label", annotation.label);
  set_unless_empty(map, "core:comment", annotation.comment);
  set_unless_empty(map, "core:generator", annotation.generator);
  add_more(map, annotation.more);
  return map;
}

/// The specification wants both lists in order of their samples.
template <class T>
List in_order(std::vector<T> items) {
  std::stable_sort(items.begin(), items.end(), [](const T& a, const T& b) { return a.first < b.first; });
  List list;
  for (const T& item : items) list.push_back(value_of(item));
  return list;
}

std::filesystem::path checked(std::filesystem::path path, const char* ending) {
  const std::string given = path.extension().string();
  if (given != ".sigmf-meta" && given != ".sigmf-data") {
    throw Error(ErrorCode::invalid_argument, "writing SigMF: \"" + path.string() + "\" ends in " + text::quoted(given) +
                                                 ", expected .sigmf-meta or .sigmf-data");
  }
  return path.replace_extension(ending);
}

}  // namespace

struct SigmfWriter::State {
  SigmfMeta meta;
  std::filesystem::path meta_path;
  SigmfNames names;
  GrowingFile data;
  std::uint64_t samples = 0;
  std::uint64_t next = 0;  ///< index of the sample that would go on without a gap
  std::uint64_t lost = 0;
  std::optional<std::size_t> told{};  ///< captures that the file of the JSON has already
  std::chrono::steady_clock::time_point told_at{};

  std::string json(bool unfinished) const;
  void tell_captures();
};

std::string SigmfWriter::State::json(bool unfinished) const {
  Value global = global_of(meta);
  if (unfinished) global.set(sigmf_unfinished, true);
  if (unfinished || lost > 0) {
    Value extension;
    extension.set("name", "astro").set("version", "1.0.0").set("optional", true);
    if (global.find("core:extensions") == nullptr) global.set("core:extensions", List{extension});
  }
  Value root;
  root.set("global", std::move(global));
  root.set("captures", in_order(meta.captures.empty() ? std::vector<SigmfCapture>(1) : meta.captures));
  root.set("annotations", in_order(meta.annotations));
  return to_json(root) + "\n";
}

/// Before the samples that they are of. Of a stream that is torn to pieces only each second: the JSON grows.
void SigmfWriter::State::tell_captures() {
  constexpr std::size_t few = 100;
  const auto now = std::chrono::steady_clock::now();
  const bool is_due = meta.captures.size() <= few || now - told_at >= std::chrono::seconds(1);
  if (names != SigmfNames::at_once || told == meta.captures.size() || !is_due) return;
  const std::string text = json(true);
  write_whole(meta_path, std::as_bytes(std::span(text)));
  told = meta.captures.size();
  told_at = now;
}

SigmfWriter::SigmfWriter(const std::filesystem::path& path, SigmfMeta meta, SigmfNames names) {
  datatype_of(meta.dtype);
  const std::filesystem::path data = checked(path, ".sigmf-data");
  const std::filesystem::path json = checked(path, ".sigmf-meta");
  const bool at_once = names == SigmfNames::at_once;
  std::error_code none;
  if (at_once) std::filesystem::remove(json, none);  // that of an earlier recording would describe this one wrongly
  state_.reset(
      new State{.meta = std::move(meta), .meta_path = json, .names = names, .data = GrowingFile(data, at_once)});
}

SigmfWriter::~SigmfWriter() = default;

SigmfMeta& SigmfWriter::meta() noexcept { return state_->meta; }
std::uint64_t SigmfWriter::samples() const noexcept { return state_->samples; }

void SigmfWriter::write(std::span<const std::byte> samples) {
  const std::size_t each = size_of(state_->meta.dtype);
  if (samples.size() % each != 0) {
    throw Error(ErrorCode::invalid_argument, "writing SigMF: " + std::to_string(samples.size()) +
                                                 " bytes are no whole samples of " + std::to_string(each));
  }
  state_->tell_captures();
  state_->data.append(samples);
  state_->samples += samples.size() / each;
}

void SigmfWriter::write(const Block& block) {
  const bool is_gap = state_->samples > 0 && block.first != state_->next;
  if (state_->samples == 0 || is_gap || block.settings_changed) {
    state_->meta.captures.push_back(
        {.first = state_->samples,
         .frequency = block.settings().tuning.frequency,
         .time = block.time,
         .more = is_gap ? Value().set(sigmf_samples_lost, block.first - state_->next) : Value()});
  }
  if (is_gap) state_->lost += block.first - state_->next;
  write(block.bytes());
  state_->next = block.first + block.items();
}

std::uint64_t SigmfWriter::samples_lost() const noexcept { return state_->lost; }

/// The samples first: a description without its samples would be found and refused.
void SigmfWriter::finish() {
  const std::string text = state_->json(false);
  state_->data.finish();
  write_whole(state_->meta_path, std::as_bytes(std::span(text)));
}

}  // namespace astro::files
