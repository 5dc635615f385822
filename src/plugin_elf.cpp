// SPDX-License-Identifier: BSD-3-Clause
#include "plugin_elf.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

namespace astro::detail {

namespace {

/// A text as C has it in a file's note.
std::string_view up_to_zero(std::string_view text) noexcept { return text.substr(0, text.find('\0')); }

constexpr std::uint64_t most_segments = 256;
constexpr std::uint64_t most_note_bytes = 1u << 16;
constexpr std::uint64_t most_dynamic_entries = 4096;
constexpr std::uint64_t most_symbols = 1u << 22;
constexpr std::uint64_t longest_symbol = 256;

#if defined(__x86_64__)
constexpr unsigned own_machine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned own_machine = EM_AARCH64;
#elif defined(__arm__)
constexpr unsigned own_machine = EM_ARM;
#elif defined(__i386__)
constexpr unsigned own_machine = EM_386;
#elif defined(__riscv)
constexpr unsigned own_machine = EM_RISCV;
#else
#error "name this architecture here"
#endif
constexpr unsigned own_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned own_data = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;

std::string machine_name(unsigned machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_ARM:
      return "32-bit ARM";
    case EM_386:
      return "i386";
    case EM_RISCV:
      return "RISC-V";
    default:
      return "machine " + std::to_string(machine);
  }
}

std::string bits_of(unsigned elf_class) { return elf_class == ELFCLASS32 ? "32 bits" : "64 bits"; }

constexpr std::uint64_t padded(std::uint64_t size) noexcept { return (size + 3) & ~std::uint64_t{3}; }

}  // namespace

CheckedFile::CheckedFile(const std::filesystem::path& path) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) throw ElfProblem{std::string("cannot be read: ") + std::strerror(errno)};
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw ElfProblem{"is no file: expected a shared library"};
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

CheckedFile::~CheckedFile() { ::close(descriptor_); }

void CheckedFile::read(std::uint64_t offset, void* into, std::uint64_t length) const {
  const ElfProblem truncated{"is truncated: it has " + std::to_string(size_) +
                             " bytes, fewer than its own headers say. Copy or build it again"};
  if (!has(offset, length)) throw truncated;
  auto* to = static_cast<std::byte*>(into);
  while (length > 0) {
    const ssize_t count = ::pread(descriptor_, to, length, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw truncated;  // it became shorter meanwhile
    to += count, offset += static_cast<std::uint64_t>(count), length -= static_cast<std::uint64_t>(count);
  }
}

ElfLibrary::ElfLibrary(const std::filesystem::path& path) : file_(path) {
  unsigned char identity[EI_NIDENT] = {};
  file_.read(0, identity, std::min<std::uint64_t>(file_.size(), EI_NIDENT));
  if (std::memcmp(identity, ELFMAG, SELFMAG) != 0) {
    throw ElfProblem{file_.size() == 0 ? "is empty: copy or build it again"
                                       : "is no shared library: it does not begin as an ELF file does"};
  }
  // The class decides how long the header is, so it comes before reading the header.
  if (file_.has(0, EI_NIDENT) && identity[EI_CLASS] != own_class) {
    throw ElfProblem{"was built for " + bits_of(identity[EI_CLASS]) + ", this program for " + bits_of(own_class) +
                     ": rebuild it on this machine"};
  }
  header_ = file_.at<ElfW(Ehdr)>(0);
  check_header();
  segments_.resize(header_.e_phnum);
  file_.read(header_.e_phoff, segments_.data(), segments_.size() * sizeof(ElfW(Phdr)));
  check_segments();
}

void ElfLibrary::check_header() const {
  if (header_.e_ident[EI_DATA] != own_data) {
    throw ElfProblem{"was built for the other byte order: rebuild it on this machine"};
  }
  if (header_.e_machine != own_machine) {
    throw ElfProblem{"was built for " + machine_name(header_.e_machine) + ", this program for " +
                     machine_name(own_machine) + ": rebuild it on this machine"};
  }
  if (header_.e_type != ET_DYN) throw ElfProblem{"is no shared library: link it with astro_add_plugin"};
  if (header_.e_phentsize != sizeof(ElfW(Phdr)) || header_.e_phnum == 0 || header_.e_phnum > most_segments) {
    throw ElfProblem{"is damaged: its program headers make no sense. Copy or build it again"};
  }
  // The linker writes the section headers last: a file that was cut anywhere lacks them.
  const std::uint64_t sections = std::uint64_t{header_.e_shnum} * header_.e_shentsize;
  if (header_.e_shnum != 0 && !file_.has(header_.e_shoff, sections)) file_.read(file_.size(), nullptr, 1);
}

void ElfLibrary::check_segments() const {
  for (const auto& segment : segments_) {
    if (segment.p_filesz != 0 && !file_.has(segment.p_offset, segment.p_filesz)) {
      throw ElfProblem{"is truncated: a segment ends beyond its " + std::to_string(file_.size()) +
                       " bytes. Copy or build it again"};
    }
  }
}

std::optional<std::string> ElfLibrary::note(const std::string& owner, std::uint32_t type) const {
  for (const auto& segment : segments_) {
    if (segment.p_type != PT_NOTE || segment.p_filesz > most_note_bytes) continue;
    std::uint64_t offset = segment.p_offset;
    const std::uint64_t end = offset + segment.p_filesz;
    while (end - offset >= sizeof(ElfW(Nhdr))) {
      const auto head = file_.at<ElfW(Nhdr)>(offset);
      offset += sizeof head;
      if (padded(head.n_namesz) > end - offset || padded(head.n_descsz) > end - offset - padded(head.n_namesz)) break;
      std::string name(head.n_namesz, '\0');
      file_.read(offset, name.data(), name.size());
      offset += padded(head.n_namesz);
      std::string text(head.n_descsz, '\0');
      file_.read(offset, text.data(), text.size());
      offset += padded(head.n_descsz);
      if (head.n_type == type && up_to_zero(name) == owner) return std::string(up_to_zero(text));
    }
  }
  return std::nullopt;
}

std::uint64_t ElfLibrary::offset_of(std::uint64_t address) const {
  for (const auto& segment : segments_) {
    if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
    if (address - segment.p_vaddr < segment.p_filesz) return segment.p_offset + (address - segment.p_vaddr);
  }
  throw ElfProblem{"is damaged: a table lies outside its segments. Copy or build it again"};
}

std::uint64_t ElfLibrary::dynamic(std::int64_t tag) const {
  const auto found =
      std::find_if(segments_.begin(), segments_.end(), [](const auto& s) { return s.p_type == PT_DYNAMIC; });
  if (found == segments_.end()) throw ElfProblem{"is no shared library: it has no dynamic section"};
  const std::uint64_t count = std::min<std::uint64_t>(found->p_filesz / sizeof(ElfW(Dyn)), most_dynamic_entries);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto entry = file_.at<ElfW(Dyn)>(found->p_offset + i * sizeof(ElfW(Dyn)));
    if (entry.d_tag == DT_NULL) break;
    if (entry.d_tag == tag) return entry.d_un.d_val;
  }
  return 0;
}

// A dynamic symbol table does not say how long it is: the hash tables beside it do.
std::uint64_t ElfLibrary::symbol_count() const {
  if (const std::uint64_t hash = dynamic(DT_HASH)) return file_.at<std::uint32_t>(offset_of(hash) + 4);
  if (const std::uint64_t hash = dynamic(DT_GNU_HASH)) return gnu_hash_symbol_count(offset_of(hash));
  return 0;
}

std::uint64_t ElfLibrary::gnu_hash_symbol_count(std::uint64_t table) const {
  const auto buckets = file_.at<std::uint32_t>(table);
  const auto first_hashed = file_.at<std::uint32_t>(table + 4);
  const auto filter_words = file_.at<std::uint32_t>(table + 8);
  if (buckets > most_symbols) throw ElfProblem{"is damaged: its symbol table makes no sense. Copy or build it again"};
  const std::uint64_t bucket_table = table + 16 + std::uint64_t{filter_words} * sizeof(ElfW(Addr));
  const std::uint64_t chains = bucket_table + std::uint64_t{buckets} * 4;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < buckets; ++i) {
    last = std::max<std::uint64_t>(last, file_.at<std::uint32_t>(bucket_table + i * 4));
  }
  if (last < first_hashed) return first_hashed;
  while ((file_.at<std::uint32_t>(chains + (last - first_hashed) * 4) & 1U) == 0) ++last;  // the file's end ends it too
  return last + 1;
}

std::vector<std::string> ElfLibrary::defined_symbols(const std::string& prefix) const {
  const std::uint64_t count = std::min(symbol_count(), most_symbols);
  const std::uint64_t symbols = count == 0 ? 0 : offset_of(dynamic(DT_SYMTAB));
  const std::uint64_t names = count == 0 ? 0 : offset_of(dynamic(DT_STRTAB));
  const std::uint64_t names_size = dynamic(DT_STRSZ);
  std::vector<std::string> found;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto symbol = file_.at<ElfW(Sym)>(symbols + i * sizeof(ElfW(Sym)));
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= names_size) continue;
    std::string name(std::min<std::uint64_t>(longest_symbol, names_size - symbol.st_name), '\0');
    file_.read(names + symbol.st_name, name.data(), name.size());
    name.resize(std::strlen(name.c_str()));
    if (name.starts_with(prefix)) found.push_back(std::move(name));
  }
  return found;
}

}  // namespace astro::detail
