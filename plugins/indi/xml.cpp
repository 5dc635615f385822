// SPDX-License-Identifier: BSD-3-Clause
#include "xml.hpp"

#include <expat.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <exception>
#include <optional>
#include <set>
#include <utility>

#include "astro/error.hpp"

namespace indi {

namespace {

constexpr std::size_t longest_tag = std::size_t{64} * 1024;   // with its attributes
constexpr std::size_t longest_text = std::size_t{64} * 1024;  // of what is no blob
constexpr std::size_t longest_name = 256;                     // of a device, a property, an element
constexpr std::size_t most_elements = 4096;                   // of a property
constexpr std::size_t most_words = std::size_t{4} << 20;      // bytes of names, labels and texts in a message
constexpr std::size_t most_unknown_names = 200;               // Expat keeps each for ever
constexpr std::size_t blob_piece = std::size_t{48} * 1024;    // bytes that are reserved ahead of what has come

[[noreturn]] void refuse(const std::string& what) {
  throw astro::Error(astro::ErrorCode::device_fault, "what came is no INDI: " + what);
}

std::string shown(std::string_view text) { return '"' + std::string(text.substr(0, 40)) + '"'; }

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

State state_in(std::string_view text) {
  constexpr std::array<std::string_view, 4> names{"Idle", "Ok", "Busy", "Alert"};
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) refuse("a state " + shown(text) + ", expected Idle, Ok, Busy or Alert");
  return static_cast<State>(found - names.begin());
}

Rule rule_in(std::string_view text) {
  if (text == "OneOfMany") return Rule::one_of_many;
  if (text == "AtMostOne") return Rule::at_most_one;
  if (text == "AnyOfMany") return Rule::any_of_many;
  refuse("a rule " + shown(text) + ", expected OneOfMany, AtMostOne or AnyOfMany");
}

std::optional<Kind> kind_in(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, Kind>, 5> kinds{{{"Number", Kind::number},
                                                                    {"Text", Kind::text},
                                                                    {"Switch", Kind::switches},
                                                                    {"Light", Kind::light},
                                                                    {"BLOB", Kind::blob}}};
  const auto found = std::ranges::find(kinds, name, &std::pair<std::string_view, Kind>::first);
  return found == kinds.end() ? std::nullopt : std::optional(found->second);
}

const std::set<std::string_view> known_attributes{
    "device",  "name",   "label", "group", "state", "perm", "rule", "timeout", "timestamp", "message",
    "version", "format", "min",   "max",   "step",  "size", "len",  "enclen",  "value",     "uid"};

/// The attributes of one tag: null, or name, value, name, value, ...
class Attributes {
 public:
  explicit Attributes(const XML_Char** pairs) : pairs_(pairs) {}

  std::optional<std::string_view> find(std::string_view name) const {
    for (const XML_Char** pair = pairs_; *pair != nullptr; pair += 2) {
      if (name == pair[0]) return pair[1];
    }
    return std::nullopt;
  }
  std::string text(std::string_view name) const { return std::string(find(name).value_or("")); }
  std::string name(const std::string& tag) const {
    const auto found = find("name");
    if (!found || found->empty()) refuse("a tag " + tag + " without a name");
    if (found->size() > longest_name) refuse("a name of " + std::to_string(found->size()) + " letters");
    return std::string(*found);
  }
  double number(std::string_view name) const {
    const auto found = find(name);
    return found ? parse_number(*found) : 0.0;
  }

 private:
  const XML_Char** pairs_;
};

/// Base64 that comes in pieces.
class Base64 {
 public:
  Base64() : context_(EVP_ENCODE_CTX_new()) { EVP_DecodeInit(context_); }
  ~Base64() { EVP_ENCODE_CTX_free(context_); }
  Base64(const Base64&) = delete;
  Base64& operator=(const Base64&) = delete;

  void add(std::string_view text, astro::Bytes& to, std::size_t most) {
    while (!text.empty()) {
      const std::string_view piece = text.substr(0, blob_piece);
      text.remove_prefix(piece.size());
      const std::size_t before = to.size();
      to.resize(before + piece.size() + 8);
      int made = 0;
      const int did =
          EVP_DecodeUpdate(context_, reinterpret_cast<unsigned char*>(to.data() + before), &made,
                           reinterpret_cast<const unsigned char*>(piece.data()), static_cast<int>(piece.size()));
      if (did < 0) refuse("a blob whose base64 is broken");
      to.resize(before + static_cast<std::size_t>(made));
      if (to.size() > most) {
        refuse("a blob of more than " + std::to_string(most) +
               " bytes; let `largest_frame` be larger if that is right");
      }
    }
  }
  void end() {
    std::array<unsigned char, 64> rest{};
    int made = 0;
    if (EVP_DecodeFinal(context_, rest.data(), &made) < 0) refuse("a blob whose base64 ends within a byte");
  }

 private:
  EVP_ENCODE_CTX* context_;
};

}  // namespace

double parse_number(std::string_view text) {
  const std::string_view whole = trimmed(text);
  std::string_view rest = whole;
  const bool is_negative = rest.starts_with('-');
  if (is_negative || rest.starts_with('+')) rest.remove_prefix(1);
  double value = 0.0;
  double unit = 1.0;
  for (int part = 0; part < 3 && !rest.empty(); ++part, unit /= 60.0) {
    double number = 0.0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    if (error != std::errc() || !std::isfinite(number) || (part > 0 && number < 0.0)) break;
    value += number * unit;
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (rest.empty()) return is_negative ? -value : value;
    if (rest.front() != ':' && rest.front() != ' ' && rest.front() != ';') break;
    rest.remove_prefix(1);
  }
  refuse("a number " + shown(whole));
}

std::string escaped(std::string_view text) {
  std::string made;
  for (const char c : text) {
    switch (c) {
      case '&':
        made += "&amp;";
        break;
      case '<':
        made += "&lt;";
        break;
      case '>':
        made += "&gt;";
        break;
      case '"':
        made += "&quot;";
        break;
      case '\'':
        made += "&apos;";
        break;
      default:
        made += c;
    }
  }
  return made;
}

struct XmlReader::State {
  State(const Bounds& given, Receive to) : bounds(given), receive(std::move(to)) {
    parser = XML_ParserCreate("UTF-8");
    if (parser == nullptr) throw std::bad_alloc();
    XML_SetUserData(parser, this);
    XML_SetElementHandler(parser, &begin_tag, &end_tag);
    XML_SetCharacterDataHandler(parser, &some_text);
    // The server's document has no root and no end: it stands in one of ours.
    constexpr std::string_view root = "<indi>";
    (void)XML_Parse(parser, root.data(), static_cast<int>(root.size()), XML_FALSE);
  }
  ~State() { XML_ParserFree(parser); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// No exception may cross Expat, which is C.
  template <class Work>
  static void guarded(void* self, Work work) noexcept {
    auto& state = *static_cast<State*>(self);
    state.unread = 0;
    if (state.failure) return;
    try {
      work(state);
    } catch (...) {
      state.failure = std::current_exception();
      XML_StopParser(state.parser, XML_FALSE);
    }
  }
  static void XMLCALL begin_tag(void* self, const XML_Char* name, const XML_Char** attributes) {
    guarded(self, [&](State& state) { state.begin(name, attributes); });
  }
  static void XMLCALL end_tag(void* self, const XML_Char*) {
    guarded(self, [](State& state) { state.end(); });
  }
  static void XMLCALL some_text(void* self, const XML_Char* text, int size) {
    guarded(self, [&](State& state) { state.add({text, static_cast<std::size_t>(size)}); });
  }

  void count(std::size_t bytes) {
    words += bytes;
    if (words > most_words) refuse("more text than a property has in " + shown(message.name));
  }

  void check_new(std::string_view name) {
    if (name.size() > longest_name) refuse("a name of " + std::to_string(name.size()) + " letters");
    unknown.insert(std::string(name));
    if (unknown.size() > most_unknown_names) refuse("too many names that INDI does not have, " + shown(name));
  }

  void begin(const std::string& name, const XML_Char** pairs) {
    const Attributes attributes(pairs);
    for (; *pairs != nullptr; pairs += 2) {
      if (!known_attributes.contains(pairs[0])) check_new(pairs[0]);
    }
    switch (depth++) {
      case 0:
        return;  // the root
      case 1:
        return begin_message(name, attributes);
      case 2:
        return begin_element(name, attributes);
      default:
        refuse("tags within tags within tags, " + shown(name));
    }
  }

  void begin_message(const std::string& name, const Attributes& attributes) {
    message = {};
    words = 0;
    blob_left = bounds.blob_bytes;
    const std::string_view tag = name;
    if (tag == "delProperty") message.does = Message::Does::remove;
    else if (tag == "message") message.does = Message::Does::tell;
    else if (const auto kind =
                 tag.size() > 9 && tag.ends_with("Vector") ? kind_in(tag.substr(3, tag.size() - 9)) : std::nullopt) {
      message.kind = *kind;
      if (tag.starts_with("def")) message.does = Message::Does::define;
      if (tag.starts_with("set")) message.does = Message::Does::set;
    }
    if (message.does == Message::Does::nothing) return check_new(name);
    message.device = attributes.text("device");
    message.text = attributes.text("message");
    if (message.does == Message::Does::tell) return;
    message.name = attributes.text("name");
    if (std::max(message.device.size(), message.name.size()) > longest_name) refuse("a name without an end");
    if (message.does == Message::Does::remove) return;
    message.name = attributes.name(name);
    message.label = attributes.text("label");
    if (const auto state = attributes.find("state")) {
      message.has_state = true;
      message.state = state_in(*state);
    }
    if (message.does != Message::Does::define) return;
    const std::string perm = attributes.text("perm");
    message.is_writable = message.kind != Kind::light && perm != "ro";
    message.is_readable = perm != "wo";
    if (message.kind == Kind::switches) message.rule = rule_in(attributes.text("rule"));
  }

  void begin_element(const std::string& name, const Attributes& attributes) {
    if (message.does != Message::Does::define && message.does != Message::Does::set) return check_new(name);
    if (message.elements.size() == most_elements) refuse("a property with too many elements, " + shown(message.name));
    Element element;
    element.name = attributes.name(name);
    element.label = attributes.text("label");
    count(element.name.size() + element.label.size());
    if (message.kind == Kind::number) {
      element.min = attributes.number("min");
      element.max = attributes.number("max");
    }
    if (message.kind == Kind::blob && message.does == Message::Does::set) {
      const double size = attributes.number("size");
      if (!(size >= 0.0 && size <= static_cast<double>(bounds.blob_bytes))) {
        refuse("a blob of " + attributes.text("size") + " bytes, more than the " + std::to_string(bounds.blob_bytes) +
               " that `largest_frame` allows");
      }
      element.size = static_cast<std::size_t>(size);
      element.text = attributes.text("format");
      base64.emplace();
    }
    message.elements.push_back(std::move(element));
  }

  void add(std::string_view text) {
    if (depth != 3 || message.elements.empty()) return;
    Element& element = message.elements.back();
    if (base64) return base64->add(text, element.bytes, blob_left);
    if (element.text.size() + text.size() > longest_text) refuse("a text without an end in " + shown(message.name));
    count(text.size());
    element.text += text;
  }

  void end() {
    --depth;
    if (depth == 2 && !message.elements.empty()) end_element(message.elements.back());
    if (depth == 1 && message.does != Message::Does::nothing) receive(std::exchange(message, {}));
  }

  void end_element(Element& element) {
    if (message.kind == Kind::blob) {
      if (base64) base64->end();
      base64.reset();
      blob_left -= element.bytes.size();
      return;
    }
    element.text = std::string(trimmed(element.text));
    if (message.kind == Kind::number) element.number = parse_number(element.text);
    if (message.kind == Kind::light) element.light = state_in(element.text);
    if (message.kind != Kind::switches) return;
    if (element.text != "On" && element.text != "Off") refuse("a switch " + shown(element.text) + ", not On or Off");
    element.on = element.text == "On";
  }

  const Bounds bounds;
  const Receive receive;
  XML_Parser parser = nullptr;
  std::exception_ptr failure;
  int depth = 0;
  std::size_t unread = 0;  ///< bytes since Expat last said something: those of a tag that has not ended
  Message message;
  std::size_t words = 0;      ///< bytes of it, without blobs
  std::size_t blob_left = 0;  ///< bytes that its blobs may still have
  std::optional<Base64> base64;
  std::set<std::string> unknown;
};

XmlReader::XmlReader(const Bounds& bounds, Receive receive)
    : state_(std::make_unique<State>(bounds, std::move(receive))) {}
XmlReader::~XmlReader() = default;

void XmlReader::feed(std::span<const std::byte> bytes) {
  constexpr std::size_t piece = std::size_t{16} * 1024;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    const auto part = bytes.subspan(at, std::min(piece, bytes.size() - at));
    state_->unread += part.size();
    const auto done =
        XML_Parse(state_->parser, reinterpret_cast<const char*>(part.data()), static_cast<int>(part.size()), XML_FALSE);
    if (state_->failure) std::rethrow_exception(state_->failure);
    if (done != XML_STATUS_OK) refuse(XML_ErrorString(XML_GetErrorCode(state_->parser)));
    if (state_->unread > longest_tag) refuse("a tag without an end");
  }
}

}  // namespace indi
