// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <elf.h>
#include <link.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace astro::detail {

/// What is wrong with the file, as a clause that follows its name.
struct ElfProblem {
  std::string clause;
};

/// A file that is read at checked offsets: whatever its headers claim, nothing outside it is touched.
class CheckedFile final {
 public:
  explicit CheckedFile(const std::filesystem::path& path);
  ~CheckedFile();
  CheckedFile(const CheckedFile&) = delete;
  CheckedFile& operator=(const CheckedFile&) = delete;

  std::uint64_t size() const noexcept { return size_; }
  bool has(std::uint64_t offset, std::uint64_t length) const noexcept {
    return length <= size_ && offset <= size_ - length;
  }
  /// Throws `ElfProblem` ("is truncated ...") when the file has no such bytes.
  void read(std::uint64_t offset, void* into, std::uint64_t length) const;
  template <class T>
  T at(std::uint64_t offset) const {
    T value;
    read(offset, &value, sizeof value);
    return value;
  }

 private:
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

/// A shared library as the dynamic loader will see it (System V ABI, chapters 4 and 5): checked to
/// be whole and of this program's architecture. All functions throw `ElfProblem`.
class ElfLibrary final {
 public:
  explicit ElfLibrary(const std::filesystem::path& path);

  /// The text of the note of this owner and type, without the zeros at its end.
  std::optional<std::string> note(const std::string& owner, std::uint32_t type) const;
  /// Names of the dynamic symbols that it defines and that begin so.
  std::vector<std::string> defined_symbols(const std::string& prefix) const;

 private:
  void check_header() const;
  void check_segments() const;
  std::uint64_t offset_of(std::uint64_t address) const;
  std::uint64_t dynamic(std::int64_t tag) const;
  std::uint64_t symbol_count() const;
  std::uint64_t gnu_hash_symbol_count(std::uint64_t table) const;

  CheckedFile file_;
  ElfW(Ehdr) header_{};
  std::vector<ElfW(Phdr)> segments_;
};

}  // namespace astro::detail
