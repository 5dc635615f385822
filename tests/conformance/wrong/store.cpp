// SPDX-License-Identifier: BSD-3-Clause
#include "store.hpp"

#include <algorithm>

namespace wrong {

namespace {

astro::Query by_key(const astro::Schema& schema, const astro::Rows& rows, std::size_t row) {
  const astro::Field& key = schema.fields.front();
  return {.where = {{key.name, astro::Compare::equal, astro::value_of(key, rows.cell(row, 0))}}};
}

}  // namespace

void Store::open(astro::Emitter& host) {
  open_faulty();
  inner_->open(host);
}

void Store::close() noexcept {
  inner_->close();
  close_faulty();
}

void Store::prepare(const astro::Schema& schema) {
  try {
    inner_->prepare(schema);
  } catch (const astro::Error& error) {
    if (!is("bears a changed type") || error.code() != astro::ErrorCode::storage) throw;
  }
}

std::size_t Store::insert(const astro::Schema& schema, const astro::Rows& rows) {
  const std::size_t inserted = inner_->insert(schema, rows);
  return is("inserts what is there") ? rows.size() : inserted;
}

bool Store::replace(const astro::Schema& schema, const astro::Rows& row, const std::string& revision_field,
                    std::int64_t expected) {
  const bool replaced = inner_->replace(schema, row, revision_field, expected);
  if (replaced || !is("replaces any revision")) return replaced;
  const auto found = inner_->find(schema, by_key(schema, row, 0));
  const auto column = std::ranges::find(schema.fields, revision_field, &astro::Field::name) - schema.fields.begin();
  return !found.empty() &&
         inner_->replace(schema, row, revision_field, found.front().at(static_cast<std::size_t>(column)).as_integer());
}

std::vector<astro::List> Store::find(const astro::Schema& schema, const astro::Query& query) {
  return inner_->find(schema, query);
}

std::size_t Store::erase(const astro::Schema& schema, const astro::Query& query) {
  return inner_->erase(schema, is("erases beyond its limit") ? astro::Query{.where = query.where} : query);
}

std::size_t Store::count(const astro::Schema& schema, const astro::Query& query) {
  return inner_->count(schema, query);
}

astro::ObjectId Store::put_object(std::span<const std::byte> content) { return inner_->put_object(content); }

astro::Bytes Store::get_object(const astro::ObjectId& id) {
  astro::Bytes content = inner_->get_object(id);
  if (is("changes what it keeps") && !content.empty()) content.front() ^= std::byte{1};
  return content;
}

void Store::roll_back() noexcept {
  try {
    if (is("commits what it was to roll back")) return inner_->commit();
  } catch (const astro::Error&) {  // there was nothing to commit
  }
  inner_->roll_back();
}

}  // namespace wrong
