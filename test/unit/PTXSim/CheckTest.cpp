//===- CheckTest.cpp - Seeded faults that the checks must find ------------===//

#include "Simulation.h"

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::test;

namespace {

/// A kernel `k` with two pointer parameters in %rd1 and %rd2, the thread's
/// number in %r1 (and 4 times it in %rd3), the warp's in %r2.
std::string kernel(const std::string &body, const std::string &shared = "") {
  return R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 k_param_0, .param .u64 k_param_1)
{
  .reg .pred %p<8>;
  .reg .b16 %h<8>;
  .reg .b32 %r<16>;
  .reg .f32 %f<8>;
  .reg .b64 %rd<16>;
  )" + shared +
         R"(
  ld.param.u64 %rd1, [k_param_0];
  ld.param.u64 %rd2, [k_param_1];
  mov.u32 %r1, %tid.x;
  shr.u32 %r2, %r1, 5;
  mul.wide.u32 %rd3, %r1, 4;
)" + body +
         "\n  ret;\n}\n";
}

/// Runs `k` on a block of 64 threads with buffers of 64 floats: the first is
/// written, the second not.
struct Checked {
  explicit Checked(const std::string &ptx, uint32_t threads = 64) : sim(ptx) {
    input = sim.upload(std::vector<float>(64, 1.0f));
    output = sim.allocate<float>(64);
    message = sim.run("k", {1}, {threads}, 0, input, output);
  }
  /// The only fault; a description of a kind that no test expects otherwise.
  Fault fault() const {
    EXPECT_EQ(sim.faults.size(), 1u);
    return sim.faults.empty() ? Fault() : sim.faults[0];
  }
  Simulation sim;
  float *input, *output;
  std::string message;
};

TEST(Checks, cleanKernelHasNoFaults) {
  Checked run(kernel(R"(
  add.s64 %rd4, %rd1, %rd3;
  add.s64 %rd5, %rd2, %rd3;
  ld.global.f32 %f1, [%rd4];
  st.global.f32 [%rd5], %f1;)"));
  EXPECT_EQ(run.message, "");
  EXPECT_TRUE(run.sim.faults.empty());
  EXPECT_EQ(run.output[63], 1.0f);
}

TEST(Checks, globalOutOfBounds) {
  Checked run(kernel(R"(
  add.s64 %rd4, %rd1, %rd3;
  ld.global.f32 %f1, [%rd4+128];)"));
  EXPECT_NE(run.message, "");
  Fault fault = run.fault();
  EXPECT_EQ(fault.kind, FaultKind::OutOfBounds);
  EXPECT_EQ(fault.kernel, "k");
  EXPECT_EQ(fault.thread.x, 32u); // the first past the end
  EXPECT_EQ(fault.line, 19u);
  EXPECT_EQ(fault.bytes, 4u);
  EXPECT_EQ(fault.address, reinterpret_cast<uint64_t>(run.input + 64));
  EXPECT_EQ(fault.instruction, "ld.global.f32 %f1, [%rd4+128]");
}

TEST(Checks, globalOutOfBoundsOfOneLaneInAnotherBlock) {
  Simulation sim(kernel(R"(
  mov.u32 %r3, %ctaid.x;
  setp.eq.u32 %p1, %r3, 2;
  setp.eq.and.u32 %p2, %r1, 7, %p1;
  mov.f32 %f1, 0f3F800000;
  @%p2 st.global.f32 [%rd1+1024], %f1;)"));
  float *data = sim.allocate<float>(64);
  EXPECT_NE(sim.run("k", {4}, {64}, 0, data, data), "");
  ASSERT_EQ(sim.faults.size(), 1u);
  EXPECT_EQ(sim.faults[0].block.x, 2u);
  EXPECT_EQ(sim.faults[0].thread.x, 7u);
  EXPECT_NE(describe(sim.faults[0]).find("block (2,0,0), thread (7,0,0)"),
            std::string::npos);
}

TEST(Checks, nullPointer) {
  Checked run(kernel("mov.u64 %rd4, 0;\n ld.global.f32 %f1, [%rd4];"));
  EXPECT_EQ(run.fault().kind, FaultKind::OutOfBounds);
}

TEST(Checks, globalMisaligned) {
  Checked run(kernel(R"(
  add.s64 %rd4, %rd1, %rd3;
  ld.global.v2.f32 {%f1, %f2}, [%rd4];)"),
              32);
  EXPECT_NE(run.message, "");
  EXPECT_EQ(run.fault().kind, FaultKind::Misaligned);
  EXPECT_EQ(run.fault().thread.x, 1u);
}

TEST(Checks, globalReadOfUnwritten) {
  Checked run(kernel(R"(
  add.s64 %rd4, %rd2, %rd3;
  mov.f32 %f1, 0f00000000;
  setp.lt.u32 %p1, %r1, 40;
  @%p1 st.global.f32 [%rd4], %f1;
  ld.global.f32 %f2, [%rd4];)"));
  EXPECT_EQ(run.message, ""); // the launch goes on
  EXPECT_EQ(run.fault().kind, FaultKind::UninitializedRead);
  EXPECT_EQ(run.fault().thread.x, 40u);
}

/// Three numbers at each 16 bytes, and loads of four: `uses` the fourth or not.
std::string widenedLoads(std::initializer_list<bool> uses) {
  std::string body = R"(
  shl.b64 %rd3, %rd3, 2;
  add.s64 %rd4, %rd2, %rd3;
  mov.f32 %f1, 0f3F800000;
  st.global.f32 [%rd4], %f1;
  st.global.f32 [%rd4+4], %f1;
  st.global.f32 [%rd4+8], %f1;)";
  for (bool use : uses)
    body += std::string(R"(
  ld.global.v4.f32 {%f2, %f3, %f4, )") +
            (use ? "%f5" : "%f6") + R"(}, [%rd4];
  add.f32 %f2, %f2, %f3;
  add.f32 %f2, %f2, %f4;)" +
            (use ? "\n  add.f32 %f2, %f2, %f5;" : "") + R"(
  st.global.f32 [%rd4], %f2;)";
  return kernel(body);
}

/// LLVM makes three loads one of four where the alignment says that there is a
/// fourth: what nothing reads may be unwritten.
TEST(Checks, globalReadOfUnwrittenIntoNothing) {
  Checked run(widenedLoads({false, false}), 16);
  EXPECT_EQ(run.message, "");
  EXPECT_TRUE(run.sim.faults.empty());
  EXPECT_EQ(run.output[0], 5.0f);
}

/// Loads that differ in that only do not share their checks.
TEST(Checks, globalReadOfUnwrittenInPart) {
  for (bool first : {false, true}) {
    Checked run(widenedLoads({first, !first}), 16);
    EXPECT_EQ(run.message, "");
    EXPECT_EQ(run.fault().kind, FaultKind::UninitializedRead);
  }
}

/// Three halves at each 8 bytes, and a load of 8 whose words are taken apart.
TEST(Checks, globalReadOfUnwrittenHalf) {
  for (bool use : {false, true}) {
    Checked run(kernel(std::string(R"(
  shl.b64 %rd3, %rd3, 1;
  add.s64 %rd4, %rd2, %rd3;
  st.global.b32 [%rd4], %r1;
  st.global.b16 [%rd4+4], %h1;
  ld.global.v2.b32 {%r3, %r4}, [%rd4];
  mov.b32 {%h2, %h3}, %r4;
  st.global.b32 [%rd4], %r3;
  st.global.b16 [%rd4], )") +
                       (use ? "%h3;" : "%h2;")),
                32);
    EXPECT_EQ(run.message, "");
    if (use)
      EXPECT_EQ(run.fault().kind, FaultKind::UninitializedRead);
    else
      EXPECT_TRUE(run.sim.faults.empty());
  }
}

const char *const shared256 = ".shared .align 16 .b8 s[256];";

TEST(Checks, sharedOutOfBounds) {
  Checked run(kernel(R"(
  shl.b32 %r3, %r1, 2;
  mov.u32 %r4, s;
  add.s32 %r4, %r4, %r3;
  st.shared.u32 [%r4+4], %r1;)",
                     shared256));
  EXPECT_EQ(run.fault().kind, FaultKind::OutOfBounds);
  EXPECT_EQ(run.fault().thread.x, 63u);
}

TEST(Checks, sharedMisaligned) {
  Checked run(
      kernel("mov.u32 %r4, s;\n st.shared.u32 [%r4+2], %r1;", shared256));
  EXPECT_EQ(run.fault().kind, FaultKind::Misaligned);
}

TEST(Checks, sharedReadOfUnwritten) {
  Checked run(kernel("ld.shared.u32 %r3, [s+16];", shared256));
  EXPECT_EQ(run.fault().kind, FaultKind::UninitializedRead);
}

TEST(Checks, sharedReadOfUnwrittenIntoNothing) {
  for (bool use : {false, true}) {
    Checked run(kernel(std::string(R"(
  shl.b32 %r3, %r1, 4;
  mov.u32 %r4, s;
  add.u32 %r4, %r4, %r3;
  st.shared.v2.b32 [%r4], {%r1, %r1};
  st.shared.b32 [%r4+8], %r1;
  ld.shared.v4.b32 {%r5, %r6, %r7, %r8}, [%r4];
  st.shared.v2.b32 [%r4], {%r5, %r6};
  st.shared.b32 [%r4+8], %r7;)") +
                           (use ? "st.shared.b32 [%r4], %r8;" : ""),
                       ".shared .align 16 .b8 s[1024];"));
    EXPECT_EQ(run.message, "");
    if (use)
      EXPECT_EQ(run.fault().kind, FaultKind::UninitializedRead);
    else
      EXPECT_TRUE(run.sim.faults.empty());
  }
}

/// Seven bytes, which LLVM loads as eight and takes apart by `prmt`.
TEST(Checks, sharedReadOfUnwrittenByte) {
  for (const char *selector : {"0x7772U", "0x7773U", "0x777aU", "0x777bU"}) {
    Checked run(kernel(std::string(R"(
  shl.b32 %r3, %r1, 3;
  mov.u32 %r4, s;
  add.u32 %r4, %r4, %r3;
  st.shared.b32 [%r4], %r1;
  st.shared.b16 [%r4+4], %h1;
  st.shared.b8 [%r4+6], %h1;
  ld.shared.v2.b32 {%r5, %r6}, [%r4];
  prmt.b32 %r7, %r6, 0, 0x7771U;
  prmt.b32 %r8, %r6, 0, )") +
                           selector + R"(;
  add.u32 %r5, %r5, %r7;
  st.shared.b32 [%r4], %r5;
  st.shared.b32 [%r4], %r8;)",
                       ".shared .align 16 .b8 s[512];"));
    EXPECT_EQ(run.message, "");
    bool use = selector[5] == '3' || selector[5] == 'b';
    if (use)
      EXPECT_EQ(run.fault().kind, FaultKind::UninitializedRead);
    else
      EXPECT_TRUE(run.sim.faults.empty());
  }
}

/// Warp 0 writes, warp 1 reads.
std::string exchange(const std::string &between) {
  return kernel(R"(
  mov.u32 %r4, s;
  setp.eq.u32 %p1, %r2, 0;
  @%p1 st.shared.u32 [%r4], %r2;
  )" + between + R"(
  @!%p1 ld.shared.u32 %r3, [%r4];)",
                shared256);
}

TEST(Checks, sharedRace) {
  Checked run(exchange(""));
  EXPECT_EQ(run.message, "");
  EXPECT_EQ(run.fault().kind, FaultKind::SharedRace);
  EXPECT_EQ(run.fault().thread.x, 32u);
}

TEST(Checks, barrierPreventsRace) {
  Checked run(exchange("bar.sync 0;"));
  EXPECT_TRUE(run.sim.faults.empty());
}

TEST(Checks, namedBarrierPreventsRace) {
  Checked run(exchange("bar.sync 3, 64;"));
  EXPECT_TRUE(run.sim.faults.empty());
}

TEST(Checks, producerConsumerBarrierPreventsRace) {
  Checked run(exchange("@%p1 bar.arrive 1, 64;\n @!%p1 bar.sync 1, 64;"));
  EXPECT_TRUE(run.sim.faults.empty());
}

TEST(Checks, sharedRaceWriteAfterRead) {
  // the second warp reads in both; the missing barrier is the one behind it
  Checked run(kernel(R"(
  mov.u32 %r4, s;
  setp.eq.u32 %p1, %r2, 0;
  @%p1 st.shared.u32 [%r4], %r2;
  bar.sync 0;
  ld.shared.u32 %r3, [%r4];
  @!%p1 st.shared.u32 [%r4], %r3;)",
                     shared256));
  EXPECT_EQ(run.fault().kind, FaultKind::SharedRace);
}

TEST(Checks, neighbouringHalfwordsDoNotRace) {
  Checked run(kernel(R"(
  mov.u32 %r4, s;
  shl.b32 %r5, %r2, 1;
  add.s32 %r4, %r4, %r5;
  cvt.u16.u32 %h1, %r2;
  st.shared.u16 [%r4], %h1;)",
                     shared256));
  EXPECT_TRUE(run.sim.faults.empty());
}

TEST(Checks, sharedAtomicsDoNotRace) {
  Checked run(kernel(R"(
  mov.u32 %r4, s;
  setp.eq.u32 %p1, %r1, 0;
  mov.u32 %r5, 0;
  @%p1 st.shared.u32 [%r4], %r5;
  bar.sync 0;
  red.shared.add.u32 [%r4], 1;
  bar.sync 0;
  ld.shared.u32 %r6, [%r4];
  add.s64 %rd5, %rd2, %rd3;
  st.global.u32 [%rd5], %r6;)",
                     shared256));
  EXPECT_TRUE(run.sim.faults.empty());
  EXPECT_EQ(reinterpret_cast<uint32_t *>(run.output)[5], 64u);
}

TEST(Checks, asyncCopyWithoutWait) {
  std::string copy = R"(
  mov.u32 %r4, s;
  shl.b32 %r5, %r1, 2;
  add.s32 %r4, %r4, %r5;
  add.s64 %rd4, %rd1, %rd3;
  cp.async.ca.shared.global [%r4], [%rd4], 4;
  cp.async.commit_group;
  WAIT
  ld.shared.f32 %f1, [%r4];
  add.s64 %rd5, %rd2, %rd3;
  st.global.f32 [%rd5], %f1;)";
  auto with = [&](const std::string &wait) {
    std::string body = copy;
    body.replace(body.find("WAIT"), 4, wait);
    return kernel(body, shared256);
  };
  Checked good(with("cp.async.wait_group 0;"));
  EXPECT_TRUE(good.sim.faults.empty());
  EXPECT_EQ(good.output[63], 1.0f);
  Checked tooFew(with("cp.async.wait_group 1;"));
  EXPECT_EQ(tooFew.fault().kind, FaultKind::SharedRace);
  EXPECT_NE(tooFew.output[0], 1.0f); // not there yet
}

TEST(Checks, divergentBarrier) {
  Checked run(kernel(R"(
  setp.lt.u32 %p1, %r1, 5;
  @%p1 bra SKIP;
  bar.sync 0;
SKIP:
  add.s64 %rd5, %rd2, %rd3;
  st.global.u32 [%rd5], %r1;)"));
  EXPECT_NE(run.message, "");
  EXPECT_EQ(run.fault().kind, FaultKind::DivergentBarrier);
  EXPECT_EQ(run.fault().thread.x, 0u);
}

TEST(Checks, warpsMayDifferAtBarriers) {
  // whole warps may go different ways to different barriers
  Checked run(kernel(R"(
  setp.eq.u32 %p1, %r2, 0;
  @%p1 bra FIRST;
  bar.sync 0;
  bra END;
FIRST:
  bar.sync 0;
END:
  mov.u32 %r3, 0;)"));
  EXPECT_EQ(run.message, "");
  EXPECT_TRUE(run.sim.faults.empty());
}

TEST(Checks, deadlock) {
  Checked run(kernel("bar.sync 1, 128;"));
  EXPECT_EQ(run.fault().kind, FaultKind::Deadlock);
}

TEST(Checks, returnedWarpsDoNotHoldBarriers) {
  Checked run(kernel(R"(
  setp.eq.u32 %p1, %r2, 1;
  @%p1 ret;
  bar.sync 0;)"));
  EXPECT_EQ(run.message, "");
}

TEST(Checks, missingLanesAtShuffle) {
  Checked run(kernel(R"(
  setp.lt.u32 %p1, %r1, 16;
  @%p1 shfl.sync.idx.b32 %r3, %r1, 0, 31, -1;)"));
  EXPECT_EQ(run.fault().kind, FaultKind::MissingLanes);
  EXPECT_EQ(run.fault().thread.x, 16u);
}

TEST(Checks, partialMaskIsFine) {
  Checked run(kernel(R"(
  setp.lt.u32 %p1, %r1, 16;
  @%p1 shfl.sync.idx.b32 %r3, %r1, 0, 31, 65535;)"));
  // the second warp executes nothing of it
  EXPECT_EQ(run.message, "");
}

TEST(Checks, lanesOutsideOfTheMask) {
  Checked run(kernel("vote.sync.ballot.b32 %r3, 1, 65535;"));
  EXPECT_NE(run.message, "");
}

TEST(Checks, trap) {
  Checked run(kernel(R"(
  setp.eq.u32 %p1, %r1, 9;
  @%p1 trap;)"));
  EXPECT_EQ(run.fault().kind, FaultKind::Trap);
  EXPECT_EQ(run.fault().thread.x, 9u);
}

TEST(Checks, localOutOfBounds) {
  Checked run(kernel(R"(
  mov.u64 %rd4, depot;
  add.s64 %rd4, %rd4, %rd3;
  st.local.u32 [%rd4], %r1;)",
                     ".local .align 4 .b8 depot[128];"));
  EXPECT_EQ(run.fault().kind, FaultKind::OutOfBounds);
  EXPECT_EQ(run.fault().thread.x, 32u);
}

TEST(Checks, divisionByZeroInDeadLanesIsNoTrap) {
  Checked run(kernel(R"(
  setp.eq.u32 %p1, %r1, 0;
  mov.u32 %r3, 100;
  mov.u32 %r4, 1;
  @!%p1 div.u32 %r4, %r3, %r1;
  add.s64 %rd5, %rd2, %rd3;
  st.global.u32 [%rd5], %r4;)"));
  EXPECT_EQ(run.message, "");
  const auto *out = reinterpret_cast<uint32_t *>(run.output);
  EXPECT_EQ(out[0], 1u);
  EXPECT_EQ(out[7], 14u);
}

TEST(Checks, asyncCopyFillsWithZeros) {
  Checked run(kernel(R"(
  mov.u32 %r4, s;
  shl.b32 %r5, %r1, 2;
  add.s32 %r4, %r4, %r5;
  setp.lt.u32 %p1, %r1, 20;
  selp.b32 %r6, 4, 0, %p1;
  add.s64 %rd4, %rd1, %rd3;
  selp.b64 %rd4, %rd4, 0, %p1;
  cp.async.ca.shared.global [%r4], [%rd4], 4, %r6;
  cp.async.wait_all;
  ld.shared.f32 %f1, [%r4];
  add.s64 %rd5, %rd2, %rd3;
  st.global.f32 [%rd5], %f1;)",
                     shared256));
  EXPECT_EQ(run.message, "");
  EXPECT_TRUE(run.sim.faults.empty());
  EXPECT_EQ(run.output[19], 1.0f);
  EXPECT_EQ(run.output[20], 0.0f);
}

//===----------------------------------------------------------------------===//
// Threads of one warp
//===----------------------------------------------------------------------===//

/// Each lane writes its word and reads its neighbour's.
std::string neighbours(const std::string &between) {
  return kernel(R"(
  mov.u32 %r4, s;
  shl.b32 %r5, %r1, 2;
  add.s32 %r6, %r4, %r5;
  st.shared.u32 [%r6], %r1;
  )" + between + R"(
  xor.b32 %r5, %r5, 4;
  add.s32 %r6, %r4, %r5;
  ld.shared.u32 %r7, [%r6];)",
                shared256);
}

TEST(Checks, raceWithinWarp) {
  Checked run(neighbours(""));
  EXPECT_EQ(run.message, "");
  Fault fault = run.fault();
  EXPECT_EQ(fault.kind, FaultKind::SharedRace);
  EXPECT_EQ(fault.thread.x, 0u);
  EXPECT_NE(
      fault.message.find("lane 0 reads what lane 1 of its warp has "
                         "written, with no barrier or __syncwarp between"),
      std::string::npos)
      << fault.message;
}

TEST(Checks, syncwarpPreventsRaceWithinWarp) {
  EXPECT_TRUE(Checked(neighbours("bar.warp.sync -1;")).sim.faults.empty());
  EXPECT_TRUE(Checked(neighbours("bar.sync 0;")).sim.faults.empty());
}

TEST(Checks, shuffleDoesNotOrderMemory) {
  Checked run(neighbours("shfl.sync.bfly.b32 %r8, %r1, 1, 31, -1;"));
  EXPECT_EQ(run.fault().kind, FaultKind::SharedRace);
}

TEST(Checks, writeOfWhatAnotherLaneReads) {
  // a tree reduction that relies on lock step: the second step is wrong
  Checked run(kernel(R"(
  mov.u32 %r4, s;
  shl.b32 %r5, %r1, 2;
  add.s32 %r6, %r4, %r5;
  st.shared.u32 [%r6], %r1;
  bar.sync 0;
  setp.lt.u32 %p1, %r1, 16;
  @%p1 ld.shared.u32 %r7, [%r6+64];
  bar.sync 0;
  @%p1 st.shared.u32 [%r6], %r7;
  setp.lt.u32 %p2, %r1, 8;
  @%p2 ld.shared.u32 %r8, [%r6+32];)",
                     shared256));
  EXPECT_EQ(run.fault().kind, FaultKind::SharedRace);
  EXPECT_EQ(run.fault().line, 28u);
}

TEST(Checks, lanesReadTogetherAndOneWrites) {
  std::string body = R"(
  mov.u32 %r4, s;
  setp.eq.u32 %p1, %r1, 0;
  @%p1 st.shared.u32 [%r4], %r1;
  bar.sync 0;
  ld.shared.u32 %r7, [%r4];
  BETWEEN
  @%p1 st.shared.u32 [%r4], %r7;)";
  auto with = [&](const std::string &between) {
    std::string text = body;
    text.replace(text.find("BETWEEN"), 7, between);
    return kernel(text, shared256);
  };
  Checked wrong(with(""), 32);
  EXPECT_EQ(wrong.fault().kind, FaultKind::SharedRace);
  Checked right(with("bar.warp.sync -1;"), 32);
  EXPECT_TRUE(right.sim.faults.empty());
}

TEST(Checks, lanesMayWriteBytesOfOneWordAndReadTheirs) {
  Checked run(kernel(R"(
  mov.u32 %r4, s;
  add.s32 %r4, %r4, %r1;
  cvt.u16.u32 %h1, %r1;
  st.shared.u8 [%r4], %h1;
  ld.shared.u8 %h2, [%r4];
  st.shared.u8 [%r4], %h2;)",
                     shared256));
  EXPECT_TRUE(run.sim.faults.empty());
}

TEST(Checks, asyncCopyOfAnotherLane) {
  // the wait is for a thread's own copies
  std::string body = R"(
  mov.u32 %r4, s;
  shl.b32 %r5, %r1, 2;
  add.s32 %r6, %r4, %r5;
  add.s64 %rd4, %rd1, %rd3;
  cp.async.ca.shared.global [%r6], [%rd4], 4;
  cp.async.wait_all;
  BETWEEN
  xor.b32 %r5, %r5, 4;
  add.s32 %r6, %r4, %r5;
  ld.shared.f32 %f1, [%r6];)";
  auto with = [&](const std::string &between) {
    std::string text = body;
    text.replace(text.find("BETWEEN"), 7, between);
    return kernel(text, shared256);
  };
  EXPECT_EQ(Checked(with("")).fault().kind, FaultKind::SharedRace);
  EXPECT_TRUE(Checked(with("bar.warp.sync -1;")).sim.faults.empty());
}

TEST(Checks, conflictingStores) {
  for (const char *store :
       {"st.shared.u32 [s], %r1;", "st.global.u32 [%rd1], %r1;",
        "and.b32 %r3, %r1, 3; mul.wide.u32 %rd4, %r3, 4;\n"
        "add.s64 %rd4, %rd1, %rd4; st.global.u32 [%rd4], %r1;"}) {
    Checked run(kernel(store, shared256), 32);
    EXPECT_EQ(run.message, "");
    EXPECT_EQ(run.fault().kind, FaultKind::ConflictingStores) << store;
    EXPECT_EQ(run.fault().thread.x, 0u);
  }
}

TEST(Checks, storesOfOneValueDoNotConflict) {
  Checked run(kernel(R"(
  shr.u32 %r3, %r1, 5;
  st.shared.u32 [s], %r3;
  ld.shared.u32 %r4, [s];
  and.b32 %r5, %r1, 0;
  st.global.u32 [%rd1], %r5;)",
                     shared256),
              32);
  EXPECT_TRUE(run.sim.faults.empty());
}

//===----------------------------------------------------------------------===//
// Local memory, loops
//===----------------------------------------------------------------------===//

TEST(Checks, localReadOfUnwritten) {
  Checked run(kernel(R"(
  mov.u64 %rd4, depot;
  setp.ne.u32 %p1, %r1, 3;
  @%p1 st.local.u32 [%rd4+8], %r1;
  ld.local.u32 %r4, [%rd4+8];)",
                     ".local .align 4 .b8 depot[16];"));
  EXPECT_EQ(run.message, "");
  EXPECT_EQ(run.fault().kind, FaultKind::UninitializedRead);
  EXPECT_EQ(run.fault().thread.x, 3u);
  EXPECT_NE(run.fault().message.find("4 bytes at offset 8 of local memory"),
            std::string::npos);
}

TEST(Checks, localMemoryOfAFunctionBeginsUnwritten) {
  std::string text = kernel("call step;\n call step;");
  text.insert(text.find(".visible"), R"(.func step()
{
  .local .align 4 .b8 frame[16];
  .reg .b32 %q<4>;
  .reg .b64 %qd<2>;
  mov.u64 %qd1, frame;
  ld.local.u32 %q1, [%qd1];
  st.local.u32 [%qd1], %q1;
  ret;
}
)");
  Simulation sim(text);
  float *data = sim.allocate<float>(64);
  // once an instruction and launch
  EXPECT_EQ(sim.run("k", {2}, {32}, 0, data, data), "");
  EXPECT_EQ(sim.faults.size(), 1u);
  EXPECT_EQ(sim.faults[0].kind, FaultKind::UninitializedRead);
}

TEST(Checks, endlessLoop) {
  for (const char *loop :
       {"LOOP:\n bra LOOP;", // all lanes
        "setp.lt.u32 %p1, %r1, 5;\nLOOP:\n @%p1 bra LOOP;\n bar.sync 0;",
        "LOOP:\n ld.volatile.global.u32 %r3, [%rd1];\n setp.ne.u32 %p1, %r3, "
        "0;\n @%p1 bra LOOP;"}) {
    Simulation sim(kernel(loop));
    float *data = sim.upload(std::vector<float>(64, 1.0f));
    sim.timeoutSeconds = 0.05;
    EXPECT_NE(sim.run("k", {3}, {64}, 0, data, data), "") << loop;
    ASSERT_EQ(sim.faults.size(), 1u);
    EXPECT_EQ(sim.faults[0].kind, FaultKind::Timeout);
    EXPECT_NE(sim.faults[0].instruction.find("bra LOOP"), std::string::npos);
  }
}

TEST(Checks, longLoopsThatEndAreFine) {
  Simulation sim(kernel(R"(
  mov.u32 %r3, 0;
LOOP:
  add.u32 %r3, %r3, 1;
  setp.lt.u32 %p1, %r3, 20000;
  bar.sync 0;
  @%p1 bra LOOP;)"));
  float *data = sim.allocate<float>(64);
  sim.timeoutSeconds = 0.001;
  EXPECT_EQ(sim.run("k", {2}, {64}, 0, data, data), "");
}

TEST(Checks, offMeansOff) {
  Options options;
  options.checks = false;
  Simulation sim(exchange(""), options);
  float *data = sim.allocate<float>(64);
  EXPECT_EQ(sim.run("k", {1}, {64}, 0, data, data), "");
  EXPECT_TRUE(sim.faults.empty());
}

TEST(Launch, dimensionsAndParameters) {
  Simulation sim(kernel(""));
  float *data = sim.allocate<float>(1);
  EXPECT_NE(sim.run("k", {1}, {2048}, 0, data, data), "");
  EXPECT_NE(sim.run("k", {0}, {32}, 0, data, data), "");
  EXPECT_NE(sim.run("k", {1}, {32}, 1 << 20, data, data), "");
  LaunchParams params;
  llvm::Error error = launch(*sim.module->findFunction("k"), params, sim, sim);
  EXPECT_EQ(llvm::toString(std::move(error)),
            "kernel k: 0 bytes of parameters, the kernel has 16");
}

} // namespace
