// SPDX-License-Identifier: BSD-3-Clause
#include "astro/handles.hpp"

#include <utility>

#include "controller_host.hpp"
#include "mount_host.hpp"
#include "receiver_host.hpp"

namespace astro {

DeviceHandle::DeviceHandle(std::shared_ptr<DeviceHost> host, Issuer issuer) noexcept
    : host_(std::move(host)), issuer_(std::move(issuer)) {}

const std::string& DeviceHandle::name() const noexcept { return host_->name(); }
void DeviceHandle::take(Duration lease) const { host_->authority().take(issuer_, lease); }
void DeviceHandle::release() const { host_->authority().release(issuer_); }
std::optional<Holder> DeviceHandle::holder() const { return host_->authority().holder(); }
void DeviceHandle::stop() const { host_->stop(issuer_); }
bool DeviceHandle::is_lost() const noexcept { return host_->is_lost(); }

MountHandle::MountHandle(std::shared_ptr<MountHost> host, Issuer issuer) noexcept
    : DeviceHandle(std::move(host), std::move(issuer)) {}
MountHost& MountHandle::mount() const noexcept { return static_cast<MountHost&>(*host_); }
MountHandle MountHandle::as(Issuer issuer) const {
  return {std::static_pointer_cast<MountHost>(host_), std::move(issuer)};
}

MountReport MountHandle::status() const noexcept { return mount().status(); }
std::optional<Target> MountHandle::target() const { return mount().target(); }
MountDescription MountHandle::description() const { return mount().description(); }
MountLimits MountHandle::limits() const { return mount().limits(); }
void MountHandle::slew_to(const Target& target) const { mount().point_at(issuer_, target, false); }
void MountHandle::track(const Target& target) const { mount().point_at(issuer_, target, true); }
void MountHandle::move_to(Axes axes) const { mount().move_to(issuer_, axes); }
void MountHandle::move_rate(AxisRates rates, Duration lifetime) const { mount().move_rate(issuer_, rates, lifetime); }
void MountHandle::park() const { mount().park(issuer_); }
void MountHandle::home() const { mount().home(issuer_); }
void MountHandle::wait_until_on_target(Duration at_most) const { mount().wait_until_on_target(at_most); }
void MountHandle::wait_until_stopped(Duration at_most) const { mount().wait_until_stopped(at_most); }
Axes MountHandle::axes_of(const Target& target, Time time) const { return mount().axes_of(target, time); }
std::optional<AltAz> MountHandle::place_at(Time time) const { return mount().place_at(time); }

ReceiverHandle::ReceiverHandle(std::shared_ptr<ReceiverHost> host, Issuer issuer) noexcept
    : DeviceHandle(std::move(host), std::move(issuer)) {}
ReceiverHost& ReceiverHandle::receiver() const noexcept { return static_cast<ReceiverHost&>(*host_); }
ReceiverHandle ReceiverHandle::as(Issuer issuer) const {
  return {std::static_pointer_cast<ReceiverHost>(host_), std::move(issuer)};
}

ReceiverReport ReceiverHandle::status() const noexcept { return receiver().status(); }
ReceiverDescription ReceiverHandle::description() const { return receiver().description(); }
Tuning ReceiverHandle::tune(const Tuning& wanted) const { return receiver().tune(issuer_, wanted); }
std::shared_ptr<const StreamSettings> ReceiverHandle::settings() const { return receiver().settings(); }
BlockStream ReceiverHandle::stream() const { return receiver().stream(issuer_); }

ControllerHandle::ControllerHandle(std::shared_ptr<ControllerHost> host, Issuer issuer) noexcept
    : DeviceHandle(std::move(host), std::move(issuer)) {}
ControllerHandle ControllerHandle::as(Issuer issuer) const {
  return {std::static_pointer_cast<ControllerHost>(host_), std::move(issuer)};
}

ControllerDescription ControllerHandle::description() const {
  return static_cast<ControllerHost&>(*host_).description();
}
Point ControllerHandle::point(const std::string& name) const {
  return static_cast<ControllerHost&>(*host_).latest(name);
}
Execution ControllerHandle::perform(const std::string& command, const Value& parameters) const {
  return Execution(static_cast<ControllerHost&>(*host_).perform(issuer_, command, parameters));
}

}  // namespace astro
