//===- FloatTest.cpp - Floating-point instructions and conversions --------===//

#include "Batch.h"

#include <cmath>

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::test;

namespace {

constexpr uint64_t nan32 = 0x7fffffff, inf32 = 0x7f800000;
uint64_t u32(int64_t value) { return uint32_t(value); }
uint64_t pair(uint64_t high, uint64_t low) { return high << 16 | low; }

TEST(Float, arithmeticRoundsOnce) {
  Batch batch;
  uint64_t one = f32(1.0f), tiny = f32(0x1p-24f), tinier = f32(0x1p-25f);
  batch.add("add.f32 $0, $1, $2", "rrr",
            {{{one, tiny}, one}, {{f32(1.5f), f32(2.25f)}, f32(3.75f)}});
  batch.add("add.rz.f32 $0, $1, $2", "rrr",
            {{{one, f32(0x1.8p-24f)}, one},
             {{f32(-1.0f), f32(0x1p-25f)}, 0xbf7fffff}});
  batch.add("add.rp.f32 $0, $1, $2", "rrr", {{{one, tinier}, 0x3f800001}});
  batch.add("add.rm.f32 $0, $1, $2", "rrr",
            {{{f32(-1.0f), f32(-0x1p-30f)}, 0xbf800001}});
  batch.add("sub.rn.f64 $0, $1, $2", "ddd",
            {{{f64(1.0), f64(0x1p-54)}, f64(1.0)}});
  batch.add("mul.rz.f64 $0, $1, $2", "ddd",
            {{{f64(1.0 / 3), f64(3.0)}, f64(std::nextafter(1.0, 0.0))}});
  // the product is exact in fma, and is not in mul and add
  batch.add("fma.rn.f32 $0, $1, $2, $3", "rrrr",
            {{{f32(0x1.000002p0f), f32(0x1.000002p0f), f32(-0x1.000004p0f)},
              f32(0x1p-46f)}});
  batch.add(
      "{ .reg .f32 %t; mul.rn.f32 %t, $1, $2; add.rn.f32 $0, %t, $3; }", "rrrr",
      {{{f32(0x1.000002p0f), f32(0x1.000002p0f), f32(-0x1.000004p0f)}, 0}});
  batch.add("fma.rp.f32 $0, $1, $2, $3", "rrrr",
            {{{one, one, tinier}, 0x3f800001}});
  batch.add("mul.ftz.f32 $0, $1, $2", "rrr",
            {{{f32(0x1p-130f), f32(2.0f)}, 0},
             {{f32(-0x1p-100f), f32(0x1p-40f)}, 0x80000000}});
  batch.add("mul.f32 $0, $1, $2", "rrr",
            {{{f32(0x1p-100f), f32(0x1p-40f)}, f32(0x1p-140f)}});
  batch.add("add.sat.f32 $0, $1, $2", "rrr",
            {{{one, one}, one}, {{f32(-3.0f), one}, 0}, {{nan32, one}, 0}});
  batch.add("div.rn.f32 $0, $1, $2", "rrr",
            {{{one, f32(3.0f)}, f32(1.0f / 3)}});
  batch.add("div.rp.f32 $0, $1, $2", "rrr", {{{one, f32(3.0f)}, 0x3eaaaaab}});
  batch.add("div.rz.f32 $0, $1, $2", "rrr", {{{one, f32(3.0f)}, 0x3eaaaaaa}});
  batch.add("rcp.rn.f32 $0, $1", "rr",
            {{{f32(4.0f)}, f32(0.25f)}, {{0}, inf32}});
  batch.add("sqrt.rn.f32 $0, $1", "rr", {{{f32(2.0f)}, f32(std::sqrt(2.0f))}});
  batch.add("sqrt.rm.f64 $0, $1", "dd",
            {{{f64(2.0)}, f64(std::nextafter(std::sqrt(2.0), 1.0))}});
  batch.add("neg.f32 $0, $1", "rr", {{{0}, 0x80000000}});
  batch.add("abs.ftz.f32 $0, $1", "rr",
            {{{0x80000001}, 0}, {{f32(-2.0f)}, f32(2.0f)}});
  batch.add("copysign.f32 $0, $1, $2", "rrr",
            {{{f32(-1.0f), f32(5.0f)}, f32(-5.0f)}});
  batch.run();
}

TEST(Float, minMax) {
  Batch batch;
  uint64_t one = f32(1.0f), minusZero = 0x80000000;
  batch.add("max.f32 $0, $1, $2", "rrr",
            {{{one, f32(2.0f)}, f32(2.0f)},
             {{nan32, one}, one},
             {{one, nan32}, one},
             {{nan32, 0x7fc00001}, nan32},
             {{minusZero, 0}, 0},
             {{0, minusZero}, 0}});
  batch.add("min.f32 $0, $1, $2", "rrr",
            {{{minusZero, 0}, minusZero},
             {{0, minusZero}, minusZero},
             {{nan32, one}, one}});
  batch.add(
      "max.NaN.f32 $0, $1, $2", "rrr",
      {{{nan32, one}, nan32}, {{one, 0x7fc01234}, nan32}, {{one, 0}, one}});
  batch.add("min.xorsign.abs.f32 $0, $1, $2", "rrr",
            {{{f32(-3.0f), f32(2.0f)}, f32(-2.0f)},
             {{f32(-3.0f), f32(-4.0f)}, f32(3.0f)}});
  batch.add(
      "max.f16x2 $0, $1, $2", "rrr",
      {{{pair(0x3c00, 0x7e00), pair(0x4000, 0x3c00)}, pair(0x4000, 0x3c00)}});
  batch.add(
      "max.NaN.f16x2 $0, $1, $2", "rrr",
      {{{pair(0x3c00, 0x7e00), pair(0x4000, 0x3c00)}, pair(0x4000, 0x7fff)}});
  batch.add("min.bf16 $0, $1, $2", "hhh", {{{0x3f80, 0x4000}, 0x3f80}});
  batch.add(
      "max.f64 $0, $1, $2", "ddd",
      {{{f64(NAN), f64(1.0)}, f64(1.0)}, {{f64(3.0), f64(4.0)}, f64(4.0)}});
  batch.run();
}

TEST(Float, halfPrecision) {
  Batch batch;
  batch.add("add.f16 $0, $1, $2", "hhh",
            {{{0x3c00, 0x0001}, 0x3c00},
             {{0x3c00, 0x3c00}, 0x4000},
             {{0x7bff, 0x7bff}, 0x7c00}});
  // 2048 + 1 is halfway to 2050: to even
  batch.add(
      "add.f16x2 $0, $1, $2", "rrr",
      {{{pair(0x6800, 0x6801), pair(0x3c00, 0x3c00)}, pair(0x6800, 0x6802)}});
  batch.add("mul.f16 $0, $1, $2", "hhh",
            {{{0x0001, 0x3800}, 0}, {{0x0003, 0x3800}, 0x0002}});
  // 1 + 2^-11 + 2^-24: rounding to f32 or f16 on the way would lose the last
  batch.add("fma.rn.f16 $0, $1, $2, $3", "hhhh",
            {{{0x3c00, 0x1000, 0x3c00}, 0x3c00},
             {{0x1001, 0x3c00, 0x3c00}, 0x3c01},
             {{0x3c00, 0x3c00, 0x3c00}, 0x4000}});
  batch.add(
      "fma.rn.relu.f16x2 $0, $1, $2, $3", "rrrr",
      {{{pair(0xbc00, 0x3c00), pair(0x3c00, 0x3c00), 0}, pair(0, 0x3c00)}});
  batch.add(
      "fma.rn.bf16x2 $0, $1, $2, $3", "rrrr",
      {{{pair(0x3f80, 0x4000), pair(0x3f80, 0x4000), pair(0x3f80, 0x3f80)},
        pair(0x4000, 0x40a0)}});
  batch.add("neg.f16x2 $0, $1", "rr",
            {{{pair(0x3c00, 0)}, pair(0xbc00, 0x8000)}});
  batch.add("abs.bf16 $0, $1", "hh", {{{0xbf80}, 0x3f80}});
  batch.add("sub.rn.bf16 $0, $1, $2", "hhh", {{{0x4000, 0x3f80}, 0x3f80}});
  batch.add("{ .reg .pred %p; setp.lt.f16x2 $0|%p, $1, $2; }", "prr",
            {{{pair(0x4000, 0x3c00), pair(0x3c00, 0x4000)}, 1}});
  batch.add("{ .reg .pred %p; setp.lt.f16x2 %p|$0, $1, $2; }", "prr",
            {{{pair(0x4000, 0x3c00), pair(0x3c00, 0x4000)}, 0}});
  batch.add("set.lt.f16x2.f16x2 $0, $1, $2", "rrr",
            {{{pair(0x4000, 0x3c00), pair(0x3c00, 0x4000)}, pair(0, 0x3c00)}});
  batch.run();
}

TEST(Float, comparisons) {
  Batch batch;
  uint64_t one = f32(1.0f), two = f32(2.0f);
  batch.add("setp.lt.f32 $0, $1, $2", "prr",
            {{{one, two}, 1}, {{nan32, one}, 0}});
  batch.add("setp.ltu.f32 $0, $1, $2", "prr",
            {{{two, one}, 0}, {{nan32, one}, 1}});
  batch.add("setp.ne.f32 $0, $1, $2", "prr",
            {{{one, two}, 1}, {{nan32, one}, 0}});
  batch.add("setp.neu.f32 $0, $1, $2", "prr", {{{nan32, nan32}, 1}});
  batch.add("setp.num.f64 $0, $1, $2", "pdd",
            {{{f64(1), f64(2)}, 1}, {{f64(NAN), f64(2)}, 0}});
  batch.add("setp.nan.f32 $0, $1, $2", "prr", {{{one, nan32}, 1}});
  batch.add("setp.eq.ftz.f32 $0, $1, $2", "prr", {{{1, 0x80000002}, 1}});
  batch.add("testp.finite.f32 $0, $1", "pr",
            {{{one}, 1}, {{inf32}, 0}, {{nan32}, 0}});
  batch.add("testp.infinite.f32 $0, $1", "pr", {{{0xff800000}, 1}, {{one}, 0}});
  batch.add("testp.number.f64 $0, $1", "pd",
            {{{f64(INFINITY)}, 1}, {{f64(NAN)}, 0}});
  batch.add("testp.notanumber.f32 $0, $1", "pr", {{{nan32}, 1}});
  batch.add("testp.normal.f32 $0, $1", "pr", {{{one}, 1}, {{1}, 0}, {{0}, 0}});
  batch.add("testp.subnormal.f32 $0, $1", "pr", {{{0x80000001}, 1}, {{0}, 0}});
  batch.run();
}

TEST(Float, conversionsToIntegers) {
  Batch batch;
  auto number = [](float value) { return f32(value); };
  batch.add(
      "cvt.rni.s32.f32 $0, $1", "rr",
      {{{number(2.5f)}, 2}, {{number(3.5f)}, 4}, {{number(-2.5f)}, u32(-2)}});
  batch.add("cvt.rzi.s32.f32 $0, $1", "rr",
            {{{number(-2.7f)}, u32(-2)},
             {{number(1e20f)}, 0x7fffffff},
             {{number(-1e20f)}, 0x80000000},
             {{nan32}, 0}});
  batch.add("cvt.rmi.s32.f32 $0, $1", "rr", {{{number(-2.1f)}, u32(-3)}});
  batch.add("cvt.rpi.u32.f32 $0, $1", "rr",
            {{{number(2.1f)}, 3},
             {{number(-5.0f)}, 0},
             {{number(1e20f)}, 0xffffffff}});
  batch.add("cvt.rzi.u8.f32 $0, $1", "rr", {{{number(300.0f)}, 255}});
  batch.add(
      "cvt.rzi.s64.f64 $0, $1", "dd",
      {{{f64(-1e30)}, uint64_t(1) << 63}, {{f64(NAN)}, uint64_t(1) << 63}});
  batch.add("cvt.rni.s16.f16 $0, $1", "hh", {{{0x4500}, 5}});
  batch.add("cvt.s32.s8 $0, $1", "rr", {{{0x80}, u32(-128)}, {{0x17f}, 127}});
  batch.add("cvt.u32.u16 $0, $1", "rh", {{{0xffff}, 0xffff}});
  batch.add("cvt.s64.s32 $0, $1", "dr", {{{u32(-1)}, ~uint64_t(0)}});
  batch.add("cvt.sat.s8.s32 $0, $1", "rr",
            {{{1000}, 127}, {{u32(-1000)}, u32(-128)}, {{5}, 5}});
  batch.add("cvt.pack.sat.u8.s32.b32 $0, $1, $2, $3", "rrrr",
            {{{1000, u32(-5), 0x12345678}, 0x5678ff00}});
  batch.add("cvt.pack.sat.s16.s32 $0, $1, $2", "rrr",
            {{{100000, u32(-3)}, 0x7ffffffd}});
  batch.add("cvt.sat.u32.s64 $0, $1", "rd",
            {{{uint64_t(-1)}, 0}, {{1ull << 40}, 0xffffffff}});
  batch.run();
}

TEST(Float, conversionsOfFloats) {
  Batch batch;
  batch.add("cvt.rn.f32.s32 $0, $1", "rr",
            {{{u32(-3)}, f32(-3.0f)}, {{16777217}, f32(16777216.0f)}});
  batch.add("cvt.rp.f32.u32 $0, $1", "rr", {{{16777217}, f32(16777218.0f)}});
  batch.add("cvt.rn.f64.u64 $0, $1", "dd", {{{~uint64_t(0)}, f64(0x1p64)}});
  batch.add("cvt.rn.f32.u64 $0, $1", "rd",
            {{{uint64_t(1) << 40}, f32(0x1p40f)}});
  batch.add("cvt.rn.f16.s32 $0, $1", "hr",
            {{{2049}, 0x6800}, {{100000}, 0x7c00}});
  batch.add("cvt.f64.f32 $0, $1", "dr", {{{f32(1.5f)}, f64(1.5)}});
  batch.add("cvt.rn.f32.f64 $0, $1", "rd", {{{f64(1.0 / 3)}, f32(1.0f / 3)}});
  batch.add("cvt.rz.f32.f64 $0, $1", "rd", {{{f64(1.0 / 3)}, 0x3eaaaaaa}});
  batch.add("cvt.rn.f16.f32 $0, $1", "hr",
            {{{f32(65519.0f)}, 0x7bff},
             {{f32(65520.0f)}, 0x7c00},
             {{f32(0x1p-25f)}, 0},
             {{f32(0x1.8p-25f)}, 1},
             {{nan32}, 0x7fff}});
  batch.add("cvt.rz.f16.f32 $0, $1", "hr",
            {{{f32(1e10f)}, 0x7bff}, {{f32(2049.9f)}, 0x6800}});
  batch.add("cvt.f32.f16 $0, $1", "rh",
            {{{0x0001}, f32(0x1p-24f)}, {{0x7c00}, inf32}});
  // f64 to f16 must not go through a rounded f32
  batch.add("cvt.rn.f16.f64 $0, $1", "hd",
            {{{f64(1.0 + 0x1p-11 + 0x1p-40)}, 0x3c01}});
  batch.add("cvt.rn.bf16.f32 $0, $1", "hr",
            {{{f32(1.00390625f)}, 0x3f80},
             {{f32(1.01171875f)}, 0x3f82},
             {{nan32}, 0x7fff}});
  batch.add("cvt.rn.relu.bf16x2.f32 $0, $1, $2", "rrr",
            {{{f32(-1.0f), f32(2.0f)}, pair(0, 0x4000)}});
  batch.add("cvt.rn.f16x2.f32 $0, $1, $2", "rrr",
            {{{f32(1.0f), f32(2.0f)}, pair(0x3c00, 0x4000)}});
  batch.add(
      "cvt.rna.tf32.f32 $0, $1", "rr",
      {{{f32(1.0f) | 0x1000}, 0x3f802000}, {{f32(1.0f) | 0xfff}, 0x3f800000}});
  batch.add("cvt.rn.satfinite.e4m3x2.f32 $0, $1, $2", "hrr",
            {{{f32(1.0f), f32(1000.0f)}, 0x387e},
             {{f32(-0.001953125f), nan32}, 0x817f},
             {{f32(0.0009765625f), f32(17.0f)}, 0x0058}});
  batch.add("cvt.rn.satfinite.e5m2x2.f32 $0, $1, $2", "hrr",
            {{{f32(1.0f), f32(1e9f)}, 0x3c7b}});
  batch.add("cvt.rn.f16x2.e4m3x2 $0, $1", "rh",
            {{{0x387e}, pair(0x3c00, 0x5f00)}});
  batch.add("cvt.rn.f16x2.e5m2x2 $0, $1", "rh",
            {{{0x3c7c}, pair(0x3c00, 0x7c00)}});
  batch.add("cvt.rni.f32.f32 $0, $1", "rr",
            {{{f32(2.5f)}, f32(2.0f)}, {{f32(-0.3f)}, 0x80000000}});
  batch.add("cvt.sat.f32.f32 $0, $1", "rr",
            {{{f32(2.0f)}, f32(1.0f)}, {{nan32}, 0}});
  batch.add("cvt.ftz.f64.f32 $0, $1", "dr", {{{1}, 0}});
  batch.run();
}

/// Approximations: within a few units in the last place, exact where it
/// matters.
TEST(Float, approximations) {
  Batch batch;
  batch.add("ex2.approx.f32 $0, $1", "rr",
            {{{f32(0.0f)}, f32(1.0f)},
             {{f32(10.0f)}, f32(1024.0f)},
             {{f32(-140.0f)}, f32(0x1p-140f)},
             {{f32(128.0f)}, inf32},
             {{0xff800000}, 0},
             {{inf32}, inf32}});
  batch.add("ex2.approx.ftz.f32 $0, $1", "rr", {{{f32(-140.0f)}, 0}});
  batch.add("lg2.approx.f32 $0, $1", "rr",
            {{{f32(8.0f)}, f32(3.0f)},
             {{f32(1.0f)}, 0},
             {{0}, 0xff800000},
             {{inf32}, inf32},
             {{f32(-1.0f)}, nan32},
             {{f32(0x1p-140f)}, f32(-140.0f)}});
  batch.add("rcp.approx.ftz.f32 $0, $1", "rr", {{{f32(8.0f)}, f32(0.125f)}});
  batch.add("rsqrt.approx.f32 $0, $1", "rr",
            {{{f32(4.0f)}, f32(0.5f)}, {{0}, inf32}});
  batch.add("sin.approx.f32 $0, $1", "rr",
            {{{f32(1.0f)}, f32(float(std::sin(1.0)))}});
  batch.add("cos.approx.f32 $0, $1", "rr", {{{0}, f32(1.0f)}});
  batch.add("tanh.approx.f32 $0, $1", "rr",
            {{{f32(20.0f)}, f32(1.0f)}, {{0}, 0}});
  batch.add("ex2.approx.f16x2 $0, $1", "rr",
            {{{pair(0x3c00, 0x4000)}, pair(0x4000, 0x4400)}});
  batch.add("tanh.approx.f16 $0, $1", "hh", {{{0x4900}, 0x3c00}});
  batch.run();
}

/// A kernel `y = op(x)` on floats.
std::vector<float> evaluate(const std::string &op,
                            const std::vector<float> &x) {
  Simulation sim(
      ".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry "
      "k(.param .u64 x, .param .u64 y)\n{\n.reg .b64 %rd<6>;\n.reg "
      ".b32 %r<8>;\n.reg .f32 %f<4>;\nld.param.u64 %rd1, "
      "[x];\nld.param.u64 %rd2, [y];\nmov.u32 %r1, %tid.x;\nmov.u32 "
      "%r2, %ctaid.x;\nmov.u32 %r3, %ntid.x;\nmad.lo.s32 %r4, %r2, "
      "%r3, %r1;\nmul.wide.u32 %rd3, %r4, 4;\nadd.s64 %rd4, %rd1, "
      "%rd3;\nadd.s64 %rd5, %rd2, %rd3;\nld.global.f32 %f1, [%rd4];\n" +
      op + ".f32 %f2, %f1;\nst.global.f32 [%rd5], %f2;\nret;\n}\n");
  float *in = sim.upload(x), *out = sim.allocate<float>(x.size());
  EXPECT_EQ(sim.run("k", {uint32_t(x.size() / 128)}, {128}, 0, in, out), "");
  return std::vector<float>(out, out + x.size());
}

TEST(Float, approximationErrors) {
  std::vector<float> x;
  for (int i = 0; i < 12800; ++i)
    x.push_back(-20.0f + 40.0f * float(i) / 12800.0f);
  std::vector<float> y = evaluate("ex2.approx", x);
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(y[i] / std::exp2(double(x[i])), 1.0, 1.5e-7) << x[i];
  for (float &value : x)
    value = std::exp(value);
  y = evaluate("lg2.approx", x);
  for (size_t i = 0; i < x.size(); ++i) {
    double exact = std::log2(double(x[i]));
    ASSERT_NEAR(y[i], exact, std::max(2e-7, std::fabs(exact) * 2e-7)) << x[i];
  }
}

} // namespace
