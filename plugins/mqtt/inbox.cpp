// SPDX-License-Identifier: BSD-3-Clause
#include "inbox.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "astro/error.hpp"

namespace astro::mqtt {

namespace {

class Writer {
 public:
  explicit Writer(std::string& into) : into_(into) {}
  void put(std::int64_t value) { into_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void put(std::string_view text) {
    put(static_cast<std::int64_t>(text.size()));
    into_.append(text);
  }

 private:
  std::string& into_;
};

/// Of a file that a crash may have cut off: `is_good` says whether all was there.
class Reader {
 public:
  explicit Reader(std::string_view from) : rest_(from) {}
  std::int64_t number() {
    std::int64_t value = 0;
    const std::string_view bytes = take(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view text() {
    const std::int64_t size = number();
    return size < 0 ? take(rest_.size() + 1) : take(static_cast<std::size_t>(size));
  }
  bool is_good() const noexcept { return is_good_ && rest_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    is_good_ = is_good_ && size <= rest_.size();
    const std::string_view taken = is_good_ ? rest_.substr(0, size) : std::string_view();
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest_;
  bool is_good_ = true;
};

std::string packed(const Message& message) {
  std::string bytes;
  Writer writer(bytes);
  writer.put(message.topic);
  writer.put(message.key);
  writer.put({reinterpret_cast<const char*>(message.body.data()), message.body.size()});
  writer.put(message.time.time_since_epoch().count());
  writer.put(message.lifetime.count());
  writer.put(message.retained ? 1 : 0);
  for (const Header& header : message.headers) {
    writer.put(header.name);
    writer.put(header.value);
  }
  writer.put(std::string_view());  // no header has an empty name
  return bytes;
}

std::optional<broker::Parcel> unpacked(std::string_view bytes) {
  Reader reader(bytes);
  Message message;
  std::vector<Header> headers;
  message.topic = reader.text();
  message.key = reader.text();
  message.body = std::as_bytes(std::span(reader.text()));
  message.time = Time(Duration(reader.number()));
  message.lifetime = Duration(reader.number());
  message.retained = reader.number() != 0;
  for (std::string_view name = reader.text(); !name.empty(); name = reader.text())
    headers.push_back({name, reader.text()});
  if (!reader.is_good()) return {};
  message.headers = headers;
  return broker::Parcel(message);
}

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Inbox::Inbox(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::filesystem::create_directories(folder_);
  if (const auto there = numbers(); !there.empty()) next_ = there.back() + 1;
}

std::filesystem::path Inbox::file(std::uint64_t number) const { return folder_ / std::to_string(number); }

std::vector<std::uint64_t> Inbox::numbers() const {
  std::vector<std::uint64_t> numbers;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename();
    std::uint64_t number = 0;
    const auto end = std::from_chars(name.data(), name.data() + name.size(), number);
    if (end.ec == std::errc() && end.ptr == name.data() + name.size()) numbers.push_back(number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

std::vector<std::pair<std::uint64_t, broker::Parcel>> Inbox::left() const {
  std::vector<std::pair<std::uint64_t, broker::Parcel>> left;
  for (const std::uint64_t number : numbers()) {
    // One that was cut off was not confirmed either: the broker sends it again.
    if (auto parcel = unpacked(content(file(number)))) left.emplace_back(number, std::move(*parcel));
    else std::filesystem::remove(file(number));
  }
  return left;
}

std::uint64_t Inbox::put(const Message& message) {
  const std::uint64_t number = next_++;
  const std::string bytes = packed(message);
  const std::filesystem::path path = file(number);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool is_written =
      descriptor >= 0 && ::write(descriptor, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  const int problem = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!is_written) {
    ::unlink(path.c_str());
    throw Error(ErrorCode::storage, "keeping a message in " + path.string() + ": " + std::strerror(problem) +
                                        "; make room, or a crash now loses it");
  }
  return number;
}

void Inbox::remove(std::uint64_t number) noexcept { ::unlink(file(number).c_str()); }

}  // namespace astro::mqtt
