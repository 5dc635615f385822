// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <thread>

#include "astro/error.hpp"
#include "astro/imaging/classifier.hpp"
#include "astro/inference/models.hpp"
#include "astro/json.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using imaging::Classifier;
using imaging::ClassifierModel;
using imaging::Image;
using imaging::Plane;
using imaging::Triplet;
using inference::open_classifier;
using inference::shipped_classifier;

constexpr std::size_t side = 63;
constexpr std::size_t one = 3 * side * side;
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// Empty sky with noise: each plane has a level and a scale of its own.
std::vector<float> noise(std::size_t triplets, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> made(triplets * one);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const std::size_t plane = i / (side * side) % 3;
    made[i] = 100.0F * static_cast<float>(plane) + (1.0F + static_cast<float>(plane)) * normal(random);
  }
  return made;
}

Triplet triplet_of(std::span<const float> values) {
  Triplet made;
  std::size_t at = 0;
  for (Plane<float>* plane : {&made.science, &made.reference, &made.difference}) {
    *plane = Plane<float>(side, side);
    std::copy_n(values.data() + at, side * side, plane->data());
    at += side * side;
  }
  return made;
}

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::internal;
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

/// Another runtime: it says what the middle pixel of the difference is.
class MiddlePixel final : public imaging::Network {
 public:
  std::vector<float> run(std::span<const float> triplets, std::size_t count, std::size_t width) override {
    std::vector<float> made;
    for (std::size_t i = 0; i < count; ++i) made.push_back(triplets[(3 * i + 2) * width * width + width * width / 2]);
    return made;
  }
};

class Broken final : public imaging::Network {
 public:
  std::vector<float> run(std::span<const float>, std::size_t count, std::size_t) override {
    return std::vector<float>(2 * count);
  }
};

ClassifierModel plain(double slope = 1.0, double offset = 0.0) {
  ClassifierModel model;
  model.name = "plain";
  model.slope = slope;
  model.offset = offset;
  return model;
}

TEST(Normalised, MakesSkyOfUnitNoiseOutOfAnyUnit) {
  const std::vector<float> made = imaging::normalised(noise(2, 1), side);
  for (std::size_t plane = 0; plane < 6; ++plane) {
    double sum = 0.0;
    double squares = 0.0;
    for (std::size_t i = 0; i < side * side; ++i) {
      const double sigmas = 3.0 * std::sinh(static_cast<double>(made[plane * side * side + i]));
      sum += sigmas;
      squares += sigmas * sigmas;
    }
    const auto count = static_cast<double>(side * side);
    EXPECT_NEAR(sum / count, 0.0, 0.1);
    EXPECT_NEAR(std::sqrt(squares / count), 1.0, 0.1);
  }
}

TEST(Normalised, IsLogarithmicInStarsAndKeepsTheirSign) {
  std::vector<float> values = noise(1, 2);
  values[7] = 1e6F;
  values[side * side * 2 + 7] = -1e6F;
  const std::vector<float> made = imaging::normalised(values, side);
  EXPECT_NEAR(made[7], std::asinh(1e6 / 3.0), 0.1);
  EXPECT_NEAR(made[side * side * 2 + 7], -std::asinh(1e6 / 9.0), 0.1);
}

TEST(Normalised, TakesWhatHasNoDataForSky) {
  std::vector<float> values = noise(1, 3);
  std::fill_n(values.begin(), side * side / 2, nan);
  values[side * side] = std::numeric_limits<float>::infinity();
  const std::vector<float> made = imaging::normalised(values, side);
  EXPECT_EQ(made[0], 0.0F);
  EXPECT_EQ(made[side * side], 0.0F);
  EXPECT_TRUE(std::all_of(made.begin(), made.end(), [](float x) { return std::isfinite(x); }));
}

TEST(Normalised, RefusesPlanesWithoutDataOrNoiseByName) {
  std::vector<float> values = noise(3, 4);
  std::fill_n(values.begin() + one + side * side, side * side, nan);
  const std::string empty = message_of([&] { imaging::normalised(values, side); });
  EXPECT_NE(empty.find("the reference of triplet 1"), std::string::npos) << empty;
  values = noise(3, 4);
  std::fill_n(values.begin() + 2 * one, side * side, 5.0F);
  const std::string flat = message_of([&] { imaging::normalised(values, side); });
  EXPECT_NE(flat.find("the science image of triplet 2"), std::string::npos) << flat;
  EXPECT_EQ(code_of([] { imaging::normalised(std::vector<float>{1.0F, 2.0F, 3.0F}, 1); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { imaging::normalised({}, 0); }), ErrorCode::invalid_argument);
  EXPECT_TRUE(imaging::normalised({}, side).empty());
  values.pop_back();
  EXPECT_EQ(code_of([&] { imaging::normalised(values, side); }), ErrorCode::invalid_argument);
}

TEST(Classifier, RunsOnAnotherRuntimeInOrderAndCalibrates) {
  const Classifier classifier(plain(2.0, -1.0), std::make_unique<MiddlePixel>());
  const std::vector<float> values = noise(100, 5);
  const std::vector<double> scores = classifier.score(values);
  const std::vector<float> input = imaging::normalised(values, side);
  ASSERT_EQ(scores.size(), 100U);
  for (std::size_t i = 0; i < 100; ++i) {
    const double said = input[i * one + 2 * side * side + side * side / 2];
    EXPECT_NEAR(scores[i], 1.0 / (1.0 + std::exp(1.0 - 2.0 * said)), 1e-6);
  }
  EXPECT_TRUE(classifier.score(std::span<const float>()).empty());
}

TEST(Classifier, RefusesModelsThatCannotBe) {
  EXPECT_EQ(code_of([] { Classifier(plain(-1.0), std::make_unique<MiddlePixel>()); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([] { Classifier(plain(1.0), std::make_unique<Broken>()); }), ErrorCode::invalid_file);
  EXPECT_EQ(code_of([] { Classifier(plain(1.0), nullptr); }), ErrorCode::invalid_argument);
  ClassifierModel even = plain();
  even.side = 64;
  EXPECT_EQ(code_of([&] { Classifier(even, std::make_unique<MiddlePixel>()); }), ErrorCode::invalid_argument);
}

TEST(Classifier, RefusesStampsOfAnotherSide) {
  const Classifier classifier(plain(), std::make_unique<MiddlePixel>());
  Triplet triplet = triplet_of(noise(1, 6));
  triplet.reference = Plane<float>(61, 63);
  EXPECT_EQ(code_of([&] { classifier.score(std::span<const Triplet>(&triplet, 1)); }), ErrorCode::invalid_argument);
}

TEST(Classifier, GivesCandidatesTheirScoresAndNoneWithoutPixels) {
  const Classifier classifier(plain(), std::make_unique<MiddlePixel>());
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  Image image;
  image.pixels = Plane<float>(200, 200);
  for (float& value : image.pixels.values()) value = normal(random);
  image.pixels(100, 90) = 50.0F;
  std::vector<imaging::Candidate> candidates(70);  // more than a network gets at once
  for (std::size_t i = 2; i < candidates.size(); ++i) candidates[i].x = candidates[i].y = 40.0 + static_cast<double>(i);
  candidates[0].x = 90.0;
  candidates[0].y = 100.0;
  candidates[1].x = candidates[1].y = -20.0;  // a corner of its stamps lies in the image
  candidates[1].score = 0.5;
  candidates = classifier.scored(candidates, image, image, image);
  ASSERT_TRUE(candidates[0].score);
  EXPECT_GT(*candidates[0].score, 0.9);
  EXPECT_FALSE(candidates[1].score);
  const std::vector<imaging::Candidate> last{candidates.back()};
  ASSERT_TRUE(last[0].score);
  EXPECT_DOUBLE_EQ(*classifier.scored(last, image, image, image)[0].score, *last[0].score);
}

class ShippedClassifier : public ::testing::Test {
 protected:
  /// A copy of the shipped model, to be harmed.
  std::filesystem::path copied() {
    for (const char* kind : {".onnx", ".json"}) {
      std::filesystem::path from = shipped_classifier();
      from.replace_extension(kind);
      std::filesystem::copy_file(from, folder_.path() / ("copy" + std::string(kind)));
    }
    return folder_.path() / "copy.onnx";
  }

  /// Another network under the shipped one's description, whose size and checksum are made right.
  void replace(const std::string& content) {
    auto model = from_json<ClassifierModel>(testing::read_file(folder_.path() / "copy.json"));
    model.bytes = static_cast<std::int64_t>(content.size());
    model.checksum =
        static_cast<std::int64_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()));
    folder_.write("copy.json", to_json(model));
    folder_.write("copy.onnx", content);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(ShippedClassifier, ScoresAnyNumberTheSameInAnyCompany) {
  const Classifier classifier = open_classifier();
  const std::vector<float> values = noise(70, 8);
  const std::vector<double> all = classifier.score(values);
  ASSERT_EQ(all.size(), 70U);
  for (const std::size_t i : {0U, 31U, 32U, 69U}) {
    const std::vector<double> alone = classifier.score(std::span(values).subspan(i * one, one));
    EXPECT_NEAR(alone.at(0), all[i], 1e-5);
    EXPECT_LT(all[i], 0.5);  // empty sky is no transient
  }
  const Triplet triplet = triplet_of(std::span(values).first(one));
  EXPECT_EQ(classifier.score(std::span<const Triplet>(&triplet, 1)).at(0),
            classifier.score(std::span(values).first(one)).at(0));
}

TEST_F(ShippedClassifier, IsSharedByThreads) {
  const Classifier classifier = open_classifier();
  const std::vector<float> values = noise(8, 9);
  const std::vector<double> expected = classifier.score(values);
  std::vector<std::thread> threads;
  std::array<std::vector<double>, 4> made;
  for (std::vector<double>& scores : made) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i) scores = classifier.score(values);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::vector<double>& scores : made) EXPECT_EQ(scores, expected);
}

TEST_F(ShippedClassifier, IsRefusedWhereSomethingIsMissing) {
  EXPECT_EQ(code_of([] { open_classifier("/nowhere/network.onnx"); }), ErrorCode::not_found);
  const std::filesystem::path file = copied();
  const std::string runtime = message_of([&] { open_classifier(file, "tensorstuff"); });
  EXPECT_NE(runtime.find("no plugin \"tensorstuff\""), std::string::npos) << runtime;
  EXPECT_NE(runtime.find("libopencv-dnn-dev"), std::string::npos) << runtime;
  const std::string none = message_of([&] { open_classifier(file, "simulator"); });
  EXPECT_NE(none.find("runs no networks"), std::string::npos) << none;
  std::filesystem::remove(file);
  EXPECT_EQ(code_of([&] { open_classifier(file); }), ErrorCode::not_found);
}

TEST_F(ShippedClassifier, IsRefusedWhereItIsDamaged) {
  const std::filesystem::path file = copied();
  const std::string whole = testing::read_file(file);
  std::string changed = whole;
  changed[changed.size() / 2] ^= 1;
  folder_.write("copy.onnx", changed);
  EXPECT_EQ(code_of([&] { open_classifier(file); }), ErrorCode::invalid_file);
  folder_.write("copy.onnx", whole.substr(0, 1000));
  const std::string cut = message_of([&] { open_classifier(file); });
  EXPECT_NE(cut.find("1000 bytes"), std::string::npos) << cut;
  for (const char* text : {"", "{", "[]", R"({"name": "x"})"}) {
    folder_.write("copy.json", text);
    EXPECT_EQ(code_of([&] { open_classifier(file); }), ErrorCode::invalid_file) << text;
  }
}

TEST_F(ShippedClassifier, IsRefusedWhereTheRuntimeCannotRunIt) {
  const std::filesystem::path file = copied();
  const std::string whole = testing::read_file(file);
  for (const std::string& content :
       {std::string("no network"), whole.substr(0, whole.size() / 2), std::string(500, '\xff')}) {
    replace(content);
    EXPECT_EQ(code_of([&] { open_classifier(file); }), ErrorCode::invalid_file) << content.size();
  }
}

TEST_F(ShippedClassifier, IsRefusedWithStampsThatItWasNotMadeFor) {
  const std::filesystem::path file = copied();
  auto model = from_json<ClassifierModel>(testing::read_file(folder_.path() / "copy.json"));
  model.side = 31;
  folder_.write("copy.json", to_json(model));
  EXPECT_EQ(code_of([&] { open_classifier(file); }), ErrorCode::invalid_file);
}

}  // namespace
}  // namespace astro
