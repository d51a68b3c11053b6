//===- ReportTest.cpp - Tests of the report ------------------------------===//

#include "dlc/MemoryPlanning/Report.h"

#include <gtest/gtest.h>
#include <sstream>

using namespace dlc::memory;

namespace {

Report makeExample() {
  Problem problem{{{"a", 0, 4, 100}, {"b", 2, 6, 300}, {"c", 5, 9, 100}}};
  return makeReport(problem, {{0, 100, 0}});
}

std::string json(const Report &report) {
  std::ostringstream out;
  writeJson(out, report);
  return out.str();
}

TEST(Report, FindsThePeak) {
  Report report = makeExample();
  EXPECT_EQ(report.arenaBytes, 400);
  EXPECT_EQ(report.lowerBound, 400);
  Peak peak = findPeak(report);
  EXPECT_EQ(peak.launch, 2);
  EXPECT_EQ(peak.bytes, 400);
  EXPECT_EQ(peak.slots, (std::vector<size_t>{1, 0}));
  EXPECT_EQ(summarize(report),
            "weights 0 B, arena 400 B, lower bound 400 B, ratio 1.000");
  report.launches = {{"k", ""}, {"k", ""}, {"add_4", "x (Add)"}};
  EXPECT_EQ(describePeak(report, 1),
            "the peak of 400 B (400 bytes) is at launch 2 (add_4, x (Add)), "
            "held by\n  300 B  b, buffer, launches 2 to 5\n  and 1 more\n");
}

TEST(Report, Empty) {
  Report report = makeReport({}, {});
  EXPECT_EQ(findPeak(report).bytes, 0);
  EXPECT_EQ(describePeak(report, 3), "");
  EXPECT_EQ(report.ratio(), 1);
  EXPECT_NE(json(report).find("\"slots\":[]"), std::string::npos);
}

TEST(Report, Bytes) {
  EXPECT_EQ(formatBytes(1023), "1023 B");
  EXPECT_EQ(formatBytes(1536), "1.5 KiB");
  EXPECT_EQ(formatBytes(7 << 20), "7.0 MiB");
  EXPECT_EQ(formatBytes(int64_t(5) << 30), "5120.0 MiB");
  EXPECT_EQ(formatBytes(int64_t(50) << 30), "50.0 GiB");
}

// Names come from models: quotes, tags, control characters, broken UTF-8.
TEST(Report, EscapesNames) {
  Report report = makeExample();
  auto name = [&](const std::string &text) {
    report.title = text;
    std::string result = json(report);
    size_t begin = result.find("\"title\":\"") + 9;
    return result.substr(begin, result.find("\",\"weights") - begin);
  };
  EXPECT_EQ(name("a\"\\b"), "a\\\"\\\\b");
  EXPECT_EQ(name("</script>\n"), "\\u003c/script>\\u000a");
  EXPECT_EQ(name("gr\xC3\xB6\xC3\x9F"
                 "e \xF0\x9F\x98\x80"),
            "gr\xC3\xB6\xC3\x9F"
            "e \xF0\x9F\x98\x80");
  EXPECT_EQ(name("\xFFx\xC3"), "\\ufffdx\\ufffd");
  EXPECT_EQ(name("\xC0\xAF"), "\\ufffd\\ufffd");            // a longer form
  EXPECT_EQ(name("\xED\xA0\x80"), "\\ufffd\\ufffd\\ufffd"); // a surrogate
}

TEST(Report, ThePageHoldsTheJson) {
  Report report = makeExample();
  std::ostringstream out;
  writePage(out, report);
  EXPECT_NE(out.str().find(json(report)), std::string::npos);
  EXPECT_EQ(out.str().find("http://"),
            out.str().find("http://www.w3.org/2000"));
  EXPECT_EQ(out.str().find("https://"), std::string::npos);
}

} // namespace
