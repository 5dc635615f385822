// SPDX-License-Identifier: BSD-3-Clause
#include "layouts.hpp"

#include <algorithm>
#include <array>

namespace astro::postgres {

namespace {

constexpr std::array layouts{// What Kafka Connect writes of the topic telescope.data, and whoever reduces it reads.
                             Layout{.record = "telescope_data_raw",
                                    .sql = "CREATE TABLE telescope_data_raw("
                                           "data_id VARCHAR(255) PRIMARY KEY,"
                                           " observation_id VARCHAR(255) NOT NULL,"
                                           " sequence_number INTEGER NOT NULL,"
                                           " timestamp BIGINT NOT NULL,"
                                           " data BYTEA,"
                                           " processed BOOLEAN DEFAULT FALSE,"
                                           " processing_pipeline_version VARCHAR(50),"
                                           " sink_timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP,"
                                           " created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);"
                                           "CREATE INDEX ON telescope_data_raw(observation_id);"
                                           "CREATE INDEX ON telescope_data_raw(timestamp)",
                                    .order = "created_at"}};

}  // namespace

const Layout* layout_of(std::string_view record) noexcept {
  const auto found =
      std::find_if(layouts.begin(), layouts.end(), [&](const Layout& each) { return each.record == record; });
  return found == layouts.end() ? nullptr : found;
}

}  // namespace astro::postgres
