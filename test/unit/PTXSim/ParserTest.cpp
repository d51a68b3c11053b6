//===- ParserTest.cpp - What is wrong with a PTX text ---------------------===//

#include "Simulation.h"

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::test;

namespace {

const char *const head = ".version 8.0\n.target sm_80\n.address_size 64\n";

std::string errorOf(const std::string &ptx) {
  return Simulation(ptx).loadError;
}

std::string errorInBody(const std::string &body) {
  return errorOf(std::string(head) +
                 ".visible .entry k()\n{\n.reg .b32 %r<4>;\n.reg .pred "
                 "%p<2>;\n" +
                 body + "\nret;\n}\n");
}

TEST(Parser, unknownInstructionIsNamed) {
  EXPECT_EQ(errorInBody("frobnicate.s32 %r1, %r2;"),
            "PTX line 8: unknown instruction 'frobnicate.s32'");
  EXPECT_EQ(errorInBody("add.wrong.s32 %r1, %r2, %r3;"),
            "PTX line 8: unknown modifier '.wrong' of instruction "
            "'add.wrong.s32'");
}

TEST(Parser, knownButNotSupported) {
  Simulation sim(std::string(head) +
                 ".visible .entry k()\n{\n.reg .b64 %rd<2>;\n\n"
                 "mbarrier.init.shared.b64 [%rd1], 1;\nret;\n}\n");
  EXPECT_EQ(sim.loadError, "");
  EXPECT_EQ(sim.run("k", {1}, {32}, 0),
            "kernel k: PTX line 8: `mbarrier.init.shared.b64 [%rd1], 1`: this "
            "form of 'mbarrier' is not supported by the simulator");
}

TEST(Parser, names) {
  EXPECT_EQ(errorInBody("add.s32 %r1, %r9, %r3;"),
            "PTX line 8: unknown register '%r9'");
  EXPECT_EQ(errorInBody("bra NOWHERE;"), "PTX line 8: unknown name 'NOWHERE'");
  EXPECT_EQ(errorInBody("@%r1 bra A;\nA:"),
            "PTX line 8: '%r1' is not a predicate");
  EXPECT_EQ(errorInBody("A:\nA:"), "PTX line 9: label 'A' is defined twice");
  EXPECT_EQ(errorInBody(".reg .b32 x;\n.reg .b32 x;"),
            "PTX line 9: 'x' is defined twice");
}

TEST(Parser, syntax) {
  EXPECT_EQ(errorOf(""), "PTX line 1: no .version directive: this is not PTX");
  EXPECT_EQ(errorOf("\x7f"
                    "ELF"),
            "PTX line 1: unreadable text '\x7f'");
  EXPECT_NE(errorOf(".version 12.0\n"), "");
  EXPECT_EQ(errorInBody("add.s32 %r1, %r2"),
            "PTX line 9: expected ';', found 'ret'");
  EXPECT_EQ(errorInBody("add.s32 %r1, %r2;"),
            "PTX line 8: wrong number of operands of 'add': 2");
  EXPECT_NE(errorInBody(".reg .b32 %q<99999999999>;"), "");
  EXPECT_NE(errorInBody("/* no end"), "");
  EXPECT_NE(errorOf(std::string(head) + ".global .b8 x[9999999999999999999];"),
            "");
  EXPECT_NE(errorOf(std::string(head) + ".global .f32 x[2] = {1.0, 2.0, 3.0};"),
            "");
}

TEST(Parser, targetAboveTheDevice) {
  EXPECT_EQ(errorOf(".version 8.0\n.target sm_90\n.address_size 64\n"),
            "the PTX is for sm_90, the device is sm_80");
}

/// A text cut anywhere, or with a damaged byte, gives an error or a module, and
/// never a crash.
TEST(Parser, damagedTexts) {
  std::string text = input("samples.ptx");
  for (size_t length = 0; length < text.size(); length += 97) {
    Simulation sim(text.substr(0, length));
    EXPECT_EQ(sim.module == nullptr, !sim.loadError.empty());
  }
  uint32_t random = 1;
  for (int i = 0; i < 300; ++i) {
    std::string damaged = text;
    for (int k = 0; k < 3; ++k) {
      random = random * 1664525 + 1013904223;
      damaged[(random >> 8) % damaged.size()] = char(random >> 3);
    }
    Simulation sim(damaged);
    EXPECT_EQ(sim.module == nullptr, !sim.loadError.empty());
  }
}

TEST(Parser, functionAttributes) {
  Simulation sim(std::string(head) + R"(
.extern .shared .align 128 .b8 dynamic[];
.shared .align 8 .b8 unused[4096];
.visible .entry k(.param .u32 a, .param .align 8 .b8 b[12], .param .u64 c)
.maxntid 128, 2, 1
{
  .reg .b32 %r<2>;
  .shared .align 4 .b8 s[100];
  .local .align 16 .b8 depot[40];
  mov.u32 %r1, s;
  mov.u32 %r1, dynamic;
  ret;
})");
  ASSERT_EQ(sim.loadError, "");
  const Function &function = *sim.module->findFunction("k");
  ASSERT_EQ(function.parameters().size(), 3u);
  EXPECT_EQ(function.parameters()[1].offset, 8u);
  EXPECT_EQ(function.parameters()[2].offset, 24u);
  EXPECT_EQ(function.parameterBytes(), 32u);
  EXPECT_EQ(function.staticSharedBytes(), 100u);
  EXPECT_EQ(function.localBytes(), 48u);
  EXPECT_EQ(function.maxThreadsPerBlock(), 256u);
  EXPECT_EQ(function.requiredBlock(), nullptr);
  EXPECT_EQ(function.ptxVersion(), 80u);
}

TEST(Parser, variableInitialisers) {
  Simulation sim(std::string(head) + R"(
.global .align 4 .u32 numbers[4] = {1, 0x10, -1};
.const .f32 floats[] = {0f3F800000, 2.5};
.global .u64 pointer = generic(numbers)+8;
.global .align 2 .b8 grid[2][3] = {{1, 2, 3}, {4, 5, 6}};
)");
  ASSERT_EQ(sim.loadError, "");
  auto data = [&](const char *name) {
    return reinterpret_cast<const void *>(
        sim.module->findVariable(name)->memory.begin);
  };
  const auto *numbers = static_cast<const uint32_t *>(data("numbers"));
  EXPECT_EQ(numbers[1], 16u);
  EXPECT_EQ(numbers[2], 0xffffffffu);
  EXPECT_EQ(numbers[3], 0u);
  EXPECT_EQ(static_cast<const float *>(data("floats"))[1], 2.5f);
  EXPECT_EQ(*static_cast<const uint32_t *const *>(data("pointer")),
            numbers + 2);
  EXPECT_EQ(static_cast<const uint8_t *>(data("grid"))[4], 5);
}

} // namespace
