// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// \file
/// Everything at once. Start reading at observatory.hpp (users) or mount.hpp and plugin.hpp (vendors).

#include "astro/files/export.hpp"
#include "astro/files/recordings.hpp"
#include "astro/log.hpp"
#include "astro/observatory.hpp"
#include "astro/observing/export.hpp"
#include "astro/observing/observe.hpp"
#include "astro/observing/plan.hpp"
#include "astro/observing/queue.hpp"
#include "astro/observing/safety.hpp"
#include "astro/observing/schedule.hpp"
#include "astro/plugin.hpp"
#include "astro/sky/frames.hpp"
#include "astro/sky/velocity.hpp"
