// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/imaging/detection.hpp"
#include "astro/imaging/image.hpp"
#include "astro/record.hpp"

/// \file
/// How probable it is that a candidate is a change on the sky, by a trained network. Files with networks and what runs
/// them: astro/inference/models.hpp.
namespace astro::imaging {

/// A network that was made ready by some runtime (OpenCV, or another one).
class ASTRO_API Network {
 public:
  virtual ~Network();

  /// `triplets`: count x 3 x side x side numbers as `normalised` makes them. Returns one for each, the higher the more
  /// probably real: the logarithm of the odds, before it is calibrated. Called by one thread at a time. Throws
  /// `invalid_file` where the network does not take or give that.
  virtual std::vector<float> run(std::span<const float> triplets, std::size_t count, std::size_t side) = 0;
};

/// What belongs to a network besides its weights; written by whoever trained it.
struct ClassifierModel {
  std::string name{};
  std::string says{};      ///< one sentence: what it was trained for
  std::int64_t side = 63;  ///< pixels of a stamp
  /// Platt scaling (Platt 1999): the probability is 1 / (1 + exp(-(slope x + offset))), where x is what the network
  /// says.
  double slope = 1.0;
  double offset = 0.0;
  double threshold = 0.5;     ///< the probability from which a candidate is worth a look
  std::int64_t bytes = 0;     ///< of the network's file
  std::int64_t checksum = 0;  ///< CRC-32 of it
};

/// The one way in which triplets become a network's input, in training and in use. `triplets`: n x 3 x side x side
/// (science, reference, difference), NaN where there is no data. Each plane by itself: less its median, over the
/// standard deviation of its sky (from the quartiles of every other pixel, which says the same), then asinh(a third of
/// that): linear in the noise, logarithmic in stars. What has no data becomes 0.
///
/// Throws `invalid_argument` for a number of values that makes no whole triplets, and where a plane has less than a
/// quarter of its pixels or no noise at all: it names the triplet.
ASTRO_API std::vector<float> normalised(std::span<const float> triplets, std::size_t side);

/// Scores candidates. May be used by several threads; they take turns.
class ASTRO_API Classifier {
 public:
  /// Throws `invalid_argument` for a model that cannot be and for no network, and what the network throws for a first
  /// empty triplet.
  Classifier(ClassifierModel model, std::unique_ptr<Network> network);
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

  const ClassifierModel& model() const noexcept { return model_; }

  /// The probability of each triplet of being real, among candidates as they were in training. `triplets` as for
  /// `normalised`, of the model's side; throws as that does.
  std::vector<double> score(std::span<const float> triplets) const;
  /// The same of stamps as `cut` makes them. Throws `invalid_argument` where they have not the model's side.
  std::vector<double> score(std::span<const Triplet> triplets) const;

  /// The candidates with their scores. One whose stamps cannot be normalised, for want of pixels, gets none.
  std::vector<Candidate> scored(std::vector<Candidate> candidates, const Image& science, const Image& reference,
                                const Image& difference) const;

 private:
  struct Running;
  ClassifierModel model_;
  std::unique_ptr<Running> running_;
};

}  // namespace astro::imaging

template <>
struct astro::Description<astro::imaging::ClassifierModel> {
  using M = astro::imaging::ClassifierModel;
  static constexpr const char* name = "classifier_model";
  static constexpr std::array fields{
      field<&M::name>("name", {.says = "of the model", .required = true}),
      field<&M::says>("says", {.says = "what it was trained for"}),
      field<&M::side>("side", {.unit = "pixel", .min = 15, .max = 255, .says = "of a stamp; odd"}),
      field<&M::slope>("slope",
                       {.says = "of the calibration: log odds for each unit of the network", .required = true}),
      field<&M::offset>("offset", {.says = "of the calibration: log odds where the network says 0", .required = true}),
      field<&M::threshold>("threshold", {.min = 0, .max = 1, .says = "probability from which a candidate is kept"}),
      field<&M::bytes>("bytes", {.min = 1, .says = "of the network's file", .required = true}),
      field<&M::checksum>("checksum", {.says = "CRC-32 of the network's file", .required = true})};
};
