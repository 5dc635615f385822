// SPDX-License-Identifier: BSD-3-Clause
#include "yaml_tree.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "text.hpp"
#include "yaml_source.hpp"

namespace astro::yaml {

namespace {

// Builds the tree from yaml-cpp's events; what must end the reading is thrown as `Trouble`.
class Builder final : public YAML::EventHandler {
 public:
  Builder(const Places& places, std::vector<Trouble>& troubles) : places_(places), troubles_(troubles) {}

  NodePtr root() const noexcept { return root_; }
  /// Where the innermost map or list that is open began.
  Place innermost(Place otherwise) const noexcept { return open_.empty() ? otherwise : open_.back().node->place; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Trouble{at(mark), "a second document begins: expected one"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(mark, anchor, {}, false, true); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    // yaml-cpp lets the end of the file end a quote too.
    if (is_unclosed_quote(places_.from(mark.line, mark.column))) throw Trouble{at(mark), "a quote is not closed"};
    leaf(mark, anchor, value, tag == "?", false);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw Trouble{at(mark), "an alias stands inside of what it stands for: a cycle"};
    put(found->second, at(mark));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Node::Kind::list);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(mark, tag, anchor, Node::Kind::map);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapEnd() override { end(); }

 private:
  struct Open {
    std::shared_ptr<Node> node;
    YAML::anchor_t anchor;
    bool has_key = false;
    bool skipped = false;  // the value of a key that is refused
    Entry entry{};
  };

  Place at(const YAML::Mark& mark) const noexcept { return places_.at(mark.line, mark.column); }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) const {
    if (tag.empty() || tag == "?" || tag == "!") return;
    throw Trouble{at(mark), "a tag (" + text::quoted(tag) + ") is not read here: leave it out"};
  }

  bool expects_key() const noexcept {
    return !open_.empty() && open_.back().node->kind == Node::Kind::map && !open_.back().has_key;
  }

  void begin(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    refuse_tag(mark, tag);
    if (expects_key()) throw Trouble{at(mark), "a key is a map or a list: expected a name"};
    if (open_.size() >= deepest) {
      throw Trouble{at(mark), "nested too deeply: expected at most " + std::to_string(deepest) + " levels"};
    }
    auto node = std::make_shared<Node>();
    node->kind = kind, node->place = at(mark);
    open_.push_back({std::move(node), anchor});
  }

  void end() {
    const Open closed = std::move(open_.back());
    open_.pop_back();
    if (closed.anchor != 0) anchors_[closed.anchor] = closed.node;
    put(closed.node, closed.node->place);
  }

  void leaf(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& text, bool plain, bool null) {
    auto node = std::make_shared<Node>();
    node->kind = null ? Node::Kind::null : Node::Kind::scalar;
    node->place = at(mark), node->plain = plain, node->text = text;
    if (anchor != 0) anchors_[anchor] = node;
    put(node, node->place);
  }

  void put(const NodePtr& node, Place place) {
    if (open_.empty()) {
      root_ = node;
    } else if (Open& parent = open_.back(); parent.node->kind == Node::Kind::list) {
      grow(*parent.node, *node, place);
      parent.node->list.push_back(node);
    } else if (!parent.has_key) {
      put_key(parent, *node, place);
    } else {
      put_value(parent, node, place);
    }
  }

  void put_key(Open& parent, const Node& key, Place place) {
    if (key.kind != Node::Kind::scalar)
      throw Trouble{place, "a key is " + std::string(describe(key)) + ": expected a name"};
    parent.has_key = true;
    parent.entry = {key.text, place, {}};
    const Entry* first = parent.node->find(key.text);
    parent.skipped = first != nullptr;
    if (first != nullptr) {
      troubles_.push_back({place, text::quoted(key.text) + " stands here twice, first in line " +
                                      std::to_string(first->place.line) + ": remove one"});
    }
  }

  void put_value(Open& parent, const NodePtr& node, Place place) {
    parent.has_key = false;
    if (parent.skipped) return;
    grow(*parent.node, *node, place);
    parent.entry.value = node;
    parent.node->map.push_back(std::move(parent.entry));
  }

  // Aliases of aliases could make a tree of any size from a short text.
  void grow(Node& parent, const Node& child, Place place) const {
    parent.weight += child.weight;
    if (parent.weight > most_nodes) {
      throw Trouble{place, "too much stands here, aliases followed: expected at most " + std::to_string(most_nodes) +
                               " values in a file"};
    }
  }

  const Places& places_;
  std::vector<Trouble>& troubles_;
  std::vector<Open> open_{};
  std::map<YAML::anchor_t, NodePtr> anchors_{};
  NodePtr root_{};
  int documents_ = 0;
};

// yaml-cpp's words for what people meet most, in ours.
std::string explained(const std::string& words) {
  if (words == YAML::ErrorMsg::UNKNOWN_ANCHOR || words.starts_with("the referenced anchor")) {
    return "an alias (*) of what no anchor (&) before it names";
  }
  if (words == YAML::ErrorMsg::END_OF_MAP_FLOW) return "a { is not closed: expected , or }";
  if (words == YAML::ErrorMsg::END_OF_SEQ_FLOW) return "a [ is not closed: expected , or ]";
  if (words == YAML::ErrorMsg::END_OF_MAP)
    return "a line that does not continue the map above it: is its indentation right, has it a colon?";
  if (words == YAML::ErrorMsg::END_OF_SEQ)
    return "a line that does not continue the list above it: is its indentation right?";
  if (words == YAML::ErrorMsg::EOF_IN_SCALAR) return "a quote is not closed before the file ends";
  if (words == YAML::ErrorMsg::DOC_IN_SCALAR) return "a quote is not closed before the document ends";
  if (words == YAML::ErrorMsg::MAP_VALUE)
    return "a colon where no value can begin: lacks the line above one, or a text with a colon its quotes?";
  if (words == YAML::ErrorMsg::FLOW_END) return "a } or ] that nothing opened";
  return "this is no YAML: " + words;
}

NodePtr read_tree(std::string_view text, std::vector<Trouble>& troubles) {
  const Places places(text);
  Builder builder(places, troubles);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) continue;
    return builder.root();
  } catch (const Trouble& trouble) {
    troubles.push_back(trouble);
  } catch (const YAML::Exception& failure) {
    const bool is_unclosed =
        failure.msg == YAML::ErrorMsg::END_OF_MAP_FLOW || failure.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW;
    const Place place = places.at(failure.mark.line, failure.mark.column);
    // In braces "${" ends the text "$" and opens a map where none can be.
    const int line = failure.mark.line;
    const int column = failure.mark.column;
    if (is_unclosed && column > 0 && places.from(line, column - 1).starts_with("${")) {
      troubles.push_back({places.at(line, column - 1), "within { } and [ ] a text with ${NAME} stands in quotes"});
      return nullptr;
    }
    // yaml-cpp says where it gave up; people look for the bracket.
    troubles.push_back({is_unclosed ? builder.innermost(place) : place, explained(failure.msg)});
  }
  return nullptr;
}

}  // namespace

const Entry* Node::find(std::string_view key) const noexcept {
  const auto found = std::find_if(map.begin(), map.end(), [&](const Entry& entry) { return entry.key == key; });
  return found == map.end() ? nullptr : &*found;
}

std::string_view describe(const Node& node) noexcept {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a text";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a map";
  }
  return "nothing";
}

NodePtr parse(std::string_view text, const std::string& file, std::vector<Problem>& problems) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::vector<Trouble> troubles;
  NodePtr root;
  if (auto trouble = trouble_of(text)) troubles.push_back(*std::move(trouble));
  else root = read_tree(text, troubles);
  if (root == nullptr && troubles.empty()) troubles.push_back({{}, "the file is empty"});
  for (const Trouble& trouble : troubles) {
    problems.push_back({file, trouble.place.line, trouble.place.column, trouble.message, ""});
  }
  return root;
}

}  // namespace astro::yaml
