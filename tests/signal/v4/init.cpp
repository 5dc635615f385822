// SPDX-License-Identifier: BSD-3-Clause
// The first and only process of the emulated machine: runs /kernels with the serial line as its output,
// says how it ended, and switches off.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <initializer_list>

int main() {
  mkdir("/dev", 0755);
  mount("none", "/dev", "devtmpfs", 0, nullptr);
  const int serial = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
  for (const int each : {0, 1, 2}) dup2(serial, each);
  const pid_t child = fork();
  if (child == 0) {
    execl("/kernels", "kernels", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  std::printf("kernels ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  std::fflush(stdout);
  tcdrain(1);
  reboot(RB_POWER_OFF);
}
