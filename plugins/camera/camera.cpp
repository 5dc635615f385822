// SPDX-License-Identifier: BSD-3-Clause
#include "astro/plugin.hpp"
#include "folder.hpp"
#include "receiver.hpp"

ASTRO_PLUGIN(camera, "1.0.0", registry) {
  registry.add<camera::Receiver>("camera", camera::Receiver::description(),
                                 "Cameras of the kernel's Video4Linux: USB, capture cards, CSI");
  registry.add<camera::Folder>("camera.folder", camera::Folder::description(),
                               "A folder into which another program writes FITS or JPEG, as a camera");
}
