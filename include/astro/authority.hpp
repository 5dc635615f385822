// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "astro/record.hpp"
#include "astro/time.hpp"

namespace astro {

/// Who outranks whom: the handset on the pedestal everyone, then the operator, then a running
/// observation.
enum class Rank : std::uint8_t { observation, operator_, handset };

template <>
struct Description<Rank> {
  static constexpr std::array choices{"observation", "operator", "handset"};
};

/// Who commands. Two issuers are the same when name and rank are.
struct Issuer {
  std::string name{};
  Rank rank = Rank::operator_;

  bool operator==(const Issuer&) const = default;
};

template <>
struct Description<Issuer> {
  static constexpr std::array fields{field<&Issuer::name>("name", {.says = "person, program or handset"}),
                                     field<&Issuer::rank>("rank", {.says = "who outranks whom"})};
};

/// Who holds a device, until when. A device has at most one holder; while it has one, only the
/// holder and who outranks it may command. Whoever outranks the holder and commands takes the
/// device over. Stop is always obeyed, from anyone.
struct Holder {
  Issuer issuer{};
  Time until{};
};

/// A lease ends by itself; whoever holds it renews it by taking it again.
inline constexpr Duration default_lease = std::chrono::minutes(10);

}  // namespace astro
