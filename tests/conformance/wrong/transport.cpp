// SPDX-License-Identifier: BSD-3-Clause
#include "transport.hpp"

#include <algorithm>
#include <vector>

namespace wrong {

void Transport::open(astro::Emitter& host) {
  open_faulty();
  dropped_ = 0;
  inner_->open(host);
}

void Transport::close() noexcept {
  inner_->close();
  close_faulty();
}

astro::Published Transport::publish(std::span<const astro::Message> batch) {
  std::vector<astro::Message> messages(batch.begin(), batch.end());
  if (is("reorders by key") && batch.size() > 1 && !batch.front().key.empty()) std::ranges::reverse(messages);
  for (astro::Message& message : messages) {
    if (is("delivers what is too old")) message.lifetime = {};
    if (is("forgets the headers")) message.headers = {};
    if (is("takes any topic") && message.topic.find('+') != std::string_view::npos) message.topic = "plus";
  }
  std::size_t dropped = 0;
  if (is("confirms what it lost")) {
    dropped =
        std::erase_if(messages, [this](const astro::Message& each) { return each.retained && ++retained_ % 50 == 0; });
    dropped_ += dropped;
  }
  const astro::Published published = inner_->publish(messages);
  return {published.accepted + dropped, published.ticket + dropped_};
}

astro::Ticket Transport::confirmed(astro::Ticket ticket, astro::Duration at_most) {
  if (is("confirms what it never had")) return std::max(ticket, inner_->confirmed(ticket, at_most));
  return inner_->confirmed(ticket - std::min<astro::Ticket>(ticket, dropped_), at_most) + dropped_;
}

void Transport::subscribe(const std::string& pattern, astro::Subscriber& subscriber, const std::string& group) {
  inner_->subscribe(pattern, subscriber, is("knows no groups") ? "" : group);
}

}  // namespace wrong
