// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "astro/messaging/node_client.hpp"

namespace astro::messaging {

/// The nodes that were ever heard, in a file of the state folder of those who command. Several programs may have it.
class NodeRegister {
 public:
  explicit NodeRegister(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Throw `storage`.
  std::vector<KnownNode> read() const;
  void change(const std::function<void(std::vector<KnownNode>&)>& how) const;

  struct Kept {
    std::vector<KnownNode> nodes{};
  };

 private:
  const std::filesystem::path folder_;
};

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::NodeRegister::Kept> {
  static constexpr std::array fields{field<&messaging::NodeRegister::Kept::nodes>("nodes")};
};

}  // namespace astro
