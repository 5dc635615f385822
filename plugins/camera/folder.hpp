// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "astro/receiver.hpp"
#include "astro/record.hpp"
#include "jpeg.hpp"

namespace camera {

namespace fs = std::filesystem;

/// A folder into which another program writes images, as a camera: each file that appears there, or is written anew,
/// is a frame. A file is read when it does not change any more.
class Folder final : public astro::Receiver {
 public:
  struct Settings {
    std::string folder{};
    bool existing = false;
    std::int64_t columns = 0;
    std::int64_t rows = 0;
    std::int64_t planes = 1;
    astro::Duration look_every = std::chrono::milliseconds(500);
    astro::Duration patience = std::chrono::seconds(20);
    astro::Duration every = std::chrono::seconds(10);
  };
  static astro::ReceiverDescription description();

  explicit Folder(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  astro::StreamSettings tune(const astro::Tuning& wanted) override;
  void start() override;
  astro::Filled fill(std::span<std::byte> buffer) override;

 private:
  using Steady = std::chrono::steady_clock;

  struct State {
    fs::file_time_type written{};
    std::uintmax_t bytes = 0;
    bool operator==(const State&) const = default;
  };
  struct Waiting {
    State state{};
    Steady::time_point since{};  ///< it has not changed
  };
  struct Image {
    Size size{};
    std::vector<float> pixels{};
    std::optional<astro::Time> time{};
    std::uint64_t lost = 0;  ///< before it
  };

  std::map<fs::path, State> look() const;
  Image read(const fs::path& file);
  Image read_fits(const fs::path& file) const;
  void check(const fs::path& file, const Size& size) const;
  Image read_jpeg(const fs::path& file);
  void watch(const std::stop_token& stop);
  void find_new();
  std::vector<fs::path> resting() const;
  std::optional<Image> take(const fs::path& file);
  bool hand_over(Image image, const std::stop_token& stop);

  const Settings settings_;
  astro::Emitter* host_ = nullptr;
  Size size_{};
  Jpeg jpeg_;
  // Of the thread that looks and reads, which may take longer than `fill` may wait.
  std::map<fs::path, State> known_{};      ///< given out, or there before
  std::map<fs::path, Waiting> waiting_{};  ///< seen, and not given out yet
  Steady::time_point looked_{};
  std::uint64_t left_out_ = 0;  ///< images that could not be read since the last good one

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::optional<Image> ready_{};
  bool stopped_ = true;
  std::string failure_{};  ///< the folder is gone
  std::jthread watcher_;
};

}  // namespace camera

template <>
struct astro::Description<camera::Folder::Settings> {
  using S = camera::Folder::Settings;
  static constexpr std::array fields{
      field<&S::folder>("folder", {.unit = "path", .says = "where the images appear: FITS, JPEG", .required = true}),
      field<&S::existing>("existing", {.says = "gives out those that are there already, too, oldest first"}),
      field<&S::columns>("columns",
                         {.min = 0, .max = 65536, .says = "of an image; 0: those of the first in the folder"}),
      field<&S::rows>("rows", {.min = 0, .max = 65536, .says = "of an image; 0: those of the first in the folder"}),
      field<&S::planes>("planes", {.min = 1, .max = 64, .says = "of an image, where columns and rows are given"}),
      field<&S::look_every>("look_every",
                            {.min = 0.01, .max = 60, .says = "from one look into the folder to the next"}),
      field<&S::patience>("patience",
                          {.min = 0, .max = 3600, .says = "so long a file that cannot be read is tried again"}),
      field<&S::every>("every", {.min = 0.001, .max = 86400, .says = "from one image to the next, about"})};
};
