// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "inner.hpp"

namespace wrong {

/// The store `sqlite`, but for the fault.
class Store final : public astro::Store, private Faulty {
 public:
  using Settings = wrong::Settings;
  explicit Store(Settings settings)
      : Faulty(std::move(settings)),
        inner_(made<astro::Store>(astro::DeviceKind::store, "sqlite", astro::Map{{"path", settings_.path}})) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void prepare(const astro::Schema& schema) override;
  std::size_t insert(const astro::Schema& schema, const astro::Rows& rows) override;
  bool replace(const astro::Schema& schema, const astro::Rows& row, const std::string& revision_field,
               std::int64_t expected) override;
  std::vector<astro::List> find(const astro::Schema& schema, const astro::Query& query) override;
  std::size_t erase(const astro::Schema& schema, const astro::Query& query) override;
  std::size_t count(const astro::Schema& schema, const astro::Query& query) override;
  astro::ObjectId put_object(std::span<const std::byte> content) override;
  astro::Bytes get_object(const astro::ObjectId& id) override;
  void begin() override { inner_->begin(); }
  void commit() override { inner_->commit(); }
  void roll_back() noexcept override;

 private:
  std::unique_ptr<astro::Store> inner_;
};

}  // namespace wrong
