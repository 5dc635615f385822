// SPDX-License-Identifier: BSD-3-Clause
#include "receiver_host.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "description_value.hpp"

namespace astro {

namespace {

constexpr std::size_t most_samples = 65536;
constexpr std::size_t fewest_samples = 1024;
constexpr Duration block_time = std::chrono::milliseconds(10);
constexpr std::size_t most_blocks = 64;
constexpr std::size_t fewest_blocks = 4;
constexpr std::size_t most_pool_bytes = std::size_t{256} << 20;
constexpr Duration show_every = std::chrono::seconds(1);

Field point_field(const char* name, FieldType type, const char* unit, const char* says) {
  Field field;
  field.name = name;
  field.type = type;
  field.unit = unit;
  field.says = says;
  return field;
}

[[noreturn]] void refuse(const std::string& what, const std::string& limits) {
  throw Error(ErrorCode::out_of_limits, what + " is outside what this receiver can do, " + limits);
}

void check_between(const char* what, Frequency value, Frequency lowest, Frequency highest) {
  if (value == Frequency() || (value >= lowest && value <= highest)) return;
  refuse(std::string(what) + " " + std::to_string(value.hertz()) + " Hz",
         std::to_string(lowest.hertz()) + " to " + std::to_string(highest.hertz()) + " Hz");
}

}  // namespace

ReceiverHost::ReceiverHost(detail::HostSetup setup) : DeviceHost(std::move(setup)) {}

std::vector<CommandDescription> ReceiverHost::commands() const {
  return {command<Tuning>("tune", "sets frequency, sample rate, bandwidth, gain, antenna; what is left out stays")};
}

std::vector<Field> ReceiverHost::points() const {
  return {point_field("streaming", FieldType::boolean, "", "whether samples come"),
          point_field("frequency", FieldType::frequency, "Hz", "centre of the band"),
          point_field("sample_rate", FieldType::frequency, "Hz", "complex samples a second"),
          point_field("gain", FieldType::number, "dB", "gain of the receiver"),
          point_field("items", FieldType::integer, "", "since the stream started"),
          point_field("lost", FieldType::integer, "", "by the hardware, and for want of a free block"),
          point_field("dropped", FieldType::integer, "", "of those, for want of a free block")};
}

void ReceiverHost::describe(const ReceiverDescription& description) {
  {
    const std::lock_guard lock(mutex_);
    description_ = description;
  }
  set_poll_interval(show_every);
  set_points(points());
}

ReceiverDescription ReceiverHost::description() const {
  const std::lock_guard lock(mutex_);
  return description_;
}

Duration ReceiverHost::hook_bound() const {
  const std::lock_guard lock(mutex_);
  return description_.hook_bound;
}

Duration ReceiverHost::open_bound() const {
  const std::lock_guard lock(mutex_);
  return description_.open_bound;
}

ReceiverReport ReceiverHost::status() const noexcept {
  return {streaming_.load(), items_.load(), lost_.load(), dropped_.load(), is_lost()};
}

std::shared_ptr<const StreamSettings> ReceiverHost::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

Tuning ReceiverHost::merged(const Tuning& wanted) const {
  const auto now = settings();
  if (!now) return wanted;
  Tuning all = wanted;
  if (all.frequency == Frequency()) all.frequency = now->tuning.frequency;
  if (all.sample_rate == Frequency()) {
    all.sample_rate = now->tuning.sample_rate;
    if (all.bandwidth == Frequency()) all.bandwidth = now->tuning.bandwidth;  // of another rate it would be wrong
  }
  if (!all.gain_db) all.gain_db = now->tuning.gain_db;
  if (all.antenna.empty()) all.antenna = now->tuning.antenna;
  if (all.options.is_null()) all.options = now->tuning.options;
  return all;
}

void ReceiverHost::check(const Tuning& wanted) const {
  const ReceiverDescription can = description();
  check_between("frequency", wanted.frequency, can.lowest, can.highest);
  check_between("sample rate", wanted.sample_rate, can.slowest, can.fastest);
  if (wanted.gain_db && !(*wanted.gain_db >= can.min_gain_db && *wanted.gain_db <= can.max_gain_db)) {
    refuse("gain " + std::to_string(*wanted.gain_db) + " dB",
           std::to_string(can.min_gain_db) + " to " + std::to_string(can.max_gain_db) + " dB");
  }
  const auto& antennas = can.antennas;
  if (!wanted.antenna.empty() && std::find(antennas.begin(), antennas.end(), wanted.antenna) == antennas.end()) {
    std::string known;
    for (const std::string& antenna : antennas) known += (known.empty() ? "" : ", ") + antenna;
    refuse("antenna " + wanted.antenna, known.empty() ? "which has no choice of antennas" : "which has " + known);
  }
  const Map* options = wanted.options.get_if<Map>();
  if (!wanted.options.is_null() && options == nullptr) (void)wanted.options.as_map();
  for (const auto& [name, value] : options != nullptr ? *options : Map{}) {
    const auto field = std::find_if(can.options.begin(), can.options.end(),
                                    [&, &key = name](const Field& known) { return known.name == key; });
    if (field == can.options.end()) throw Error(ErrorCode::invalid_argument, "this receiver has no option " + name);
    (void)canonical(*field, value);
  }
}

DeviceHost::Action ReceiverHost::prepare(const std::string&, const Value& parameters) {
  return tune_action(from_value<Tuning>(parameters));
}

DeviceHost::Action ReceiverHost::tune_action(const Tuning& wanted) {
  check(wanted);
  return {.run =
              [this, wanted](const auto&) {
                hand_out();  // what is pending was taken under the settings before
                const Tuning all = merged(wanted);
                use(worker().hook("tune", hook_bound(), [&] { return receiver().tune(all); }));
                show();
                Value taken = to_value(settings()->tuning);
                taken.set("stream", detail::value_of(*settings()));
                return Performed{false, {}, std::move(taken)};
              },
          .ends_with_stop = false};
}

Tuning ReceiverHost::tune(const Issuer& issuer, const Tuning& wanted) {
  Action action;
  try {
    action = tune_action(wanted);
  } catch (const Error& error) {
    throw error.at(place());
  }
  call(issuer, "tune", to_value(wanted), std::move(action));
  return settings()->tuning;
}

void ReceiverHost::use(StreamSettings taken) {
  taken.receiver = entry().name;
  taken.mount = entry().mount;
  if (taken.item_bytes() == 0) {
    throw Error(ErrorCode::device_fault, "the driver says that its items have no bytes: an item_shape with a zero");
  }
  if (anchor_) anchor_ = Anchor{position_, time_of(position_), anchor_->exact};  // before the rate changes
  auto made = std::make_shared<const StreamSettings>(std::move(taken));
  {
    const std::lock_guard lock(mutex_);
    if (settings_ && *settings_ == *made) return;
    settings_ = std::move(made);
  }
  settings_changed_ = true;
  make_pool();
}

void ReceiverHost::make_pool() {
  const auto now = settings();
  std::size_t items = 1;
  if (now->is_iq()) {
    const double wanted = now->tuning.sample_rate.hertz() * seconds(block_time);
    items = static_cast<std::size_t>(
        std::clamp(wanted, static_cast<double>(fewest_samples), static_cast<double>(most_samples)));
  }
  const std::size_t bytes = items * now->item_bytes();
  if (pool_ && pool_->buffer_bytes() == bytes) return;
  if (pool_) pool_->retire();
  pool_ = std::make_shared<detail::BlockPool>(bytes, std::clamp(most_pool_bytes / bytes, fewest_blocks, most_blocks),
                                              most_pool_bytes, held_bytes_);
  scratch_ = std::make_unique_for_overwrite<std::byte[]>(bytes);
  pending_ = {};
}

void ReceiverHost::opened() {
  use(worker().hook("tune", hook_bound(), [this] { return receiver().tune({}); }));
  show();
}

DeviceHost::Action ReceiverHost::start_action() {
  return {.run = [this](const auto&) {
    if (streaming_) return Performed{};
    begin_stream();
    worker().moving_hook("start", hook_bound(), [this] { receiver().start(); });
    streaming_ = true;
    if (worker().was_stopped()) streaming_ = false;
    worker().take_turn();
    return Performed{};
  }};
}

void ReceiverHost::begin_stream() {
  items_ = 0;
  lost_ = 0;
  dropped_ = 0;
  position_ = 0;
  gap_ = 0;
  anchor_.reset();
  clock_ahead_.reset();
  pending_ = {};
  settings_changed_ = false;
}

BlockStream ReceiverHost::stream(const Issuer& issuer) {
  auto state = std::make_shared<BlockStream::State>([] {});
  {
    const std::lock_guard lock(mutex_);
    streams_.push_back(state);
  }
  BlockStream made(state);
  if (!streaming_) call(issuer, "start", {}, start_action());
  // It may have ended for want of a consumer between the two: then it begins again for this one.
  return made;
}

std::vector<ReceiverHost::StreamState> ReceiverHost::open_streams() {
  const std::lock_guard lock(mutex_);
  std::erase_if(streams_, [](const StreamState& stream) { return stream->is_closed(); });
  return streams_;
}

void ReceiverHost::end_streams(const std::optional<Error>& why) {
  std::vector<StreamState> streams;
  {
    const std::lock_guard lock(mutex_);
    streams.swap(streams_);
  }
  for (const StreamState& stream : streams) stream->end(why);
}

void ReceiverHost::on_stop() {
  streaming_ = false;
  end_streams(Error(ErrorCode::interrupted, place() + ": the receiver was stopped; ask for a new stream"));
}

void ReceiverHost::on_lost() {
  streaming_ = false;
  end_streams(Error(ErrorCode::device_lost,
                    place() + ": the driver no longer answers; look at its device, and open the site again"));
}

void ReceiverHost::on_close() {
  streaming_ = false;
  end_streams(Error(ErrorCode::interrupted, place() + ": the observatory was closed; open the site again"));
}

}  // namespace astro
