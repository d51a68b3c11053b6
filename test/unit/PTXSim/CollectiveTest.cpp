//===- CollectiveTest.cpp - Shuffles, votes, reductions, atomics ----------===//

#include "Simulation.h"

#include <numeric>

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::test;

namespace {

/// Runs `body` on a warp: %r1 is the lane, %r2 = 100 + lane; the lanes' results
/// are those of %r0 and whether %p0.
struct Warp {
  explicit Warp(const std::string &body, uint32_t threads = 32)
      : sim(R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 out)
{
  .reg .pred %p<8>;
  .reg .b32 %r<16>;
  .reg .b64 %rd<16>;
  .shared .align 4 .b8 s[256];
  ld.param.u64 %rd1, [out];
  mov.u32 %r1, %tid.x;
  add.u32 %r2, %r1, 100;
  mov.u32 %r0, 0;
  setp.ne.u32 %p0, %r0, 0;
  mul.wide.u32 %rd2, %r1, 8;
  add.s64 %rd3, %rd1, %rd2;
)" + body + R"(
  selp.u32 %r15, 1, 0, %p0;
  st.global.v2.u32 [%rd3], {%r0, %r15};
  ret;
})") {
    EXPECT_EQ(sim.loadError, "");
    std::vector<uint32_t> zero(2 * threads);
    out = sim.upload(zero);
    message = sim.run("k", {1}, {threads}, 0, out);
    EXPECT_EQ(message, "");
    EXPECT_TRUE(sim.faults.empty());
  }
  uint32_t operator[](int lane) const { return out[2 * lane]; }
  bool flag(int lane) const { return out[2 * lane + 1]; }

  Simulation sim;
  uint32_t *out;
  std::string message;
};

TEST(Collective, shuffles) {
  Warp down("shfl.sync.down.b32 %r0|%p0, %r2, 4, 0x1f, -1;");
  Warp up("shfl.sync.up.b32 %r0|%p0, %r2, 3, 0, -1;");
  Warp butterfly("shfl.sync.bfly.b32 %r0|%p0, %r2, 16, 0x1f, -1;");
  Warp index("shfl.sync.idx.b32 %r0|%p0, %r2, 5, 0x1f, -1;");
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(down[i], uint32_t(100 + (i + 4 < 32 ? i + 4 : i)));
    EXPECT_EQ(down.flag(i), i + 4 < 32);
    EXPECT_EQ(up[i], uint32_t(100 + (i >= 3 ? i - 3 : i)));
    EXPECT_EQ(up.flag(i), i >= 3);
    EXPECT_EQ(butterfly[i], uint32_t(100 + (i ^ 16)));
    EXPECT_EQ(index[i], 105u);
    EXPECT_TRUE(index.flag(i));
  }
}

/// Segments of 8 lanes: c = (32 - 8) << 8 | 0x1f, or 0 for up.
TEST(Collective, shufflesOfSegments) {
  Warp down("shfl.sync.down.b32 %r0|%p0, %r2, 3, 0x181f, -1;");
  Warp up("shfl.sync.up.b32 %r0|%p0, %r2, 1, 0x1800, -1;");
  Warp index("shfl.sync.idx.b32 %r0, %r2, 2, 0x181f, -1;");
  // the lane given by a register
  Warp dynamic(R"(
  xor.b32 %r3, %r1, 1;
  shfl.sync.idx.b32 %r0|%p0, %r2, %r3, 0x1f, -1;)");
  for (int i = 0; i < 32; ++i) {
    bool fits = i % 8 + 3 < 8;
    EXPECT_EQ(down[i], uint32_t(100 + (fits ? i + 3 : i)));
    EXPECT_EQ(down.flag(i), fits);
    EXPECT_EQ(up[i], uint32_t(100 + (i % 8 ? i - 1 : i)));
    EXPECT_EQ(index[i], uint32_t(100 + i / 8 * 8 + 2));
    EXPECT_EQ(dynamic[i], uint32_t(100 + (i ^ 1)));
  }
}

TEST(Collective, votes) {
  Warp ballot("setp.lt.u32 %p1, %r1, 5;\n vote.sync.ballot.b32 %r0, %p1, -1;");
  Warp any("setp.eq.u32 %p1, %r1, 9;\n vote.sync.any.pred %p0, %p1, -1;");
  Warp all("setp.lt.u32 %p1, %r1, 31;\n vote.sync.all.pred %p0, %p1, -1;");
  Warp uniform("setp.lt.u32 %p1, %r1, 32;\n vote.sync.uni.pred %p0, !%p1, -1;");
  Warp active("setp.lt.u32 %p1, %r1, 7;\n @%p1 activemask.b32 %r0;");
  Warp elected("elect.sync %r0|%p0, -1;");
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(ballot[i], 0x1fu);
    EXPECT_TRUE(any.flag(i));
    EXPECT_FALSE(all.flag(i));
    EXPECT_TRUE(uniform.flag(i));
    EXPECT_EQ(active[i], i < 7 ? 0x7fu : 0u);
    EXPECT_EQ(elected.flag(i), i == 0);
  }
}

TEST(Collective, partialWarp) {
  // the last warp of a block has 8 threads: they are all there are
  Warp ballot("vote.ballot.b32 %r0, 1;", 40);
  EXPECT_EQ(ballot[0], 0xffffffffu);
  EXPECT_EQ(ballot[35], 0xffu);
}

TEST(Collective, matches) {
  Warp any("and.b32 %r3, %r1, 3;\n match.any.sync.b32 %r0, %r3, -1;");
  Warp all("match.all.sync.b32 %r0|%p0, %r1, -1;");
  Warp same("mov.u32 %r3, 7;\n match.all.sync.b32 %r0|%p0, %r3, -1;");
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(any[i], 0x11111111u << (i & 3));
    EXPECT_EQ(all[i], 0u);
    EXPECT_FALSE(all.flag(i));
    EXPECT_EQ(same[i], 0xffffffffu);
    EXPECT_TRUE(same.flag(i));
  }
}

TEST(Collective, reductions) {
  Warp add("redux.sync.add.u32 %r0, %r1, -1;");
  Warp min("sub.s32 %r3, %r1, 5;\n redux.sync.min.s32 %r0, %r3, -1;");
  Warp max("redux.sync.max.u32 %r0, %r1, -1;");
  Warp bits("redux.sync.xor.b32 %r0, %r1, -1;");
  Warp half(R"(
  setp.lt.u32 %p1, %r1, 16;
  @%p1 redux.sync.add.u32 %r0, %r1, 0xffff;)");
  EXPECT_EQ(add[3], 496u);
  EXPECT_EQ(min[3], uint32_t(-5));
  EXPECT_EQ(max[3], 31u);
  EXPECT_EQ(bits[3], 0u);
  EXPECT_EQ(half[3], 120u);
  EXPECT_EQ(half[20], 0u);
}

TEST(Collective, barrierReductions) {
  Warp count("setp.lt.u32 %p1, %r1, 40;\n bar.red.popc.u32 %r0, 0, %p1;", 96);
  Warp all("setp.lt.u32 %p1, %r1, 40;\n bar.red.and.pred %p0, 0, %p1;", 96);
  Warp any("setp.eq.u32 %p1, %r1, 40;\n barrier.sync 1;\n"
           " barrier.red.or.pred %p0, 0, %p1;",
           96);
  for (int i = 0; i < 96; ++i) {
    EXPECT_EQ(count[i], 40u);
    EXPECT_FALSE(all.flag(i));
    EXPECT_TRUE(any.flag(i));
  }
}

TEST(Collective, atomics) {
  auto atomic = [](const std::string &instruction, const std::string &start) {
    return Warp("setp.eq.u32 %p1, %r1, 0;\n mov.u32 %r4, s;\n mov.b32 %r5, " +
                start + ";\n @%p1 st.shared.u32 [%r4], %r5;\n " + instruction +
                "\n ld.shared.u32 %r0, [%r4];");
  };
  EXPECT_EQ(atomic("atom.shared.add.u32 %r6, [%r4], %r1;", "0")[0], 496u);
  EXPECT_EQ(atomic("atom.shared.min.s32 %r6, [%r4], -3;", "5")[0],
            uint32_t(-3));
  EXPECT_EQ(atomic("atom.shared.max.u32 %r6, [%r4], %r1;", "5")[0], 31u);
  EXPECT_EQ(atomic("atom.shared.and.b32 %r6, [%r4], 12;", "6")[0], 4u);
  EXPECT_EQ(atomic("atom.shared.or.b32 %r6, [%r4], %r1;", "32")[0], 63u);
  EXPECT_EQ(atomic("atom.shared.xor.b32 %r6, [%r4], 1;", "6")[0], 6u);
  EXPECT_EQ(atomic("atom.shared.exch.b32 %r6, [%r4], %r1;", "6")[0], 31u);
  EXPECT_EQ(atomic("atom.shared.cas.b32 %r6, [%r4], 6, 9;", "6")[0], 9u);
  EXPECT_EQ(atomic("atom.shared.inc.u32 %r6, [%r4], 9;", "0")[0], 2u);
  EXPECT_EQ(atomic("atom.shared.dec.u32 %r6, [%r4], 9;", "0")[0], 8u);
  EXPECT_EQ(atomic("red.shared.add.f32 [%r4], 0f3F800000;", "0f40000000")[0],
            0x42080000u);
  EXPECT_EQ(atomic("red.relaxed.gpu.shared.add.noftz.f16x2 [%r4], 0x3C004000;"
                   "",
                   "0")[0],
            0x50005400u);
  // each lane gets what was there before it
  Warp old("mov.u32 %r4, s;\n setp.eq.u32 %p1, %r1, 0;\n"
           " @%p1 st.shared.u32 [%r4], 50;\n"
           " atom.shared.add.u32 %r0, [%r4], 2;");
  for (int i = 0; i < 32; ++i)
    EXPECT_EQ(old[i], uint32_t(50 + 2 * i));
}

TEST(Collective, specialRegisters) {
  Warp eq("mov.u32 %r0, %lanemask_eq;"), lt("mov.u32 %r0, %lanemask_lt;"),
      le("mov.u32 %r0, %lanemask_le;"), gt("mov.u32 %r0, %lanemask_gt;"),
      ge("mov.u32 %r0, %lanemask_ge;"), ntid("mov.u32 %r0, %ntid.x;"),
      shared("mov.u32 %r3, s;\n mov.u32 %r0, %total_smem_size;");
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(eq[i], 1u << i);
    EXPECT_EQ(lt[i], (1u << i) - 1);
    EXPECT_EQ(le[i], (uint64_t(2) << i) - 1);
    EXPECT_EQ(ge[i], ~((1u << i) - 1));
    EXPECT_EQ(gt[i], uint32_t(~((uint64_t(2) << i) - 1)));
    EXPECT_EQ(ntid[i], 32u);
  }
  EXPECT_EQ(shared[0], 256u);
}

TEST(Collective, addressSpaces) {
  Warp shared(R"(
  mov.u64 %rd4, s;
  cvta.shared.u64 %rd5, %rd4;
  st.u32 [%rd5+8], 77;
  cvta.to.shared.u64 %rd6, %rd5;
  ld.shared.u32 %r0, [%rd6+8];
  isspacep.shared %p0, %rd5;)");
  EXPECT_EQ(shared[0], 77u);
  EXPECT_TRUE(shared.flag(0));
  Warp global("isspacep.global %p0, %rd3;");
  EXPECT_TRUE(global.flag(0));
}

} // namespace
