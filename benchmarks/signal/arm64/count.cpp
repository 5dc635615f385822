// SPDX-License-Identifier: BSD-3-Clause
// A plugin of qemu's user emulation (its interface of version 1): counts the instructions that a program
// runs and says them when it ends. Debian packages neither qemu's own counter nor its header.
#include <cstddef>
#include <cstdint>
#include <string>

extern "C" {
struct qemu_plugin_tb;
using Translated = void (*)(std::uint64_t id, qemu_plugin_tb* block);
void qemu_plugin_register_vcpu_tb_trans_cb(std::uint64_t id, Translated callback);
void qemu_plugin_register_vcpu_tb_exec_inline(qemu_plugin_tb* block, int operation, void* counter, std::uint64_t value);
void qemu_plugin_register_atexit_cb(std::uint64_t id, void (*callback)(std::uint64_t id, void* data), void* data);
std::size_t qemu_plugin_tb_n_insns(const qemu_plugin_tb* block);
void qemu_plugin_outs(const char* text);

[[gnu::visibility("default")]] extern int qemu_plugin_version;
int qemu_plugin_version = 1;
}

namespace {

constexpr int add = 0;  // the only operation that there is
std::uint64_t instructions = 0;

void count(std::uint64_t, qemu_plugin_tb* block) {
  qemu_plugin_register_vcpu_tb_exec_inline(block, add, &instructions, qemu_plugin_tb_n_insns(block));
}

void say(std::uint64_t, void*) { qemu_plugin_outs(("instructions: " + std::to_string(instructions) + "\n").c_str()); }

}  // namespace

extern "C" [[gnu::visibility("default")]] int qemu_plugin_install(std::uint64_t id, const void*, int, char**) {
  qemu_plugin_register_vcpu_tb_trans_cb(id, count);
  qemu_plugin_register_atexit_cb(id, say, nullptr);
  return 0;
}
