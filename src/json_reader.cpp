// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "astro/error.hpp"
#include "astro/json.hpp"
#include "astro/value.hpp"
#include "json_text.hpp"
#include "utf8.hpp"
#include "validation.hpp"

namespace astro {

namespace {

constexpr int deepest = 64;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

constexpr std::size_t most_digits = 18;   // that an int64_t holds, whatever they are
constexpr std::size_t exact_digits = 15;  // that a double holds
constexpr std::array<double, exact_digits + 1> exact_powers{1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                            1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};  // of ten

/// For names, which are short: a call would cost more than it compares.
bool begins_with(const char* text, std::string_view name) noexcept {
  constexpr std::size_t word = sizeof(std::uint64_t);
  const auto word_at = [](const char* from) {
    std::uint64_t made = 0;
    std::memcpy(&made, from, word);
    return made;
  };
  if (name.size() < word) return std::equal(name.begin(), name.end(), text);
  const std::size_t last = name.size() - word;
  for (std::size_t i = 0; i < last; i += word) {
    if (word_at(text + i) != word_at(name.data() + i)) return false;
  }
  return word_at(text + last) == word_at(name.data() + last);
}

class Reader {
 public:
  explicit Reader(std::string_view text) noexcept : text_(text) {}

  Value read() {
    skip_blanks();
    Value value = read_value(0);
    skip_blanks();
    if (at_ < text_.size()) fail("expected the end of the text");
    return value;
  }

 protected:
  [[noreturn]] void fail(const std::string& problem) const {
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i < at_ && i < text_.size(); ++i) {
      const auto c = static_cast<unsigned char>(text_[i]);
      if (c == '\n') {
        ++line;
        column = 1;
      } else if ((c & 0xc0U) != 0x80U) {
        ++column;
      }
    }
    throw Error(ErrorCode::invalid_argument,
                "reading JSON, line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + problem);
  }

  char next() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_blanks() noexcept {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }

  bool take(char c) noexcept {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Value read_value(int depth) {
    if (depth > deepest) fail("nested deeper than " + std::to_string(deepest) + " levels");
    switch (next()) {
      case '{':
        return read_map(depth);
      case '[':
        return read_list(depth);
      case '"':
        return read_text();
      case 't':
        return read_word("true", true);
      case 'f':
        return read_word("false", false);
      case 'n':
        return read_word("null", nullptr);
      default:
        return read_number();
    }
  }

  Value read_word(std::string_view word, Value meaning) {
    if (text_.substr(at_, word.size()) != word) fail("expected a value");
    at_ += word.size();
    return meaning;
  }

  Value read_list(int depth) {
    ++at_;
    List list;
    skip_blanks();
    if (take(']')) return list;
    while (true) {
      skip_blanks();
      list.push_back(read_value(depth + 1));
      skip_blanks();
      if (take(']')) return list;
      if (!take(',')) fail("expected , or ] in a list");
    }
  }

  Value read_map(int depth) {
    const std::size_t begin = at_++;
    Map map;
    skip_blanks();
    if (take('}')) return map;
    while (true) {
      skip_blanks();
      if (next() != '"') fail("expected a key in double quotes");
      std::string key = read_text();
      skip_blanks();
      if (!take(':')) fail("expected : after a key");
      skip_blanks();
      map.emplace_back(std::move(key), read_value(depth + 1));
      skip_blanks();
      if (take('}')) break;
      if (!take(',')) fail("expected , or } in an object");
    }
    refuse_duplicates(map, begin);
    return map;
  }

  // Two readers may disagree on which of two equal keys counts, so that none is accepted.
  void refuse_duplicates(const Map& map, std::size_t begin) {
    std::vector<std::string_view> keys;
    keys.reserve(map.size());
    for (const auto& [key, value] : map) keys.push_back(key);
    std::ranges::sort(keys);
    const auto twice = std::ranges::adjacent_find(keys);
    if (twice == keys.end()) return;
    at_ = begin;
    fail("the key \"" + std::string(*twice) + "\" stands twice in this object");
  }

  std::string read_text() {
    ++at_;
    std::string made;
    while (true) {
      const std::size_t begin = at_;
      at_ = end_of_plain(text_, at_);
      made.append(text_, begin, at_ - begin);
      if (at_ >= text_.size()) fail("the text is not closed by a double quote");
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') break;
      if (c == '\\') read_escape(made);
      else read_character(made, c);
    }
    ++at_;
    return made;
  }

  void read_character(std::string& made, unsigned char c) {
    if (c < 0x20) fail("a control character in a text must be written as \\u00XX");
    const std::size_t length = utf8::length_at(text_, at_);
    if (length == 0) fail("these bytes are not UTF-8");
    made.append(text_, at_, length);
    at_ += length;
  }

  void read_escape(std::string& made) {
    ++at_;
    const char c = next();
    ++at_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        made += c;
        return;
      case 'b':
        made += '\b';
        return;
      case 'f':
        made += '\f';
        return;
      case 'n':
        made += '\n';
        return;
      case 'r':
        made += '\r';
        return;
      case 't':
        made += '\t';
        return;
      case 'u':
        return utf8::append(made, read_code_point());
      default:
        --at_;
        fail("expected one of \" \\ / b f n r t u after a backslash");
    }
  }

  std::uint32_t read_code_point() {
    const std::uint32_t first = read_four_digits();
    if (first < 0xd800 || first > 0xdfff) return first;
    if (first > 0xdbff || text_.substr(at_, 2) != "\\u") fail("half of a surrogate pair");
    at_ += 2;
    const std::uint32_t second = read_four_digits();
    if (second < 0xdc00 || second > 0xdfff) fail("half of a surrogate pair");
    return 0x10000U + ((first - 0xd800U) << 10U) + (second - 0xdc00U);
  }

  std::uint32_t read_four_digits() {
    std::uint32_t value = 0;
    const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() < 4 || result.ptr != digits.data() + 4) fail("expected four hexadecimal digits");
    at_ += 4;
    return value;
  }

  /// How a number is written.
  struct Written {
    std::uint64_t digits = 0;  ///< as an integer, without sign, point and exponent; of more than 19 the last bits
    std::size_t count = 0;     ///< of the digits
    std::size_t decimals = 0;
    bool is_negative = false;
    bool is_whole = true;
    bool has_exponent = false;
  };

  /// Moves over a number's grammar.
  Written scan_number() {
    Written number;
    number.is_negative = take('-');
    if (!take('0')) scan_digits(number, "expected a value");
    if (take('.')) {
      number.is_whole = false;
      number.decimals = scan_digits(number, "expected a digit after the point");
    }
    if (take('e') || take('E')) {
      number.is_whole = false;
      number.has_exponent = true;
      if (!take('+')) take('-');
      Written exponent;
      scan_digits(exponent, "expected a digit in the exponent");
    }
    return number;
  }

  std::size_t scan_digits(Written& number, const char* otherwise) {
    if (!is_digit(next())) fail(otherwise);
    const std::size_t begin = at_;
    std::uint64_t digits = number.digits;
    for (; is_digit(next()); ++at_) digits = 10 * digits + static_cast<std::uint64_t>(text_[at_] - '0');
    number.digits = digits;
    number.count += at_ - begin;
    return at_ - begin;
  }

  Value read_number() {
    const std::size_t begin = at_;
    const Written written = scan_number();
    if (written.is_whole && written.count <= most_digits) {
      const auto size = static_cast<std::int64_t>(written.digits);
      return written.is_negative ? -size : size;
    }
    if (!written.has_exponent && written.count <= exact_digits) {
      // A quotient of two doubles that are exact is the double next to it: W. D. Clinger, "How to read floating point
      // numbers accurately", PLDI 1990.
      const double size = static_cast<double>(written.digits) / exact_powers[written.decimals];
      return written.is_negative ? -size : size;
    }
    const char* first = text_.data() + begin;
    const char* last = text_.data() + at_;
    std::int64_t integer = 0;
    if (written.is_whole && std::from_chars(first, last, integer).ec == std::errc()) return integer;
    double number = 0.0;
    if (std::from_chars(first, last, number).ec == std::errc()) return number;
    // Out of a double's range: too small is zero or nearly so, too large has no meaning.
    long double wide = 0.0L;
    const bool read = std::from_chars(first, last, wide).ec == std::errc();
    number = static_cast<double>(wide);
    if (read && std::isfinite(number)) return number;
    at_ = begin;
    fail("this number is out of range");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Reads an object whose keys and values are as the record's own writer makes them; gives up at whatever else.
class RecordReader : private Reader {
 public:
  RecordReader(std::string_view text, void* record, std::span<const Member> members, const Schema& schema) noexcept
      : Reader(text), record_(record), members_(members), fields_(schema.fields) {}

  bool read() {
    skip_blanks();
    if (!take('{')) return false;
    std::uint64_t given = 0;  // a record has at most 40 members
    std::size_t expected = 0;
    while (true) {
      skip_blanks();
      const std::size_t index = read_key(expected);
      if (index == fields_.size() || (given >> index & 1U) != 0) return false;
      given |= std::uint64_t{1} << index;
      expected = index + 1;
      skip_blanks();
      if (!take(':')) return false;
      skip_blanks();
      if (!read_member(index)) return false;
      skip_blanks();
      if (take('}')) break;
      if (!take(',')) return false;
    }
    skip_blanks();
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if ((given >> i & 1U) == 0 && fields_[i].required) return false;
    }
    return at_ == text_.size();
  }

 private:
  /// Which field it names; their number where it names none.
  std::size_t read_key(std::size_t expected) noexcept {
    if (expected < fields_.size()) {
      const std::string_view name = fields_[expected].name;
      const std::string_view rest = text_.substr(at_);
      if (rest.size() > name.size() + 1 && rest.front() == '"' && rest[name.size() + 1] == '"' &&
          begins_with(rest.data() + 1, name)) {
        at_ += name.size() + 2;
        return expected;
      }
    }
    std::string_view key;
    if (!read_plain(key)) return fields_.size();
    const auto found = std::ranges::find(fields_, key, &Field::name);
    return static_cast<std::size_t>(found - fields_.begin());
  }

  /// A text without escapes, in ASCII.
  bool read_plain(std::string_view& made) noexcept {
    if (!take('"')) return false;
    const std::size_t begin = at_;
    at_ = end_of_plain(text_, at_);
    made = text_.substr(begin, at_ - begin);
    return take('"');
  }

  bool read_member(std::size_t index) {
    const Field& field = fields_[index];
    const Member& member = members_[index];
    if (next() == 'n' && field.nullable) {
      if (text_.substr(at_, 4) != "null") return false;
      at_ += 4;
      member.write(record_, Value());
      return true;
    }
    std::string_view plain;
    switch (field.type) {
      case FieldType::text:
        if (!field.unit.empty() || !read_plain(plain)) return false;
        return write_text(member, plain);
      case FieldType::choice:
        if (!read_plain(plain)) return false;
        return write_text(member, plain);  // throws at what is none of them
      case FieldType::integer: {
        const Value number = read_number();
        const auto* integer = number.get_if<std::int64_t>();
        if (integer == nullptr || !is_inside(field, static_cast<double>(*integer))) return false;
        member.write(record_, number);
        return true;
      }
      case FieldType::number: {
        const Value number = read_number();
        const auto* real = number.get_if<double>();
        if (real == nullptr || !is_inside(field, *real)) return false;
        member.write(record_, number);
        return true;
      }
      default: {
        Value canonical;
        if (!bring_into_form(field, read_value(0), canonical).empty()) return false;
        member.write(record_, canonical);
        return true;
      }
    }
  }

  static bool is_inside(const Field& field, double number) noexcept {
    return number >= field.min && number <= field.max;
  }

  bool write_text(const Member& member, std::string_view text) {
    scratch_.assign(text);
    member.write(record_, text_value_);
    return true;
  }

  void* record_;
  std::span<const Member> members_;
  std::span<const Field> fields_;
  Value text_value_{std::string()};
  std::string& scratch_ = *text_value_.get_if<std::string>();
};

}  // namespace

Value parse_json(std::string_view text) { return Reader(text).read(); }

bool detail::record_from_json(void* record, std::span<const Member> members, const Schema& schema,
                              std::string_view text) {
  try {
    return RecordReader(text, record, members, schema).read();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace astro
