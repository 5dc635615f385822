// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "astro/export.hpp"
#include "astro/imaging/classifier.hpp"

/// \file
/// Networks in files, and the runtimes that make them ready. A runtime is a plugin, loaded when the first network wants
/// it, so that libastro is built and runs without any:
///
///     ASTRO_PLUGIN(opencv, "1.0.0", registry) { astro::inference::add_runtime("opencv", &read_network); }
///
/// A model is two files: NAME.onnx, the network, and NAME.json, what else belongs to it (`ClassifierModel`). Open only
/// models that you trust: a runtime reads them as a program reads its libraries.
namespace astro::inference {

/// From the content of a network's file. Throws `invalid_file` for what the runtime does not take.
using NetworkReader = std::function<std::unique_ptr<imaging::Network>(std::span<const std::byte> content)>;

/// Adds a runtime by name: the plugin's. A second one of that name is `duplicate`.
ASTRO_API void add_runtime(const std::string& name, NetworkReader reader);

/// The classifier that comes with libastro: `astro/models/candidates.onnx` beside it.
ASTRO_API std::filesystem::path shipped_classifier();

/// Opens NAME.onnx with NAME.json beside it. Throws `not_found` where one of the files or the runtime's plugin is not
/// there, and `invalid_file` where they do not belong together, are damaged, or hold no such network.
ASTRO_API imaging::Classifier open_classifier(const std::filesystem::path& network = shipped_classifier(),
                                              const std::string& runtime = "opencv");

}  // namespace astro::inference
