// SPDX-License-Identifier: BSD-3-Clause
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

#include "astro/inference/models.hpp"
#include "astro/plugin.hpp"

namespace {

[[noreturn]] void no_network(const std::string& why) {
  throw astro::Error(astro::ErrorCode::invalid_file, "OpenCV cannot run it: " + why);
}

class OpenCvNetwork final : public astro::imaging::Network {
 public:
  explicit OpenCvNetwork(std::span<const std::byte> content) try
      : net_(cv::dnn::readNetFromONNX(reinterpret_cast<const char*>(content.data()), content.size())) {
    net_.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
    net_.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
  } catch (const cv::Exception& error) {
    no_network(error.err);
  }

  std::vector<float> run(std::span<const float> triplets, std::size_t count, std::size_t side) override {
    try {
      const std::vector<int> shape{static_cast<int>(count), 3, static_cast<int>(side), static_cast<int>(side)};
      // OpenCV has no matrix of constants; it copies this one before anything is computed.
      net_.setInput(cv::Mat(shape, CV_32F, const_cast<float*>(triplets.data())));
      const cv::Mat said = net_.forward();
      if (said.type() != CV_32F || !said.isContinuous()) no_network("it gives no 32-bit floating-point numbers");
      return {said.ptr<float>(), said.ptr<float>() + said.total()};
    } catch (const cv::Exception& error) {
      no_network(error.err);
    }
  }

 private:
  cv::dnn::Net net_;
};

}  // namespace

ASTRO_PLUGIN(opencv, "1.0.0", registry) {
  // Whoever scores many frames has a thread for each; and what OpenCV would print comes as an error.
  cv::setNumThreads(1);
  cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
  astro::inference::add_runtime("opencv", [](std::span<const std::byte> content) {
    return std::unique_ptr<astro::imaging::Network>(std::make_unique<OpenCvNetwork>(content));
  });
}
