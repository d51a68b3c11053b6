//===- CsvTest.cpp - Tests of the text format -----------------------------===//

#include "dlc/MemoryPlanning/Csv.h"

#include <gtest/gtest.h>
#include <sstream>

using namespace dlc::memory;

namespace {

std::string read(const std::string &text, Problem &problem) {
  std::istringstream in(text);
  return readProblem(in, problem);
}

std::string faultOf(const std::string &text) {
  Problem problem;
  return read(text, problem);
}

TEST(Csv, RoundTrip) {
  Problem problem;
  ASSERT_EQ(read("id,lower,upper,size\nb1,0,3,4\r\n\n b2 , 3, 9, 4\n", problem),
            "");
  ASSERT_EQ(problem.buffers.size(), 2u);
  EXPECT_EQ(problem.buffers[1].id, "b2");
  EXPECT_EQ(problem.buffers[1].lower, 3);
  EXPECT_EQ(problem.buffers[1].upper, 9);
  EXPECT_EQ(problem.buffers[1].size, 4);
  std::ostringstream out;
  writePlan(out, problem, {{0, 8}});
  EXPECT_EQ(out.str(), "id,lower,upper,size,offset\nb1,0,3,4,0\nb2,3,9,4,8\n");
}

TEST(Csv, OptionalColumnsInAnyOrder) {
  Problem problem;
  ASSERT_EQ(read("size,offset,id,alignment,upper,lower\n8,,a,16,2,0\n"
                 "8,32,b,,2,0\n",
                 problem),
            "");
  EXPECT_EQ(problem.buffers[0].alignment, 16);
  EXPECT_FALSE(problem.buffers[0].offset.has_value());
  EXPECT_EQ(problem.buffers[1].alignment, 1);
  EXPECT_EQ(problem.buffers[1].offset, 32);
  std::ostringstream out;
  writePlan(out, problem, {{0, 32}});
  EXPECT_EQ(
      out.str(),
      "id,lower,upper,size,alignment,offset\na,0,2,8,16,0\nb,0,2,8,1,32\n");
}

TEST(Csv, Aliases) {
  Problem problem;
  ASSERT_EQ(read("id,lower,upper,size,alias\na,0,2,8,m\nb,1,3,4,m\nc,1,2,4,\n",
                 problem),
            "");
  EXPECT_EQ(problem.buffers[1].alias, "m");
  EXPECT_EQ(problem.buffers[2].alias, "");
  std::ostringstream out;
  writePlan(out, problem, {{0, 0, 8}});
  EXPECT_EQ(out.str(), "id,lower,upper,size,alias,offset\na,0,2,8,m,0\n"
                       "b,1,3,4,m,0\nc,1,2,4,,8\n");
}

TEST(Csv, Faults) {
  EXPECT_EQ(faultOf(""), "no header line");
  EXPECT_EQ(faultOf("id,lower,upper\n"), "line 1: no column 'size'");
  EXPECT_EQ(faultOf("id,lower,upper,bytes\n"),
            "line 1: unknown column 'bytes'");
  EXPECT_EQ(faultOf("id,id,lower,upper,size\n"),
            "line 1: column 'id' is given twice");
  EXPECT_EQ(faultOf("id,lower,upper,size\na,0,1\n"),
            "line 2: has 3 fields instead of 4");
  EXPECT_EQ(faultOf("id,lower,upper,size\na,0,1,8x\n"),
            "line 2: '8x' is no integer");
  EXPECT_EQ(faultOf("id,lower,upper,size\na,0,1,99999999999999999999\n"),
            "line 2: '99999999999999999999' is no integer");
  EXPECT_EQ(faultOf("id,lower,upper,size\na,0,1,8\na,0,1,8\n"),
            "line 3: id 'a' is given twice");
  EXPECT_EQ(faultOf("id,lower,upper,size\na,0,1,-8\n"),
            "buffer 'a' has a negative size -8");
}

} // namespace
