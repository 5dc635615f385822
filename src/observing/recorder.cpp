// SPDX-License-Identifier: BSD-3-Clause
#include "observing/recorder.hpp"

#include "astro/error.hpp"
#include "astro/files/sigmf.hpp"
#include "astro/log.hpp"
#include "astro/observing/export.hpp"

namespace astro::detail {

namespace {

std::filesystem::path folder_of(const Observatory& site) { return site.state_folder() / "recordings"; }

std::int64_t samples_lost_in(const files::SigmfMeta& meta) {
  std::int64_t lost = 0;
  for (const files::SigmfCapture& capture : meta.captures) {
    if (const Value* before = capture.more.find(files::sigmf_samples_lost)) lost += before->as_integer();
  }
  return lost;
}

}  // namespace

struct Recorder::State {
  Recording record{};
  files::SigmfMeta meta{};
  std::optional<files::SigmfWriter> writer{};
  std::string stem{};  ///< of the files' names
  std::filesystem::path folder{};

  void take(const Block& block);
  void begin(const Block& block);
  void number_file();
};

void Recorder::State::begin(const Block& block) {
  const StreamSettings& stream = block.settings();
  if (!stream.is_iq()) {
    throw Error(ErrorCode::unsupported,
                "recording: receiver '" + stream.receiver + "' yields spectra, no samples; ask for `product: spectra`");
  }
  number_file();
  meta.dtype = stream.dtype;
  meta.sample_rate = stream.tuning.sample_rate;
  writer.emplace(record.path, meta, files::SigmfNames::at_once);
  record.start = block.time;
  record.frequency = stream.tuning.frequency;
  record.sample_rate = stream.tuning.sample_rate;
}

void Recorder::State::number_file() {
  record.id = stem + "." + new_id().substr(0, 8);
  record.path = (folder / (record.id + ".sigmf-data")).string();
}

void Recorder::State::take(const Block& block) {
  if (block.items() == 0) return;
  if (!writer) begin(block);
  writer->write(block);
}

Recorder::Recorder(const Observatory& site, const ReceiverHandle& receiver, const Observation& observation,
                   std::size_t step, Product product) {
  if (product != Product::recording && product != Product::all) return;
  const std::filesystem::path folder = folder_of(site);
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed)
    throw Error(ErrorCode::storage, "recording: folder " + folder.string() + " cannot be made: " + failed.message());
  state_ = std::make_unique<State>();
  Recording& record = state_->record;
  record.observation_id = observation.id;
  record.step = static_cast<std::int64_t>(step);
  state_->folder = folder;
  state_->stem = observation.id + "." + std::to_string(step);
  state_->meta.author = observation.request.observer;
  state_->meta.description = name_of(observation.request);
  state_->meta.hardware = receiver.name();
  state_->meta.recorder = observation.software;
  state_->meta.site = site.location();
  const files::Provenance made = provenance_of(observation);
  const Phase phase = observation.steps.at(step).phase;
  state_->meta.more.set("astro:observation", made.observation_id)
      .set("astro:step", state_->record.step)
      .set("astro:phase", Description<Phase>::choices.at(static_cast<std::size_t>(phase)))
      .set("astro:telescope", made.telescope)
      .set("astro:settings", made.settings)
      .set("astro:calibration", made.calibration);
  tap_ = [this](const Block& block) { state_->take(block); };
}

Recorder::~Recorder() = default;

void Recorder::finish(const StoreHandle& store) {
  if (!state_ || !state_->writer) return;
  state_->record.samples = static_cast<std::int64_t>(state_->writer->samples());
  state_->record.samples_lost = static_cast<std::int64_t>(state_->writer->samples_lost());
  state_->writer->finish();
  state_->writer.reset();
  store.insert(state_->record);
}

void Recorder::adopt(const Observatory& site, const StoreHandle& store, const Observation& cut_short) {
  std::error_code none;
  for (const auto& file : std::filesystem::directory_iterator(folder_of(site), none)) {
    const std::filesystem::path& path = file.path();
    const std::string id = path.stem().string();
    if (path.extension() != ".sigmf-meta" || !id.starts_with(cut_short.id + ".")) continue;
    if (store.count<Recording>({.where = {{.field = "id", .value = id}}}) > 0) continue;
    try {
      const files::SigmfMeta meta = files::read_sigmf(path);
      const files::IqInfo info = files::inspect_iq(path);
      store.insert(Recording{.id = id,
                             .observation_id = cut_short.id,
                             .step = std::stoll(id.substr(cut_short.id.size() + 1)),
                             .path = info.data.string(),
                             .start = info.start.value_or(Time{}),
                             .frequency = info.frequency,
                             .sample_rate = info.sample_rate,
                             .samples = static_cast<std::int64_t>(info.samples),
                             .samples_lost = samples_lost_in(meta)});
    } catch (const std::exception& error) {
      log(LogLevel::warning, "observing", "recording " + path.string() + " is left as it is: " + error.what());
    }
  }
}

void Recorder::finish_when_long(const StoreHandle& store) {
  constexpr double longest_s = 60.0;
  if (!state_ || !state_->writer) return;
  if (static_cast<double>(state_->writer->samples()) >= longest_s * state_->record.sample_rate.hertz()) finish(store);
}

}  // namespace astro::detail
