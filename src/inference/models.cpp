// SPDX-License-Identifier: BSD-3-Clause
#include "astro/inference/models.hpp"

#include <zlib.h>

#include <map>
#include <mutex>
#include <optional>

#include "astro/error.hpp"
#include "astro/json.hpp"
#include "astro/registry.hpp"
#include "durable_file.hpp"
#include "plugin_folders.hpp"

namespace astro::inference {

namespace fs = std::filesystem;

namespace {

struct Runtimes {
  std::mutex mutex{};
  std::map<std::string, NetworkReader> readers{};

  static Runtimes& shared() {
    // Never destroyed: a plugin's code may outlive what is static.
    static Runtimes& runtimes = *new Runtimes;
    return runtimes;
  }

  NetworkReader find(const std::string& name) {
    const std::lock_guard lock(mutex);
    const auto found = readers.find(name);
    return found == readers.end() ? nullptr : found->second;
  }
};

NetworkReader reader_of(const std::string& runtime) {
  if (NetworkReader known = Runtimes::shared().find(runtime)) return known;
  const auto folders = Registry::shared().plugin_folders();
  if (const fs::path library = detail::find_plugin(runtime, folders); !library.empty()) {
    Registry::shared().load(library);
    if (NetworkReader known = Runtimes::shared().find(runtime)) return known;
    throw Error(ErrorCode::not_found, "opening a classifier: the plugin " + library.string() + " runs no networks");
  }
  throw Error(ErrorCode::not_found, "opening a classifier: there is no plugin \"" + runtime + "\" to run it (" +
                                        detail::searched(folders) +
                                        "). The one for opencv is built where libopencv-dnn-dev is installed");
}

std::string content_of(const fs::path& file, const char* what) {
  std::optional<std::string> content = detail::text_if_there(file);
  if (!content) {
    throw Error(ErrorCode::not_found,
                "opening a classifier: " + std::string(what) + " " + file.string() + " is not there");
  }
  return *std::move(content);
}

imaging::ClassifierModel model_beside(const fs::path& network) {
  fs::path file = network;
  file.replace_extension(".json");
  const std::string text = content_of(file, "the model's description");
  try {
    return from_json<imaging::ClassifierModel>(text);
  } catch (const Error& error) {
    throw Error(ErrorCode::invalid_file,
                "opening a classifier: " + file.string() + " describes no model: " + error.what());
  }
}

}  // namespace

void add_runtime(const std::string& name, NetworkReader reader) {
  Runtimes& runtimes = Runtimes::shared();
  const std::lock_guard lock(runtimes.mutex);
  if (!runtimes.readers.emplace(name, std::move(reader)).second) {
    throw Error(ErrorCode::duplicate, "the runtime \"" + name + "\" for networks was added twice");
  }
}

fs::path shipped_classifier() { return detail::folder_beside_library().parent_path() / "models" / "candidates.onnx"; }

imaging::Classifier open_classifier(const fs::path& network, const std::string& runtime) {
  imaging::ClassifierModel model = model_beside(network);
  const std::string content = content_of(network, "the network");
  const auto checksum = ::crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size());
  if (static_cast<std::int64_t>(content.size()) != model.bytes ||
      static_cast<std::int64_t>(checksum) != model.checksum) {
    throw Error(ErrorCode::invalid_file,
                "opening a classifier: " + network.string() +
                    " is damaged, or not the network that its description is about: " + std::to_string(content.size()) +
                    " bytes with CRC-32 " + std::to_string(checksum) + ", expected " + std::to_string(model.bytes) +
                    " with " + std::to_string(model.checksum));
  }
  const NetworkReader reader = reader_of(runtime);
  try {
    return {std::move(model), reader(std::as_bytes(std::span(content)))};
  } catch (const Error& error) {
    throw error.at("opening a classifier: " + network.string());
  }
}

}  // namespace astro::inference
