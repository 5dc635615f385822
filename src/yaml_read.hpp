// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/site.hpp"
#include "yaml_tree.hpp"

namespace astro::yaml {

/// A scalar with its environment variables filled in.
struct Scalar {
  std::string text{};
  bool plain = false;         ///< may be a number, a boolean
  std::string environment{};  ///< the variable that is in it: then it is never shown
};

/// Turns nodes into canonical values of fields, and collects what is wrong with them.
class Reader final {
 public:
  /// Names of the site's devices of a kind ("mount"), or null when there is no site to ask.
  using Names = std::function<std::vector<std::string>(std::string_view kind)>;

  explicit Reader(std::filesystem::path file, Names names = {});

  void complain(Place place, std::string message, std::string suggestion = {});
  std::vector<Problem>& problems() noexcept { return problems_; }
  bool has_problems() const noexcept { return !problems_.empty(); }
  /// Throws `SiteError` when there are problems: sorted, each once.
  void finish();

  /// From now on fields with `.names` are looked up here.
  void know(Names names) { names_ = std::move(names); }

  /// A map as a record: every field in the schema's order, with defaults. `missing` is where the
  /// record begins: there a required field is reported.
  Map record(std::span<const Field> fields, const Node& node, Place missing);
  /// The same without these keys, which somebody else reads.
  Map record(std::span<const Field> fields, const Node& node, Place missing, const std::vector<std::string>& others);
  /// The canonical value, or nothing when there was a problem. `key` is where a null is reported.
  std::optional<Value> value(const Field& field, const Node& node, Place key);
  /// The scalar's text with `${NAME}` replaced, or nothing when it is no scalar or a variable is missing.
  std::optional<Scalar> scalar(const Node& node, Place key, std::string_view expected);

  /// The path, counted from the folder of the file when it is relative.
  std::filesystem::path resolved(const std::filesystem::path& path) const;

 private:
  std::optional<Value> leaf(const Field& field, const Node& node, Place key);
  std::optional<Value> list(const Field& field, const Node& node);
  std::optional<Value> any(const Node& node);
  bool check_name(const Field& field, const Value& value, const Scalar& scalar, Place place);
  void complain_of(const Field& field, const Value& value, const Scalar& scalar, const std::string& complaint,
                   Place place);
  void unknown_key(const Entry& entry, std::span<const Field> fields, const std::vector<std::string>& others);

  std::filesystem::path file_;
  Names names_;
  std::vector<Problem> problems_{};
};

/// "known are a, b": for messages.
std::string known_are(const std::vector<std::string>& names);

}  // namespace astro::yaml
