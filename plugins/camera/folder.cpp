// SPDX-License-Identifier: BSD-3-Clause
#include "folder.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "astro/error.hpp"
#include "astro/files/cube.hpp"

namespace camera {

namespace {

constexpr std::chrono::milliseconds at_most(80);  // of a call of `fill`
constexpr std::uintmax_t largest_file = 1u << 30;
constexpr std::size_t most_values = 1u << 28;  // of an image, a GiB of floats

std::string ending_of(const fs::path& file) {
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

bool is_fits(const fs::path& file) {
  const std::string ending = ending_of(file);
  return ending == ".fits" || ending == ".fit" || ending == ".fts";
}

bool is_jpeg(const fs::path& file) {
  const std::string ending = ending_of(file);
  return ending == ".jpg" || ending == ".jpeg";
}

std::string text_of(const Size& size) {
  return std::to_string(size.columns) + " x " + std::to_string(size.rows) + " pixels of " + std::to_string(size.planes);
}

}  // namespace

astro::ReceiverDescription Folder::description() {
  return {.hook_bound = std::chrono::seconds(5), .open_bound = std::chrono::seconds(60)};
}

std::map<fs::path, Folder::State> Folder::look() const {
  std::map<fs::path, State> found;
  std::error_code error;
  for (fs::directory_iterator at(settings_.folder, error), end; !error && at != end; at.increment(error)) {
    // Programs that write beside and rename hide the file until then, as a rule by a dot.
    if (at->path().filename().string().starts_with('.') || (!is_fits(at->path()) && !is_jpeg(at->path()))) continue;
    std::error_code gone;
    const State state{at->last_write_time(gone), at->file_size(gone)};
    if (!gone) found.emplace(at->path(), state);
  }
  if (error) {
    throw astro::Error(astro::ErrorCode::device_fault, "looking for images in " + settings_.folder + ": " +
                                                           error.message() + "; see that the folder is there");
  }
  return found;
}

/// The planes of FITS lie one after the other, those of a frame side by side.
Folder::Image Folder::read_fits(const fs::path& file) const {
  const astro::files::Cube cube = astro::files::read_cube(file);
  const std::size_t axes = cube.shape.size();
  if (axes < 2 || axes > 3) {
    throw astro::Error(astro::ErrorCode::invalid_file, "reading the image " + file.string() + ": it has " +
                                                           std::to_string(axes) + " axes, expected 2 or 3");
  }
  Image image{.size = {cube.shape[axes - 2], cube.shape[axes - 1], axes == 3 ? cube.shape[0] : 1}};
  check(file, image.size);
  const std::size_t plane = image.size.rows * image.size.columns;
  image.pixels.resize(image.size.values());
  for (std::size_t p = 0; p < image.size.planes; ++p) {
    for (std::size_t i = 0; i < plane; ++i) image.pixels[i * image.size.planes + p] = cube.pixels[p * plane + i];
  }
  if (const astro::Value* date = cube.more.find("DATE-OBS");
      date != nullptr && date->get_if<std::string>() != nullptr) {
    try {
      image.time = astro::parse_time(date->as_text());
    } catch (const astro::Error&) {  // then it is the time at which it was found
    }
  }
  return image;
}

Folder::Image Folder::read_jpeg(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(stream), {}};
  const std::span image_bytes = std::as_bytes(std::span(bytes));
  Image image{.size = jpeg_.size_of(image_bytes)};
  check(file, image.size);  // before there is memory for what a small file may claim
  std::vector<std::uint8_t> values(image.size.values());
  jpeg_.decode(image_bytes, image.size, values);
  image.pixels.assign(values.begin(), values.end());
  return image;
}

void Folder::check(const fs::path& file, const Size& size) const {
  const auto refuse = [&](const std::string& expected) {
    throw astro::Error(astro::ErrorCode::invalid_file,
                       "reading the image " + file.string() + ": it has " + text_of(size) + ", expected " + expected);
  };
  if (size.values() > most_values) refuse("at most " + std::to_string(most_values) + " in all");
  if (size_ != Size{} && size != size_) refuse(text_of(size_));
}

Folder::Image Folder::read(const fs::path& file) {
  if (fs::file_size(file) > largest_file)
    throw astro::Error(astro::ErrorCode::invalid_file,
                       "reading the image " + file.string() + ": it is larger than 1 GiB");
  return is_fits(file) ? read_fits(file) : read_jpeg(file);
}

void Folder::open(astro::Emitter& host) {
  known_ = look();
  size_ = {};
  if (settings_.columns > 0 && settings_.rows > 0) {
    size_ = {static_cast<std::size_t>(settings_.rows), static_cast<std::size_t>(settings_.columns),
             static_cast<std::size_t>(settings_.planes)};
  } else if (!known_.empty()) {
    size_ = read(known_.begin()->first).size;
  } else {
    throw astro::Error(astro::ErrorCode::invalid_argument,
                       "opening the folder " + settings_.folder +
                           " as a camera: no image is in it that would say how large they are; expected the settings "
                           "\"columns\" and \"rows\", or an image");
  }
  host_ = &host;
}

void Folder::close() noexcept {
  stop();
  watcher_ = {};
  host_ = nullptr;
}

void Folder::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
}

astro::StreamSettings Folder::tune(const astro::Tuning&) {
  astro::StreamSettings stream;
  stream.dtype = astro::Dtype::f32;
  stream.item_shape = {size_.rows, size_.columns, size_.planes};
  stream.item_period = settings_.every;
  stream.recorded = settings_.existing;
  return stream;
}

void Folder::start() {
  watcher_ = {};  // of the stream before
  known_ = settings_.existing ? std::map<fs::path, State>{} : look();
  waiting_.clear();
  left_out_ = 0;
  const std::lock_guard lock(mutex_);
  stopped_ = false;
  ready_.reset();
  failure_.clear();
  watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

void Folder::watch(const std::stop_token& stop) {
  const auto is_over = [&] { return stopped_ || stop.stop_requested(); };
  for (;;) {
    try {
      find_new();
      for (const fs::path& file : resting()) {
        auto image = take(file);
        if (image && !hand_over(*std::move(image), stop)) return;
      }
    } catch (const std::exception& error) {
      const std::lock_guard lock(mutex_);
      failure_ = error.what();
      wake_.notify_all();
      return;
    }
    std::unique_lock lock(mutex_);
    if (wake_.wait_for(lock, stop, settings_.look_every, is_over) || is_over()) return;
  }
}

/// Waits until the one before is fetched; false when nobody wants any more.
bool Folder::hand_over(Image image, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, stop, [this] { return stopped_ || !ready_; });
  if (stopped_ || stop.stop_requested()) return false;
  ready_ = std::move(image);
  wake_.notify_all();
  return true;
}

void Folder::find_new() {
  const auto now = Steady::now();
  looked_ = now;
  const auto there = look();
  std::erase_if(known_, [&](const auto& each) { return !there.contains(each.first); });
  std::erase_if(waiting_, [&](const auto& each) { return !there.contains(each.first); });
  for (const auto& [file, state] : there) {
    const auto known = known_.find(file);
    if (known != known_.end() && known->second == state) continue;
    Waiting& waiting = waiting_.try_emplace(file, Waiting{state, now}).first->second;
    if (waiting.state != state) waiting = {state, now};
  }
}

/// Those that have not changed between two looks, the oldest first.
std::vector<fs::path> Folder::resting() const {
  std::vector<fs::path> files;
  for (const auto& [file, waiting] : waiting_) {
    if (looked_ - waiting.since >= settings_.look_every) files.push_back(file);
  }
  std::ranges::stable_sort(files, {}, [this](const fs::path& file) { return waiting_.at(file).state.written; });
  return files;
}

/// Nothing when it cannot be read (yet).
std::optional<Folder::Image> Folder::take(const fs::path& file) {
  const Waiting waiting = waiting_.at(file);
  try {
    Image image = read(file);
    image.lost = std::exchange(left_out_, 0);
    known_[file] = waiting.state;
    waiting_.erase(file);
    return image;
  } catch (const std::exception& error) {
    if (Steady::now() - waiting.since < settings_.patience) return std::nullopt;
    host_->log(astro::LogLevel::warning, std::string(error.what()) + "; it is left out");
    known_[file] = waiting.state;
    waiting_.erase(file);
    ++left_out_;
    return std::nullopt;
  }
}

astro::Filled Folder::fill(std::span<std::byte> buffer) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, at_most, [this] { return stopped_ || ready_ || !failure_.empty(); });
  if (!failure_.empty()) throw astro::Error(astro::ErrorCode::device_fault, failure_);
  if (stopped_ || !ready_) return {};
  const Image image = *std::exchange(ready_, std::nullopt);
  wake_.notify_all();
  lock.unlock();
  std::memcpy(buffer.data(), image.pixels.data(), image.pixels.size() * sizeof(float));
  return {.items = 1, .lost = image.lost, .time = image.time};
}

}  // namespace camera
