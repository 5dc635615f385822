// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>
#include <future>
#include <limits>
#include <thread>

#include "conformance/store_records.hpp"
#include "conformance/trial.hpp"

namespace astro::conformance {

namespace {

constexpr const char* store_header = "astro/store.hpp";
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

// SHA-256 of "abc" and of nothing: FIPS 180-4 test vectors of the NIST Cryptographic Standards site.
constexpr const char* hash_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* hash_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

using Numbers = std::vector<std::int64_t>;

std::string listed(const Numbers& numbers) {
  std::string all;
  for (const std::int64_t each : numbers) all += (all.empty() ? "" : ", ") + std::to_string(each);
  return '[' + all + ']';
}

template <class A, class B>
void same(const A& got, const B& wanted, const std::string& what) {
  if (got == wanted) return;
  if constexpr (std::is_arithmetic_v<A>)
    broke(what + ": expected " + std::to_string(wanted) + ", is " + std::to_string(got));
  else if constexpr (std::is_same_v<A, Numbers>) broke(what + ": expected " + listed(wanted) + ", are " + listed(got));
  else if constexpr (std::is_same_v<A, Value>) broke(what + ": expected " + to_json(wanted) + ", is " + to_json(got));
  else broke(what);
}

/// A store that is open, with tables of this trial alone.
class Archive : public Opened<Store> {
 public:
  explicit Archive(Trial& trial)
      : Opened<Store>(trial), counted(own(schema_of<Counted>(), trial)), readings(own(schema_of<Reading>(), trial)) {}

  const Schema counted;
  const Schema readings;

  template <class T>
  std::size_t insert(const std::vector<T>& records) {
    return driver().insert(schema<T>(), RecordRows<T>(std::span<const T>(records)));
  }
  template <class T>
  bool replace(const T& record, const std::string& revision_field, std::int64_t expected) {
    return driver().replace(schema<T>(), RecordRows<T>(std::span<const T>(&record, 1)), revision_field, expected);
  }
  template <class T>
  std::vector<T> find(const Query& query = {}) {
    std::vector<T> found;
    for (const List& row : driver().find(schema<T>(), query)) {
      require(row.size() == schema<T>().fields.size(), "a row has " + std::to_string(row.size()) + " values for " +
                                                           std::to_string(schema<T>().fields.size()) + " fields");
      Map map;
      for (std::size_t i = 0; i < row.size(); ++i) map.emplace_back(schema<T>().fields[i].name, row[i]);
      found.push_back(from_value<T>(map));
    }
    return found;
  }
  Numbers numbers(const Query& query = {}) {
    Numbers found;
    for (const Counted& each : find<Counted>(query)) found.push_back(each.number);
    return found;
  }
  std::size_t count(const Schema& schema, const std::vector<Condition>& where) {
    return driver().count(schema, {.where = where});
  }
  void expect_code(ErrorCode code, const std::string& what, const std::function<void()>& function) {
    const Error error = error_of("the store", function);
    require(error.code() == code, what + " is " + std::string(to_string(error.code())) + " (" + error.what() +
                                      "), and has to be " + std::string(to_string(code)));
  }

 private:
  static Schema own(Schema schema, const Trial& trial) {
    schema.name += "_" + trial.nonce();
    return schema;
  }
  template <class T>
  const Schema& schema() const {
    if constexpr (std::is_same_v<T, Counted>) return counted;
    else return readings;
  }
};

void keeps_every_type(Trial& trial) {
  const Reading kept = full_reading();
  Reading empty;
  empty.id = "empty";
  { same(Archive(trial).insert<Reading>({kept, empty}), 2U, "rows inserted"); }
  Archive store(trial);
  const auto found = store.find<Reading>();
  same(found.size(), 2U, "rows found after it was opened again");
  // Compared as JSON, which writes doubles so that they read back the same; the NaN is looked at below.
  same(Value(to_json(to_value(found[0]))), Value(to_json(to_value(kept))),
       "a record with something unusual in every field");
  same(Value(to_json(to_value(found[1]))), Value(to_json(to_value(empty))), "a record of defaults");
  require(std::isnan(found[0].spectrum[1]), "a NaN within an array came back as a number");
  require(!found[1].noise.has_value(), "what was null came back as a number");
}

void keeps_every_nanosecond(Trial& trial) {
  Archive store(trial);
  std::vector<Reading> records(4);
  const std::vector<std::string> times{"1970-01-01T00:00:00.000000001Z", "1905-06-07T08:09:10.987654321Z",
                                       "2026-01-15T20:00:00.999999999Z", "2261-12-31T23:59:59.123456789Z"};
  for (std::size_t i = 0; i < times.size(); ++i) {
    records[i].id = times[i];
    records[i].time = parse_time(times[i]);
  }
  store.insert(records);
  for (const Reading& found : store.find<Reading>())
    require(found.time == parse_time(found.id), found.id + " came back as " + format_time(found.time, 9));
  const Time third = records[2].time;
  same(store.count(store.readings, {{"time", Compare::from, third}}), 2U, "rows from an instant on");
  same(store.count(store.readings, {{"time", Compare::below, third}}), 2U, "rows before an instant");
  same(store.count(store.readings, {{"time", Compare::from, third + std::chrono::nanoseconds(1)}}), 1U,
       "rows from a nanosecond later on");
}

void keeps_large_arrays(Trial& trial) {
  Archive store(trial);
  Reading large;
  large.id = "large";
  for (int i = 0; i < 1 << 20; ++i) large.spectrum.push_back(static_cast<float>(i) * 0.5F);
  store.insert<Reading>({large});
  require(store.find<Reading>().at(0).spectrum == large.spectrum, "an array of a million numbers came back changed");
}

void keeps_the_order(Trial& trial) {
  Archive store(trial);
  std::vector<Counted> many;
  for (std::int64_t i = 0; i < 20000; ++i) many.push_back({(i * 7919) % 20011, std::to_string(i)});
  same(store.insert(many), many.size(), "rows inserted");
  const auto found = store.find<Counted>();
  same(found.size(), many.size(), "rows found");
  for (std::size_t i = 0; i < many.size(); ++i) same(found[i].number, many[i].number, "row " + std::to_string(i));
}

void keeps_what_is_no_number(Trial& trial) {
  Archive store(trial);
  std::vector<Reading> records(3);
  records[0].id = "nan", records[0].level = nan, records[0].noise = nan;
  records[1].id = "infinity", records[1].level = infinity, records[1].noise = -infinity;
  records[2].id = "five", records[2].level = 5, records[2].noise = 5;
  store.insert(records);
  const std::vector<List> found =
      store->find(store.readings, {});  // as they are: from_value refuses what is not finite
  same(found.size(), 3U, "rows found");
  for (const std::size_t column : {3U, 4U})
    require(std::isnan(found[0][column].as_number()), "a NaN came back as a number");
  same(found[1][3], Value(infinity), "an infinity");
  same(found[1][4], Value(-infinity), "a negative infinity");
  for (const char* field : {"level", "noise"}) {
    same(store.count(store.readings, {{field, Compare::equal, nan}}), 1U, "NaNs found");
    same(store.count(store.readings, {{field, Compare::from, 5}, {field, Compare::below, 6}}), 1U,
         "numbers from 5 to 6");
    same(store.count(store.readings, {{field, Compare::from, -infinity}}), 2U, "numbers from minus infinity on");
  }
}

void keeps_any_value(Trial& trial) {
  Archive store(trial);
  std::vector<Reading> records;
  const std::vector<Value> values{
      21.5, 7, "7", true, nullptr, Value(List{1, 2}), -1e-12, 1e15, 4.0, (std::int64_t{1} << 53) + 1};
  for (const Value& value : values) {
    records.emplace_back();
    records.back().id = std::to_string(records.size());
    records.back().anything = value;
  }
  store.insert(records);
  const auto found = store.find<Reading>();
  same(found.size(), values.size(), "rows found");
  for (std::size_t i = 0; i < values.size(); ++i) same(found[i].anything, values[i], "a value of any type");
  const auto count = [&](const std::vector<Condition>& where) { return store.count(store.readings, where); };
  same(count({{"anything", Compare::from, 10}, {"anything", Compare::below, 30}}), 1U, "numbers from 10 to 30");
  same(count({{"anything", Compare::equal, 4}}), 1U, "values that equal 4");
  same(count({{"anything", Compare::equal, std::int64_t{1} << 53}}), 0U, "values that equal 2^53");
  same(count({{"anything", Compare::equal, "7"}}), 1U, "values that equal the text 7");
  same(count({{"anything", Compare::equal, nullptr}}), 1U, "values that are null");
  same(count({{"anything", Compare::equal, Value(List{1, 2})}}), 1U, "values that equal a list");
  Numbers order;
  for (const Reading& each : store.find<Reading>({.order_by = "anything", .limit = 4}))
    order.push_back(std::stoll(each.id));
  same(order, Numbers{5, 7, 9, 2}, "rows in order: what is not there, then numbers by their size");
}

void inserts_what_is_absent(Trial& trial) {
  Archive store(trial);
  same(store.insert<Counted>({{1, "first"}, {2, "second"}}), 2U, "rows inserted into an empty table");
  same(store.insert<Counted>({{2, "other"}, {3, "third"}, {3, "again"}}), 1U,
       "rows inserted, of which one is absent and one comes twice");
  same(store.find<Counted>({.where = {{"number", Compare::equal, 2}}}).at(0).text, std::string("second"),
       "a row was replaced by an insertion");
  same(store.find<Counted>({.where = {{"number", Compare::equal, 3}}}).at(0).text, std::string("third"),
       "of two rows with one key the second was kept");
  same(store.insert<Counted>({{4, "fourth"}}), 1U, "rows inserted");
  same(store.numbers(), Numbers{1, 2, 3, 4}, "the rows");
  same(store.insert<Counted>({}), 0U, "rows inserted of none");
}

void finds_in_order(Trial& trial) {
  Archive store(trial);
  store.insert<Counted>({{5, "b"}, {3, "a"}, {9, "a"}, {1, "c"}});
  same(store.numbers(), Numbers{5, 3, 9, 1}, "rows as inserted");
  same(store.numbers({.newest_first = true, .limit = 2}), Numbers{1, 9}, "the two newest");
  same(store.numbers({.where = {{"number", Compare::from, 3}, {"number", Compare::below, 9}}}), Numbers{5, 3},
       "rows from 3 and below 9");
  same(store.numbers({.order_by = "number"}), Numbers{1, 3, 5, 9}, "rows by their number");
  same(store.numbers({.order_by = "text"}), Numbers{3, 9, 5, 1}, "rows by their text");
  same(store.numbers({.where = {{"text", Compare::equal, "a"}}, .order_by = "number", .newest_first = true}),
       Numbers{9, 3}, "rows with a text, the largest first");
  same(store.count(store.counted, {{"text", Compare::from, "b"}}), 2U, "rows from a text on");
  same(store->count(store.counted, {.limit = 3}), 3U, "rows counted up to a limit");
}

void orders_text_by_bytes(Trial& trial) {
  Archive store(trial);
  store.insert<Counted>({{1, "b"}, {2, "B"}, {3, "a"}, {4, "\u00e4"}, {5, "A b"}, {6, "Ab"}});
  same(store.numbers({.order_by = "text"}), Numbers{5, 6, 2, 3, 1, 4}, "rows by the bytes of their text");
  same(store.count(store.counted, {{"text", Compare::below, "a"}}), 3U, "rows below a text");
}

void puts_nothing_first(Trial& trial) {
  Archive store(trial);
  std::vector<Reading> records(3);
  records[0].id = "b", records[0].noise = 2;
  records[1].id = "none";
  records[2].id = "a", records[2].noise = 1;
  store.insert(records);
  same(store.find<Reading>({.order_by = "noise"}).at(0).id, std::string("none"), "what is null comes first");
  same(store.find<Reading>({.order_by = "noise", .newest_first = true}).at(2).id, std::string("none"),
       "the other way round, what is null comes last");
}

void compares_quantities(Trial& trial) {
  Archive store(trial);
  store.insert<Reading>({full_reading()});
  const auto expect = [&](std::size_t wanted, const char* field, Compare compare, const Value& value) {
    same(store.count(store.readings, {{field, compare, value}}), wanted, std::string("rows by ") + field);
  };
  expect(1, "frequency", Compare::from, "1420 MHz");
  expect(0, "frequency", Compare::below, "1420 MHz");
  expect(1, "azimuth", Compare::below, 400);  // beyond the field's range, and a fair question
  expect(1, "time", Compare::equal, parse_time("2021-02-10T07:57:41.123456789Z"));
  expect(1, "band", Compare::equal, "high");
  expect(0, "noise", Compare::equal, nullptr);
  expect(1, "valid", Compare::equal, true);
  expect(1, "words", Compare::equal, List{"one", "", "t\"wo"});
  expect(1, "inner", Compare::equal, Map{{"gain", 2.25}, {"name", "y"}});
  expect(1, "raw", Compare::equal, bytes(std::string_view("\0\xff;", 3)));
}

void explains_bad_questions(Trial& trial) {
  Archive store(trial);
  store.expect_code(ErrorCode::invalid_argument, "a field that is not there", [&] {
    store->find(store.counted, {.where = {{"nunber", Compare::equal, 1}}});
  });
  store.expect_code(ErrorCode::invalid_argument, "a range of arrays", [&] {
    store->find(store.readings, {.where = {{"spectrum", Compare::from, 1}}});
  });
  struct NoKey : Rows {
    std::size_t size() const noexcept override { return 1; }
    Cell cell(std::size_t, std::size_t) const override { return {}; }
  };
  store.expect_code(ErrorCode::invalid_argument, "a row without its key",
                    [&] { store->insert(store.counted, NoKey()); });
  same(store.insert<Counted>({{1, "after"}}), 1U, "rows inserted after a question that was refused");
}

void replaces_the_expected(Trial& trial) {
  Archive store(trial);
  Reading reading = full_reading();
  reading.revision = 1;
  store.insert<Reading>({reading});
  reading.revision = 2;
  reading.level = 99;
  same(store.replace(reading, "revision", 7), false, "a record was replaced whose revision is another");
  same(store.find<Reading>().at(0).level, 0.1, "the record, when nothing was to change");
  same(store.replace(reading, "revision", 1), true,
       "a record was not replaced, though its revision is the expected one");
  same(store.replace(reading, "revision", 1), false, "a record was replaced twice from the same revision");
  same(store.find<Reading>().at(0).level, 99.0, "the record after it was replaced");
  same(store.find<Reading>().at(0).revision, std::int64_t{2}, "its revision");
  reading.id = "absent";
  same(store.replace(reading, "revision", 2), false, "a record was replaced that is not there");
  store.expect_code(ErrorCode::invalid_argument, "a revision that is no integer",
                    [&] { store.replace(reading, "level", 1); });
}

void erases_what_it_finds(Trial& trial) {
  Archive store(trial);
  store.insert<Counted>({{1, "a"}, {2, "a"}, {3, "b"}, {4, "a"}});
  same(store->erase(store.counted, {.where = {{"text", Compare::equal, "a"}}, .limit = 2}), 2U, "rows erased");
  same(store.numbers(), Numbers{3, 4}, "the rows that are left");
  same(store->erase(store.counted, {}), 2U, "rows erased of all");
  same(store.insert<Counted>({{1, "a"}}), 1U, "rows inserted where one was erased");
}

void adds_fields(Trial& trial) {
  Reading reading = full_reading();
  Schema older;
  {
    Archive store(trial);
    older = store.readings;
    older.fields.resize(3);
    store->insert(older, RecordRows<Reading>(std::span<const Reading>(&reading, 1)));
  }
  Archive store(trial);
  Schema newer = store.readings;
  newer.fields[3].default_value = 0.30000000000000004;  // needs all its digits
  newer.fields[6].default_value = infinity;
  newer.fields[10].default_value = bytes(std::string_view("'\\\0", 3));
  newer.fields[14].default_value = "it's \\ any";
  store->prepare(newer);
  const List row = store->find(newer, {}).at(0);
  same(row.size(), newer.fields.size(), "fields of a row");
  same(row[3], Value(0.30000000000000004), "the default of a number that came");
  same(row[4], Value(), "the default of what may be null");
  same(row[6], Value(infinity), "the default of a frequency");
  same(row[9], Value("low"), "the default of a choice");
  same(row[10], newer.fields[10].default_value, "the default of bytes");
  same(row[12], Value(List{}), "the default of a list");
  same(row[13].find("gain")->as_number(), 1.5, "the default of a record's member");
  same(row[14], Value("it's \\ any"), "the default of any value");
  // And the older program goes on with the newer store.
  reading.id = "another";
  same(store->insert(older, RecordRows<Reading>(std::span<const Reading>(&reading, 1))), 1U,
       "rows inserted by an older program");
  same(store->find(newer, {}).at(1)[9], Value("low"), "what an older program left out");
}

void refuses_changed_types(Trial& trial) {
  Archive store(trial);
  store.insert<Counted>({{1, "a"}});
  Schema changed = store.counted;
  changed.fields.push_back({.name = "new", .type = FieldType::text});
  changed.fields[1].type = FieldType::number;
  changed.fields[1].default_value = {};
  store.expect_code(ErrorCode::storage, "a field whose type changed", [&] { store->prepare(changed); });
  Schema other_key = store.counted;
  std::swap(other_key.fields[0], other_key.fields[1]);
  store.expect_code(ErrorCode::storage, "another key", [&] { store->prepare(other_key); });
  Schema new_key = store.counted;
  new_key.fields.insert(new_key.fields.begin(), {.name = "id", .type = FieldType::text});
  store.expect_code(ErrorCode::storage, "a new key", [&] { store->prepare(new_key); });
  same(store.find<Counted>().size(), 1U, "rows after schemas that were refused");
  // "new" was not made as a text on the way: it is still free to be a number.
  Schema good = store.counted;
  good.fields.push_back({.name = "new", .type = FieldType::number});
  store->prepare(good);
}

void refuses_bad_schemas(Trial& trial) {
  Archive store(trial);
  const Schema twice{"twice", {{.name = "a", .type = FieldType::text}, {.name = "A", .type = FieldType::text}}};
  store.expect_code(ErrorCode::invalid_argument, "two fields that differ in capitals alone",
                    [&] { store->prepare(twice); });
  for (const char* name : {"", "Astro_fields"}) {
    Schema schema = store.counted;
    schema.name = name;
    store.expect_code(ErrorCode::invalid_argument, std::string("a schema with the name \"") + name + '"',
                      [&] { store->prepare(schema); });
  }
}

void commits_or_rolls_back(Trial& trial) {
  Archive store(trial);
  store->begin();
  store.insert<Counted>({{1, "a"}});
  store->roll_back();
  same(store.numbers(), Numbers{}, "rows after rolling back");  // the table itself was part of it
  store->begin();
  store.insert<Counted>({{1, "a"}});
  Schema bad = store.counted;
  bad.fields[0].type = FieldType::text;
  try {
    store->prepare(bad);
  } catch (const Error&) {  // it fails alone; the rest of the transaction stands
  }
  store.insert<Counted>({{1, "again"}, {2, "b"}});
  store.insert<Counted>({{2, "again"}, {3, "c"}});
  store->commit();
  same(store.numbers(), Numbers{1, 2, 3}, "rows after committing");
  store.expect_code(ErrorCode::invalid_argument, "a commit without a beginning", [&] { store->commit(); });
  store->roll_back();
  store->begin();
  store.expect_code(ErrorCode::invalid_argument, "beginning twice", [&] { store->begin(); });
  store->roll_back();
}

void shows_what_is_committed(Trial& trial) {
  Archive one(trial);
  Archive two(trial);
  one->prepare(one.counted);
  one->begin();
  one.insert<Counted>({{1, "a"}});
  same(two.count(two.counted, {}), 0U, "rows that another sees before they are committed");
  one->commit();
  same(two.count(two.counted, {}), 1U, "rows that another sees when they are committed");
}

void is_durable(Trial& trial) {
  Archive one(trial);
  Archive two(trial);
  one.insert<Counted>({{1, "a"}, {2, "b"}});
  same(two.numbers(), Numbers{1, 2}, "rows that another program sees as soon as `insert` has returned");
}

void is_shared_by_writers(Trial& trial) {
  Archive one(trial);
  Archive two(trial);
  constexpr std::int64_t each = 100;
  const auto write = [](Archive& store, std::int64_t first) {
    for (std::int64_t i = 0; i < each; ++i) store.insert<Counted>({{first + i, "row"}});
  };
  auto other = std::async(std::launch::async, [&] { write(one, 0); });
  write(two, each / 2);
  other.get();
  same(two.count(two.counted, {}), static_cast<std::size_t>(each + each / 2), "rows of two writers");
}

void learns_of_fields(Trial& trial) {
  Archive one(trial);
  Archive two(trial);
  one.insert<Counted>({{1, "a"}});
  two.insert<Counted>({{2, "b"}});
  Schema newer = one.counted;
  newer.fields.push_back({.name = "added", .type = FieldType::integer, .default_value = 5});
  two->prepare(newer);
  same(one.insert<Counted>({{3, "c"}}), 1U, "rows inserted by an older program");
  same(one->find(newer, {}).at(2).at(2), Value(5), "a field that another program added");
}

void refuses_when_closed(Trial& trial) {
  Archive store(trial);
  store.close();
  store.expect_code(ErrorCode::storage, "a question to a store that is closed",
                    [&] { store->count(store.counted, {}); });
}

void keeps_objects(Trial& trial) {
  {
    Archive store(trial);
    same(Value(store->put_object(bytes("abc"))), Value(hash_of_abc), "the hash of abc");
    same(Value(store->put_object(bytes("abc"))), Value(hash_of_abc), "the hash of abc, put twice");
    same(Value(store->put_object({})), Value(hash_of_nothing), "the hash of nothing");
  }
  Archive store(trial);
  require(store->get_object(hash_of_abc) == bytes("abc"), "an object came back changed");
  require(store->get_object(hash_of_nothing).empty(), "an empty object came back with content");
  Bytes large(3'000'000);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i * i >> 8);
  require(store->get_object(store->put_object(large)) == large, "an object of 3 MB came back changed");
}

void says_what_is_no_object(Trial& trial) {
  Archive store(trial);
  store.expect_code(ErrorCode::not_found, "an object that is not there",
                    [&] { store->get_object(std::string(64, '0')); });
  store.expect_code(ErrorCode::invalid_argument, "what is no object's id",
                    [&] { store->get_object("../../etc/passwd"); });
}

}  // namespace

void exercise_store(Trial& trial, Store& store) {
  constexpr Duration bound = std::chrono::minutes(1);
  Schema schema = schema_of<Counted>();
  schema.name = "exercise_" + trial.nonce();
  const std::vector<Counted> rows{{1, "a"}, {2, "b"}};
  trial.call("prepare", bound, [&] { store.prepare(schema); });
  trial.call("insert", bound, [&] { store.insert(schema, RecordRows<Counted>(std::span<const Counted>(rows))); });
  trial.call("find", bound, [&] { store.find(schema, {}); });
  trial.call("erase", bound, [&] { store.erase(schema, {}); });
}

std::vector<Check> store_checks() {
  constexpr const char* canonical_values = "Canonical values in the order of the schema's fields.";
  constexpr const char* in_order = "Rows come in order of `order_by` (default: in which they were inserted).";
  constexpr const char* compares =
      "How a record's field compares with a value. Range ends: `from` is inclusive, `below` exclusive.";
  constexpr const char* inserting =
      "Inserts all rows whose key is not there yet, in one transaction; returns how many.";
  constexpr const char* preparing =
      "Makes room for this schema, or brings what is there up to it: fields that came are added with their default.";
  constexpr const char* transaction =
      "What is between here and the end of the scope is one transaction: begin, then commit or roll back.";
  return {
      {{"S-01", store_header, canonical_values,
        "keeps a record with something unusual in a field of every type, across reopening"},
       keeps_every_type},
      {{"S-02", store_header, canonical_values, "keeps instants to the nanosecond, and asks for them"},
       keeps_every_nanosecond},
      {{"S-03", store_header, canonical_values, "keeps an array of a million numbers"}, keeps_large_arrays},
      {{"S-04", store_header, canonical_values, "keeps NaN and infinities, and leaves NaN out of ranges"},
       keeps_what_is_no_number},
      {{"S-05", store_header, canonical_values, "keeps values of any type in one field"}, keeps_any_value},
      {{"S-11", store_header, inserting, "inserts rows whose key is there, is not there, and comes twice"},
       inserts_what_is_absent},
      {{"S-12", store_header, "When it returns they are durable.",
        "another connection looks as soon as `insert` has returned"},
       is_durable},
      {{"S-13", store_header,
        "Replaces the record of the same key if its `revision_field` (an integer) still is `expected`.",
        "replaces from the expected revision, from another, and again"},
       replaces_the_expected},
      {{"S-14", store_header, "Removes what the query finds; returns how many.", "erases some rows, and all"},
       erases_what_it_finds},
      {{"S-21", store_header, in_order, "20000 rows come as they were inserted"}, keeps_the_order},
      {{"S-22", store_header, in_order, "asks by equality and range, in orders, with limits"}, finds_in_order},
      {{"S-23", store_header, in_order, "orders text by its bytes, whatever the language"}, orders_text_by_bytes},
      {{"S-24", store_header, in_order, "what is not there comes before everything else"}, puts_nothing_first},
      {{"S-25", store_header, compares, "asks for quantities in their units, for choices, lists and bytes"},
       compares_quantities},
      {{"S-26", store_header, "All conditions hold.", "asks what makes no sense, and goes on"}, explains_bad_questions},
      {{"S-31", store_header, preparing, "adds fields of every type, and goes on with the older schema"}, adds_fields},
      {{"S-32", store_header, "A field whose type changed is `storage`, and nothing is touched.",
        "changes a type and the key"},
       refuses_changed_types},
      {{"S-33", store_header, preparing, "refuses names that stores cannot tell apart"}, refuses_bad_schemas},
      {{"S-34", store_header, preparing, "learns of a field that another connection has added"}, learns_of_fields},
      {{"S-41", store_header, transaction, "rolls back, commits, and fails in between"}, commits_or_rolls_back},
      {{"S-42", store_header, transaction, "another connection looks before and after the commit"},
       shows_what_is_committed},
      {{"S-43", store_header, inserting, "two connections insert the same keys at a time"}, is_shared_by_writers},
      {{"S-44", store_header, "See `Driver` for open and close; the other functions are called one at a time.",
        "asks one that is closed"},
       refuses_when_closed},
      {{"S-51", store_header, "Objects are bytes under the hash of their content: putting twice keeps one.",
        "puts and gets objects, across reopening"},
       keeps_objects},
      {{"S-52", store_header, "Throws `not_found`, and `storage` when the content no longer has its hash.",
        "asks for an object that is not there, and for what is no id"},
       says_what_is_no_object},
  };
}

}  // namespace astro::conformance
