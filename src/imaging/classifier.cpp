// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/classifier.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

#include "astro/error.hpp"
#include "imaging/refuse.hpp"

namespace astro::imaging {
namespace {

constexpr const char* scoring = "scoring candidates";
constexpr std::array plane_names{"science image", "reference", "difference"};

/// How many triplets a network gets at once: memory does not grow with the number of candidates.
constexpr std::size_t most_at_once = 32;

struct SkyOfStamp {
  float level = 0.0F;
  float noise = 0.0F;
};

/// Nothing where too few pixels have data, or none has noise. `room` is memory that is used again.
std::optional<SkyOfStamp> sky_of_stamp(std::span<const float> plane, std::vector<float>& room) {
  room.clear();
  // Every other pixel, as on a chess board where the side is odd.
  for (std::size_t i = 0; i < plane.size(); i += 2) {
    if (std::isfinite(plane[i])) room.push_back(plane[i]);
  }
  if (room.size() < std::max<std::size_t>(8, plane.size() / 8)) return std::nullopt;
  const auto begin = room.begin();
  const auto quarter = static_cast<std::ptrdiff_t>(room.size() / 4);
  const auto half = static_cast<std::ptrdiff_t>(room.size() / 2);
  std::nth_element(begin, begin + half, room.end());
  std::nth_element(begin, begin + quarter, begin + half);
  std::nth_element(begin + half + 1, begin + half + quarter, room.end());
  const float noise = (begin[half + quarter] - begin[quarter]) / 1.349F;  // of a normal distribution
  if (!(noise > 0.0F) || !std::isfinite(noise)) return std::nullopt;
  return SkyOfStamp{begin[half], noise};
}

void normalise(std::span<const float> plane, SkyOfStamp sky, std::span<float> out) {
  const float scale = 1.0F / (3.0F * sky.noise);
  for (std::size_t i = 0; i < plane.size(); ++i) {
    const float t = (plane[i] - sky.level) * scale;
    const float size = std::abs(t);
    out[i] = std::isfinite(t) ? std::copysign(std::log(size + std::sqrt(size * size + 1.0F)), t) : 0.0F;
  }
}

/// The planes of one triplet; how it failed, or null.
const char* normalise_triplet(std::span<const float> triplet, std::span<float> out, std::vector<float>& room) {
  const std::size_t area = triplet.size() / 3;
  for (std::size_t k = 0; k < 3; ++k) {
    const std::span<const float> plane = triplet.subspan(k * area, area);
    const std::optional<SkyOfStamp> sky = sky_of_stamp(plane, room);
    if (!sky) return plane_names[k];
    normalise(plane, *sky, out.subspan(k * area, area));
  }
  return nullptr;
}

void append_triplet(const Triplet& triplet, std::size_t side, std::vector<float>& out) {
  for (const Plane<float>* plane : {&triplet.science, &triplet.reference, &triplet.difference}) {
    if (plane->rows() != side || plane->columns() != side) {
      refuse(scoring, "a stamp has " + size_of(*plane) + ", and the model wants " + std::to_string(side) + " of " +
                          std::to_string(side));
    }
    out.insert(out.end(), plane->values().begin(), plane->values().end());
  }
}

double probability(const ClassifierModel& model, float said) {
  return 1.0 / (1.0 + std::exp(-(model.slope * static_cast<double>(said) + model.offset)));
}

}  // namespace

Network::~Network() = default;

std::vector<float> normalised(std::span<const float> triplets, std::size_t side) {
  const std::size_t one = 3 * side * side;
  if (one == 0 || triplets.size() % one != 0) {
    refuse(scoring, std::to_string(triplets.size()) + " values are no triplets of stamps of " + std::to_string(side) +
                        " by " + std::to_string(side) + " pixels");
  }
  std::vector<float> made(triplets.size());
  std::vector<float> room;
  for (std::size_t i = 0; i < triplets.size(); i += one) {
    if (const char* plane = normalise_triplet(triplets.subspan(i, one), std::span(made).subspan(i, one), room)) {
      refuse(scoring, "the " + std::string(plane) + " of triplet " + std::to_string(i / one) +
                          " has less than a quarter of its pixels, or no noise: leave this candidate out");
    }
  }
  return made;
}

struct Classifier::Running {
  std::unique_ptr<Network> network;
  std::mutex one_at_a_time{};

  std::vector<float> run(std::span<const float> input, std::size_t side) {
    const std::size_t one = 3 * side * side;
    std::vector<float> all;
    const std::lock_guard lock(one_at_a_time);
    for (std::size_t i = 0; i < input.size(); i += most_at_once * one) {
      const std::span<const float> part = input.subspan(i, std::min(most_at_once * one, input.size() - i));
      const std::vector<float> said = network->run(part, part.size() / one, side);
      if (said.size() != part.size() / one ||
          !std::all_of(said.begin(), said.end(), [](float x) { return std::isfinite(x); })) {
        throw Error(ErrorCode::invalid_file, std::string(scoring) + ": the network gave " +
                                                 std::to_string(said.size()) + " numbers for " +
                                                 std::to_string(part.size() / one) +
                                                 " triplets, or some that are not finite: is it of another kind?");
      }
      all.insert(all.end(), said.begin(), said.end());
    }
    return all;
  }
};

Classifier::Classifier(ClassifierModel model, std::unique_ptr<Network> network)
    : model_(std::move(model)), running_(std::make_unique<Running>(std::move(network))) {
  if (model_.side < 15 || model_.side > 255 || model_.side % 2 == 0) {
    refuse("opening a classifier",
           "stamps of " + std::to_string(model_.side) + " pixels: odd numbers from 15 to 255 can be");
  }
  if (!std::isfinite(model_.slope) || !std::isfinite(model_.offset) || !(model_.slope > 0.0)) {
    refuse("opening a classifier", "the calibration of model " + model_.name + " is none: its slope must be positive");
  }
  if (running_->network == nullptr) refuse("opening a classifier", "model " + model_.name + " comes without a network");
  const auto side = static_cast<std::size_t>(model_.side);
  running_->run(std::vector<float>(3 * side * side), side);
}

Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

std::vector<double> Classifier::score(std::span<const float> triplets) const {
  const auto side = static_cast<std::size_t>(model_.side);
  std::vector<double> made;
  for (const float said : running_->run(normalised(triplets, side), side)) made.push_back(probability(model_, said));
  return made;
}

std::vector<double> Classifier::score(std::span<const Triplet> triplets) const {
  std::vector<float> flat;
  for (const Triplet& triplet : triplets) append_triplet(triplet, static_cast<std::size_t>(model_.side), flat);
  return score(flat);
}

std::vector<Candidate> Classifier::scored(std::vector<Candidate> candidates, const Image& science,
                                          const Image& reference, const Image& difference) const {
  const auto side = static_cast<std::size_t>(model_.side);
  std::vector<float> flat;
  std::vector<float> made(3 * side * side);
  std::vector<float> room;
  std::vector<float> input;
  std::vector<Candidate*> known;
  const auto score_known = [&] {
    const std::vector<float> said = running_->run(input, side);
    for (std::size_t i = 0; i < known.size(); ++i) known[i]->score = probability(model_, said[i]);
    input.clear();
    known.clear();
  };
  for (Candidate& candidate : candidates) {
    candidate.score.reset();
    flat.clear();
    append_triplet(cut(science, reference, difference, {candidate.x, candidate.y}, side), side, flat);
    if (normalise_triplet(flat, made, room) != nullptr) continue;
    input.insert(input.end(), made.begin(), made.end());
    known.push_back(&candidate);
    if (known.size() == most_at_once) score_known();
  }
  score_known();
  return candidates;
}

}  // namespace astro::imaging
