// SPDX-License-Identifier: BSD-3-Clause
// What every build can run: files that were damaged at random, always in the same way. Under the
// sanitizers a crash, a hang or a huge reservation fails it. libFuzzer (tests/fuzz/run) goes further.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "astro/error.hpp"
#include "reading.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using Random = std::mt19937;

std::size_t place(Random& random, std::size_t size) { return size == 0 ? 0 : random() % size; }

void flip(std::string& text, Random& random) {
  if (!text.empty()) text[place(random, text.size())] = static_cast<char>(random() & 0xFFU);
}

/// What numbers in headers are wrong by: signs, digits, lengths that no file has.
void put_word(std::string& text, Random& random) {
  static const std::vector<std::string> words{"-1",
                                              "0",
                                              "9",
                                              "99999999999999999999",
                                              "1e308",
                                              "nan",
                                              "-inf",
                                              "\xff\xff\xff\xff",
                                              std::string("\0\0\0\0", 4),
                                              "\x7f\xff\xff\xff",
                                              "'",
                                              "(",
                                              ",",
                                              "\n",
                                              "T",
                                              " "};
  const std::string& word = words[random() % words.size()];
  const std::size_t at = place(random, text.size());
  text.replace(at, std::min(word.size(), text.size() - at), word);
}

void remove_some(std::string& text, Random& random) { text.erase(place(random, text.size()), 1 + random() % 100); }

void double_some(std::string& text, Random& random) {
  const std::string part = text.substr(place(random, text.size()), 1 + random() % 200);
  text.insert(place(random, text.size()), part);
}

void cut(std::string& text, Random& random) { text.resize(place(random, text.size())); }

std::string damaged(std::string text, Random& random) {
  constexpr std::array ways{flip, flip, put_word, put_word, remove_some, double_some, cut};
  for (unsigned turns = 1 + random() % 4; turns > 0; --turns) ways[random() % ways.size()](text, random);
  return text;
}

TEST(Readers, ReadOrRefuseWhateverStandsInAFile) {
  const testing::TemporaryFolder folder;
  const int rounds = testing::is_long() ? 100'000 : 1'500;
  for (const auto& [reader, contents] : fuzz::seeds(folder.path())) {
    Random random(1);  // NOLINT(cert-msc51-cpp): the same damages each time
    int refused = 0;
    for (const std::string& content : contents) EXPECT_NO_THROW(fuzz::read(reader, content, folder.path())) << reader;
    for (int i = 0; i < rounds; ++i) {
      const std::string content = damaged(contents[static_cast<std::size_t>(i) % contents.size()], random);
      try {
        fuzz::read(reader, content, folder.path());
      } catch (const Error& error) {
        ++refused;
        if (fuzz::reads_messages(reader)) continue;
        ASSERT_THAT(error.what(), ::testing::HasSubstr(folder.path().string())) << reader;
      }
    }
    EXPECT_GT(refused, rounds / 10) << reader;  // the damages are real
  }
}

}  // namespace
}  // namespace astro
