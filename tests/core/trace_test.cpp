// SPDX-License-Identifier: BSD-3-Clause
#include "astro/trace.hpp"

#include <gmock/gmock.h>

#include <vector>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/value.hpp"
#include "testing/testing.hpp"

namespace astro::testing {
namespace {

// The example of the standard, section 3.2.
constexpr const char* example = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Trace, ReadsATraceparentAsTheStandardWantsIt) {
  const TraceContext context = parse_traceparent(example);
  EXPECT_EQ(context.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(context.span_id, "00f067aa0ba902b7");
  EXPECT_EQ(to_traceparent(context), example);
  const std::string later = std::string("cc") + (example + 2);
  EXPECT_EQ(parse_traceparent(later).trace_id, context.trace_id) << "a later version begins as this one";
  EXPECT_EQ(parse_traceparent(later + "-what-the-future-holds").trace_id, context.trace_id);
  for (const std::string& broken :
       {std::string(), std::string("00"), std::string(example) + "-more", std::string(example).substr(0, 54),
        std::string("ff") + (example + 2), std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
        std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
        std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g"), later + "more"}) {
    EXPECT_TRUE(parse_traceparent(broken).is_none()) << broken;
  }
  EXPECT_EQ(to_traceparent({}), "");
}

TEST(Trace, ASpanIsAPartOfTheCurrentOneAndIsExportedOnce) {
  std::vector<SpanRecord> ended;
  set_span_exporter([&](SpanRecord span) { ended.push_back(std::move(span)); });
  {
    const TraceScope outer(parse_traceparent(example));
    Span span("slew");
    span.set("astro.device", "dish");
    {
      const TraceScope inner(span.context());
      const Span part("move");
      EXPECT_EQ(current_trace().span_id, span.context().span_id);
    }
    EXPECT_EQ(current_trace().span_id, "00f067aa0ba902b7");
    span.end("it is stuck");
  }
  EXPECT_TRUE(current_trace().is_none());
  const Span alone("alone");
  set_span_exporter({});
  ASSERT_EQ(ended.size(), 2U);
  EXPECT_EQ(ended[0].name, "move");
  EXPECT_EQ(ended[1].name, "slew");
  EXPECT_EQ(ended[1].context.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(ended[1].parent_span_id, "00f067aa0ba902b7");
  EXPECT_EQ(ended[0].parent_span_id, ended[1].context.span_id);
  EXPECT_EQ(ended[1].error, "it is stuck");
  EXPECT_LE(ended[1].begin, ended[0].begin);
  EXPECT_LE(ended[0].end, ended[1].end);
  EXPECT_FALSE(parse_traceparent(to_traceparent(alone.context())).is_none());
  EXPECT_NE(alone.context().trace_id, ended[1].context.trace_id);
}

TEST(Trace, LinesOfLogSayOfWhichTraceTheyAre) {
  TemporaryFolder folder;
  const auto written = [&](LogFormat format) {
    const std::string file = (folder.path() / "log").string();
    configure_log({.level = LogLevel::info, .format = format, .file = file});
    {
      const TraceScope scope(parse_traceparent(example));
      log(LogLevel::warning, "dish", "it squeaks");
    }
    configure_log({});
    const std::string text = read_file(file);
    std::filesystem::remove(file);
    return text;
  };
  EXPECT_THAT(written(LogFormat::text),
              ::testing::EndsWith("warning dish: it squeaks [4bf92f3577b34da6a3ce929d0e0e4736]\n"));
  EXPECT_EQ(parse_json(written(LogFormat::json_lines)).find("trace")->as_text(), "4bf92f3577b34da6a3ce929d0e0e4736");
}

}  // namespace
}  // namespace astro::testing
