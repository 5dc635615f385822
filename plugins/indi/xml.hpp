// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "astro/value.hpp"

// The elements of INDI's protocol 1.7 (Downey 2007-2011), as they come from a server. Read by Expat.
namespace indi {

enum class Kind : std::uint8_t { number, text, switches, light, blob };
enum class State : std::uint8_t { idle, ok, busy, alert };
enum class Rule : std::uint8_t { one_of_many, at_most_one, any_of_many };

/// One member of a property. Which of the values counts, the property's kind says.
struct Element {
  std::string name{};
  std::string label{};
  std::string text{};  ///< as it was sent; of a blob its format, ".fits.fz"
  double number = 0.0;
  double min = 0.0;
  double max = 0.0;  ///< equal to min: no range
  bool on = false;
  State light = State::idle;
  std::size_t size = 0;  ///< of a blob, when nothing compresses it any more
  astro::Bytes bytes{};  ///< of a blob
};

struct Message {
  enum class Does : std::uint8_t {
    define,   ///< def*Vector
    set,      ///< set*Vector
    remove,   ///< delProperty: the whole device when `name` is empty
    tell,     ///< message
    nothing,  ///< something else of the protocol, or of one to come
  };
  Does does = Does::nothing;
  Kind kind = Kind::number;
  std::string device{};
  std::string name{};
  std::string label{};
  std::string text{};  ///< a sentence for people
  bool has_state = false;
  State state = State::idle;
  bool is_writable = true;
  bool is_readable = true;
  Rule rule = Rule::any_of_many;
  std::vector<Element> elements{};
};

struct Bounds {
  std::size_t blob_bytes = std::size_t{256} << 20;  ///< decoded
};

/// Reads the endless document of a server, in pieces of any size. What is no INDI, or larger than anything that
/// makes sense, is `device_fault` with the reason; then no more can be fed.
class XmlReader {
 public:
  using Receive = std::function<void(Message&&)>;

  XmlReader(const Bounds& bounds, Receive receive);
  ~XmlReader();
  XmlReader(const XmlReader&) = delete;
  XmlReader& operator=(const XmlReader&) = delete;

  void feed(std::span<const std::byte> bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A number as INDI writes it, also sexagesimal: "-12:30:36", "10 15.5". Throws `device_fault`.
double parse_number(std::string_view text);

/// Text for an attribute or between tags.
std::string escaped(std::string_view text);

}  // namespace indi
