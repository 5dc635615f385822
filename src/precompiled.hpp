// SPDX-License-Identifier: BSD-3-Clause
#pragma once

// What nearly every file reads, parsed once. Nobody includes this: each file still names what it
// uses, and the second compiler builds without it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/observatory.hpp"
