// SPDX-License-Identifier: BSD-3-Clause
#include "astro/store_handle.hpp"

#include <utility>

#include "store_host.hpp"

namespace astro {

StoreHost::StoreHost(detail::HostSetup setup)
    : place_(detail::place_of(setup)), emitter_(setup), store_(dynamic_cast<Store*>(setup.driver.get())) {
  if (!store_) throw Error(ErrorCode::internal, place_ + ": the driver is no store");
  (void)setup.driver.release();
}

StoreHost::~StoreHost() { close(); }

StoreHost::Turn::Turn(StoreHost& host) : host_(host) {
  std::unique_lock lock(host_.mutex_);
  const auto me = std::this_thread::get_id();
  host_.free_.wait(lock, [&] { return host_.depth_ == 0 || host_.owner_ == me; });
  if (!host_.open_) throw Error(ErrorCode::device_lost, host_.place_ + ": the observatory is closed");
  host_.owner_ = me;
  ++host_.depth_;
}

StoreHost::Turn::~Turn() {
  const std::lock_guard lock(host_.mutex_);
  if (--host_.depth_ == 0) host_.free_.notify_one();
}

void StoreHost::open() {
  guarded([this] { store_->open(emitter_); });
  const std::lock_guard lock(mutex_);
  open_ = true;
}

void StoreHost::close() noexcept {
  {
    std::unique_lock lock(mutex_);
    free_.wait(lock, [this] { return depth_ == 0 || owner_ == std::this_thread::get_id(); });
    if (!std::exchange(open_, false)) return;
  }
  store_->close();
  free_.notify_all();
}

void StoreHost::prepare(const Schema* schema) {
  if (schema == nullptr) return;
  // By its content: a schema that is known at run time only may change under one name.
  std::string key = schema->name;
  for (const Field& field : schema->fields) key += '\n' + field.name + '\t' + std::string(to_string(field.type));
  if (prepared_.contains(key)) return;
  store_->prepare(*schema);
  // Within a transaction that may be rolled back it is prepared again next time.
  if (!in_transaction_) prepared_.insert(std::move(key));
}

void StoreHost::transaction(const std::function<void()>& work) {
  const Turn turn(*this);
  if (in_transaction_) return work();  // part of the one that is open
  guarded([this] { store_->begin(); });
  in_transaction_ = true;
  try {
    work();
  } catch (...) {
    in_transaction_ = false;
    store_->roll_back();
    throw;
  }
  in_transaction_ = false;
  try {
    guarded([this] { store_->commit(); });
  } catch (...) {
    store_->roll_back();
    throw;
  }
}

StoreHandle::StoreHandle(std::shared_ptr<StoreHost> host) noexcept : host_(std::move(host)) {}
const std::string& StoreHandle::name() const noexcept { return host_->name(); }

ObjectId StoreHandle::put_object(std::span<const std::byte> content) const {
  return host_->with(nullptr, [&](Store& store) { return store.put_object(content); });
}

Bytes StoreHandle::get_object(const ObjectId& id) const {
  return host_->with(nullptr, [&](Store& store) { return store.get_object(id); });
}

void StoreHandle::transaction(const std::function<void()>& work) const { host_->transaction(work); }

std::size_t StoreHandle::insert_rows(const Schema& schema, const Rows& rows) const {
  return host_->with(&schema, [&](Store& store) { return store.insert(schema, rows); });
}

bool StoreHandle::replace_row(const Schema& schema, const Rows& row, const std::string& revision_field,
                              std::int64_t expected) const {
  return host_->with(&schema, [&](Store& store) { return store.replace(schema, row, revision_field, expected); });
}

std::vector<List> StoreHandle::find_rows(const Schema& schema, const Query& query) const {
  return host_->with(&schema, [&](Store& store) { return store.find(schema, query); });
}

std::size_t StoreHandle::count_rows(const Schema& schema, const Query& query) const {
  return host_->with(&schema, [&](Store& store) { return store.count(schema, query); });
}

std::size_t StoreHandle::erase_rows(const Schema& schema, const Query& query) const {
  return host_->with(&schema, [&](Store& store) { return store.erase(schema, query); });
}

}  // namespace astro
