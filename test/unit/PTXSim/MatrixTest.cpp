//===- MatrixTest.cpp - Matrix instructions -------------------------------===//
//
// Fragments are filled by the formulas of the PTX ISA ("Matrix Fragments for
// mma.m16n8k16 ..."), which say row and column for lane and element.
//
//===----------------------------------------------------------------------===//

#include "Simulation.h"

#include <cmath>

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::test;

namespace {

struct Position {
  int row, column;
};
using Layout = Position (*)(int group, int inGroup, int element);

/// One mma instruction.
struct Mma {
  std::string name;
  int m, k;
  int bitsA; ///< of an element of A and B
  int registersA, registersB, registersC;
  int bitsC; ///< 16, 32 or 64
  Layout a, b, c;
  double (*decode)(uint64_t bits);
  uint64_t (*encode)(double value);
  double (*decodeC)(uint64_t bits);
  uint64_t (*encodeC)(double value);
};

template <typename T>
double decodeInt(uint64_t bits) {
  return double(T(bits));
}
template <typename T>
uint64_t encodeInt(double value) {
  return std::make_unsigned_t<T>(T(value));
}
double decodeF32(uint64_t bits) {
  return llvm::bit_cast<float>(uint32_t(bits));
}
uint64_t encodeF32(double value) {
  return llvm::bit_cast<uint32_t>(float(value));
}
double decodeF64(uint64_t bits) { return llvm::bit_cast<double>(bits); }
uint64_t encodeF64(double value) { return llvm::bit_cast<uint64_t>(value); }
/// Small integers as f16: enough for the values of these tests.
uint64_t encodeSmallFloat(double value, int mantissaBits, int bias, int bits) {
  if (value == 0)
    return 0;
  int exponent;
  double fraction = std::frexp(std::fabs(value), &exponent);
  uint64_t mantissa = uint64_t((2 * fraction - 1) * (1 << mantissaBits));
  return (value < 0 ? uint64_t(1) << (bits - 1) : 0) |
         uint64_t(exponent - 1 + bias) << mantissaBits | mantissa;
}
double decodeSmallFloat(uint64_t bits, int mantissaBits, int bias, int width) {
  bool sign = bits >> (width - 1) & 1;
  bits &= (uint64_t(1) << (width - 1)) - 1;
  if (bits == 0)
    return 0;
  double value = std::ldexp(1.0 + double(bits & ((1u << mantissaBits) - 1)) /
                                      (1 << mantissaBits),
                            int(bits >> mantissaBits) - bias);
  return sign ? -value : value;
}
double decodeF16(uint64_t bits) { return decodeSmallFloat(bits, 10, 15, 16); }
uint64_t encodeF16(double value) { return encodeSmallFloat(value, 10, 15, 16); }
double decodeBF16(uint64_t bits) { return decodeSmallFloat(bits, 7, 127, 16); }
uint64_t encodeBF16(double value) {
  return encodeSmallFloat(value, 7, 127, 16);
}
double decodeE4M3(uint64_t bits) { return decodeSmallFloat(bits, 3, 7, 8); }
uint64_t encodeE4M3(double value) { return encodeSmallFloat(value, 3, 7, 8); }
double decodeE5M2(uint64_t bits) { return decodeSmallFloat(bits, 2, 15, 8); }
uint64_t encodeE5M2(double value) { return encodeSmallFloat(value, 2, 15, 8); }
double decodeS4(uint64_t bits) { return double(int8_t(bits << 4) >> 4); }
uint64_t encodeS4(double value) { return uint64_t(int(value)) & 15; }

const Layout accumulators = [](int g, int t, int i) {
  return Position{i < 2 ? g : g + 8, t * 2 + (i & 1)};
};

std::string list(const std::string &prefix, int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i)
    text += (i ? ", " : "") + prefix + std::to_string(i);
  return text + "}";
}

void check(const Mma &mma, Options options = {}) {
  SCOPED_TRACE(mma.name);
  bool isWide = mma.bitsC == 64;
  std::string type = isWide ? "b64" : "b32";
  int bytes = isWide ? 8 : 4;
  std::string ptx =
      ".version 8.4\n.target sm_90\n.address_size 64\n.visible "
      ".entry k(.param .u64 in, .param .u64 out)\n{\n.reg .b64 "
      "%rd<6>;\n.reg .b32 %r1;\n.reg ." +
      type + " %a<8>, %b<8>, %c<8>, %d<8>;\n" +
      "ld.param.u64 %rd1, [in];\nld.param.u64 %rd2, [out];\nmov.u32 "
      "%r1, %laneid;\nmul.wide.u32 %rd3, %r1, " +
      std::to_string(bytes) +
      ";\nadd.s64 %rd4, %rd1, %rd3;\nadd.s64 %rd5, %rd2, %rd3;\n";
  int index = 0;
  auto loads = [&](const std::string &prefix, int count) {
    for (int i = 0; i < count; ++i)
      ptx += "ld.global." + type + " " + prefix + std::to_string(i) +
             ", [%rd4+" + std::to_string(index++ * 32 * bytes) + "];\n";
  };
  loads("%a", mma.registersA);
  loads("%b", mma.registersB);
  loads("%c", mma.registersC);
  ptx += mma.name + " " + list("%d", mma.registersC) + ", " +
         list("%a", mma.registersA) + ", " + list("%b", mma.registersB) + ", " +
         list("%c", mma.registersC) + ";\n";
  for (int i = 0; i < mma.registersC; ++i)
    ptx += "st.global." + type + " [%rd5+" + std::to_string(i * 32 * bytes) +
           "], %d" + std::to_string(i) + ";\n";
  ptx += "ret;\n}\n";

  // small numbers, so that all sums are exact
  auto valueA = [](int row, int k) {
    return double((row * 5 + k * 3) % 7 - 3);
  };
  auto valueB = [](int k, int column) {
    return double((column * 3 + k * 5) % 5 - 2);
  };
  auto valueC = [](int row, int column) {
    return double((row * 11 + column * 7) % 9 - 4);
  };
  std::vector<uint8_t> input(size_t(index) * 32 * bytes);
  auto put = [&](int reg, int lane, int element, int bits, uint64_t value) {
    uint64_t word = 0;
    uint8_t *place = &input[size_t(reg * 32 + lane) * bytes];
    std::memcpy(&word, place, bytes);
    word |= (bits == 64 ? value : value & ((uint64_t(1) << bits) - 1))
            << (element * bits);
    std::memcpy(place, &word, bytes);
  };
  int perA = 8 * bytes / mma.bitsA, perC = 8 * bytes / mma.bitsC;
  for (int lane = 0; lane < 32; ++lane) {
    int g = lane / 4, t = lane % 4;
    for (int i = 0; i < mma.registersA * perA; ++i) {
      Position p = mma.a(g, t, i);
      put(i / perA, lane, i % perA, mma.bitsA,
          mma.encode(valueA(p.row, p.column)));
    }
    for (int i = 0; i < mma.registersB * perA; ++i) {
      Position p = mma.b(g, t, i);
      put(mma.registersA + i / perA, lane, i % perA, mma.bitsA,
          mma.encode(valueB(p.row, p.column)));
    }
    for (int i = 0; i < mma.registersC * perC; ++i) {
      Position p = mma.c(g, t, i);
      put(mma.registersA + mma.registersB + i / perC, lane, i % perC, mma.bitsC,
          mma.encodeC(valueC(p.row, p.column)));
    }
  }
  Simulation sim(ptx, options, DeviceConfig::sm90());
  ASSERT_EQ(sim.loadError, "");
  uint8_t *in = sim.upload(input);
  uint8_t *out = sim.allocate<uint8_t>(size_t(mma.registersC) * 32 * bytes);
  ASSERT_EQ(sim.run("k", {1}, {32}, 0, in, out), "");
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < mma.registersC * perC; ++i) {
      Position p = mma.c(lane / 4, lane % 4, i);
      double expected = valueC(p.row, p.column);
      for (int k = 0; k < mma.k; ++k)
        expected += valueA(p.row, k) * valueB(k, p.column);
      uint64_t word = 0;
      std::memcpy(&word, out + size_t(i / perC * 32 + lane) * bytes, bytes);
      word >>= (i % perC) * mma.bitsC;
      if (mma.bitsC < 64)
        word &= (uint64_t(1) << mma.bitsC) - 1;
      ASSERT_EQ(mma.decodeC(word), expected)
          << "row " << p.row << " column " << p.column;
    }
}

// PTX ISA, "Matrix Fragments for mma.m16n8k16 with floating point type"
const Layout a16 = [](int g, int t, int i) {
  return Position{(i / 2) % 2 ? g + 8 : g, t * 2 + (i & 1) + (i >= 4 ? 8 : 0)};
};
const Layout b16 = [](int g, int t, int i) {
  return Position{t * 2 + (i & 1) + (i >= 2 ? 8 : 0), g};
};
// "... mma.m16n8k8", .tf32
const Layout aTF32 = [](int g, int t, int i) {
  return Position{i % 2 ? g + 8 : g, i < 2 ? t : t + 4};
};
const Layout bTF32 = [](int g, int t, int i) {
  return Position{i == 0 ? t : t + 4, g};
};
// "... mma.m16n8k32", .s8/.u8/.e4m3/.e5m2
const Layout a8 = [](int g, int t, int i) {
  return Position{(i < 4 || (i >= 8 && i < 12)) ? g : g + 8,
                  t * 4 + (i & 3) + (i >= 8 ? 16 : 0)};
};
const Layout b8 = [](int g, int t, int i) {
  return Position{t * 4 + (i & 3) + (i >= 4 ? 16 : 0), g};
};
// "... mma.m16n8k64", .s4/.u4
const Layout a4 = [](int g, int t, int i) {
  return Position{(i < 8 || (i >= 16 && i < 24)) ? g : g + 8,
                  t * 8 + (i & 7) + (i >= 16 ? 32 : 0)};
};
const Layout b4 = [](int g, int t, int i) {
  return Position{t * 8 + (i & 7) + (i >= 8 ? 32 : 0), g};
};

TEST(Matrix, mmaHalf) {
  check({"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", 16, 16, 16, 4, 2,
         4, 32, a16, b16, accumulators, decodeF16, encodeF16, decodeF32,
         encodeF32});
  check({"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32", 16, 8, 16, 2, 1, 4,
         32, a16, b16, accumulators, decodeF16, encodeF16, decodeF32,
         encodeF32});
  check({"mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16", 16, 16, 16, 4, 2,
         2, 16, a16, b16, accumulators, decodeF16, encodeF16, decodeF16,
         encodeF16});
  check({"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 16, 16, 16, 4,
         2, 4, 32, a16, b16, accumulators, decodeBF16, encodeBF16, decodeF32,
         encodeF32});
}

TEST(Matrix, mmaTF32AndF64) {
  check({"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 16, 8, 32, 4, 2,
         4, 32, aTF32, bTF32, accumulators, decodeF32, encodeF32, decodeF32,
         encodeF32});
  check({"mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32", 16, 4, 32, 2, 1,
         4, 32, aTF32, bTF32, accumulators, decodeF32, encodeF32, decodeF32,
         encodeF32});
  check({"mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64", 8, 4, 64, 1, 1, 2,
         64, [](int g, int t, int) { return Position{g, t}; },
         [](int g, int t, int) { return Position{t, g}; },
         [](int g, int t, int i) { return Position{g, t * 2 + i}; }, decodeF64,
         encodeF64, decodeF64, encodeF64});
  check({"mma.sync.aligned.m16n8k8.row.col.f64.f64.f64.f64", 16, 8, 64, 4, 2, 4,
         64, aTF32, bTF32, accumulators, decodeF64, encodeF64, decodeF64,
         encodeF64});
}

TEST(Matrix, mmaIntegers) {
  check({"mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", 16, 32, 8, 4, 2, 4,
         32, a8, b8, accumulators, decodeInt<int8_t>, encodeInt<int8_t>,
         decodeInt<int32_t>, encodeInt<int32_t>});
  check({"mma.sync.aligned.m16n8k16.row.col.satfinite.s32.s8.s8.s32", 16, 16, 8,
         2, 1, 4, 32, a8, b8, accumulators, decodeInt<int8_t>,
         encodeInt<int8_t>, decodeInt<int32_t>, encodeInt<int32_t>});
  check({"mma.sync.aligned.m16n8k64.row.col.s32.s4.s4.s32", 16, 64, 4, 4, 2, 4,
         32, a4, b4, accumulators, decodeS4, encodeS4, decodeInt<int32_t>,
         encodeInt<int32_t>});
}

TEST(Matrix, mmaFP8) {
  check({"mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32", 16, 32, 8, 4, 2,
         4, 32, a8, b8, accumulators, decodeE4M3, encodeE4M3, decodeF32,
         encodeF32});
  check({"mma.sync.aligned.m16n8k32.row.col.f32.e5m2.e5m2.f32", 16, 32, 8, 4, 2,
         4, 32, a8, b8, accumulators, decodeE5M2, encodeE5M2, decodeF32,
         encodeF32});
}

/// The result may be written over its operands.
TEST(Matrix, mmaInPlace) {
  Simulation sim(R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 out)
{
  .reg .b32 %r<8>;
  .reg .f32 %f<8>;
  .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [out];
  mov.u32 %r1, %laneid;
  mul.wide.u32 %rd2, %r1, 16;
  add.s64 %rd3, %rd1, %rd2;
  mov.b32 %r2, 0x3C003C00;
  mov.b32 %r3, %r2;
  mov.b32 %r4, %r2;
  mov.b32 %r5, %r2;
  cvt.rn.f32.u32 %f1, %r1;
  mov.f32 %f2, %f1;
  mov.f32 %f3, %f1;
  mov.f32 %f4, %f1;
  mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f2, %f1, %f3, %f4}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%f1, %f2, %f3, %f4};
  mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r2, %r3, %r4, %r5}, {%r2, %r3}, {%f1, %f2, %f3, %f4};
  st.global.v4.f32 [%rd3], {%f1, %f2, %f3, %f4};
  ret;
})");
  float *out = sim.allocate<float>(128);
  ASSERT_EQ(sim.run("k", {1}, {32}, 0, out), "");
  for (int i = 0; i < 128; ++i)
    EXPECT_EQ(out[i], float(i / 4 + 32)) << i;
}

/// ldmatrix of matrices of 8 x 8 numbers (row * 8 + column + 64 * matrix), and
/// back by stmatrix.
TEST(Matrix, ldmatrixAndStmatrix) {
  for (bool isTransposed : {false, true}) {
    std::string trans = isTransposed ? ".trans" : "";
    Simulation sim(R"(.version 8.0
.target sm_90
.address_size 64
.visible .entry k(.param .u64 in, .param .u64 out, .param .u64 back)
{
  .reg .b32 %r<8>;
  .reg .b64 %rd<10>;
  .shared .align 16 .b8 s[1024];
  ld.param.u64 %rd1, [in];
  ld.param.u64 %rd2, [out];
  ld.param.u64 %rd7, [back];
  mov.u32 %r1, %laneid;
  mul.wide.u32 %rd3, %r1, 16;
  add.s64 %rd4, %rd1, %rd3;
  mov.u64 %rd5, s;
  add.s64 %rd5, %rd5, %rd3;
  cp.async.cg.shared.global [%rd5], [%rd4], 16;
  cp.async.wait_all;
  bar.warp.sync -1;
  ldmatrix.sync.aligned.m8n8.x4)" +
                       trans + R"(.shared.b16 {%r2, %r3, %r4, %r5}, [%rd5];
  add.s64 %rd6, %rd2, %rd3;
  st.global.v4.b32 [%rd6], {%r2, %r3, %r4, %r5};
  stmatrix.sync.aligned.m8n8.x4)" +
                       trans + R"(.shared.b16 [%rd5+512], {%r2, %r3, %r4, %r5};
  ld.shared.v4.b32 {%r2, %r3, %r4, %r5}, [%rd5+512];
  add.s64 %rd8, %rd7, %rd3;
  st.global.v4.b32 [%rd8], {%r2, %r3, %r4, %r5};
  ret;
})",
                   {}, DeviceConfig::sm90());
    ASSERT_EQ(sim.loadError, "");
    std::vector<uint16_t> numbers(256);
    for (int i = 0; i < 256; ++i)
      numbers[i] = uint16_t(i);
    uint16_t *in = sim.upload(numbers), *out = sim.allocate<uint16_t>(256),
             *back = sim.allocate<uint16_t>(256);
    ASSERT_EQ(sim.run("k", {1}, {32}, 0, in, out, back), "");
    EXPECT_TRUE(sim.faults.empty());
    for (int lane = 0; lane < 32; ++lane)
      for (int matrix = 0; matrix < 4; ++matrix)
        for (int e = 0; e < 2; ++e) {
          int row = lane / 4, column = 2 * (lane % 4) + e;
          int number = isTransposed ? column * 8 + row : row * 8 + column;
          EXPECT_EQ(out[lane * 8 + matrix * 2 + e], matrix * 64 + number);
        }
    for (int i = 0; i < 256; ++i)
      EXPECT_EQ(back[i], i);
  }
}

TEST(Matrix, movmatrix) {
  Simulation sim(R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 out)
{
  .reg .b32 %r<4>;
  .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [out];
  mov.u32 %r1, %laneid;
  shl.b32 %r2, %r1, 1;
  mad.lo.u32 %r2, %r2, 65537, 65536;
  movmatrix.sync.aligned.m8n8.trans.b16 %r3, %r2;
  mul.wide.u32 %rd2, %r1, 4;
  add.s64 %rd3, %rd1, %rd2;
  st.global.u32 [%rd3], %r3;
  ret;
})");
  uint16_t *out = sim.allocate<uint16_t>(64);
  ASSERT_EQ(sim.run("k", {1}, {32}, 0, out), "");
  for (int row = 0; row < 8; ++row)
    for (int column = 0; column < 8; ++column)
      EXPECT_EQ(out[row * 8 + column], column * 8 + row);
}

/// D = A * B + C by wmma, all layouts; what a fragment holds is not seen.
void checkWmma(int m, int n, int k, bool rowA, bool rowB, bool rowD) {
  auto layout = [](bool isRow) { return std::string(isRow ? "row" : "col"); };
  std::string shape = "m" + std::to_string(m) + "n" + std::to_string(n) + "k" +
                      std::to_string(k);
  SCOPED_TRACE(shape);
  int lda = rowA ? k : m, ldb = rowB ? n : k, ldd = rowD ? n : m;
  std::string ptx = R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c)
{
  .reg .b32 %a<8>, %b<8>;
  .reg .f32 %c<8>;
  .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [a];
  ld.param.u64 %rd2, [b];
  ld.param.u64 %rd3, [c];
)";
  std::string tail = "." + shape + ".global.";
  ptx += "wmma.load.a.sync.aligned." + layout(rowA) + tail + "f16 " +
         list("%a", 8) + ", [%rd1], " + std::to_string(lda) + ";\n";
  ptx += "wmma.load.b.sync.aligned." + layout(rowB) + tail + "f16 " +
         list("%b", 8) + ", [%rd2], " + std::to_string(ldb) + ";\n";
  ptx += "wmma.load.c.sync.aligned." + layout(rowD) + tail + "f32 " +
         list("%c", 8) + ", [%rd3], " + std::to_string(ldd) + ";\n";
  ptx += "wmma.mma.sync.aligned." + layout(rowA) + "." + layout(rowB) + "." +
         shape + ".f32.f32 " + list("%c", 8) + ", " + list("%a", 8) + ", " +
         list("%b", 8) + ", " + list("%c", 8) + ";\n";
  ptx += "wmma.store.d.sync.aligned." + layout(rowD) + tail + "f32 [%rd3], " +
         list("%c", 8) + ", " + std::to_string(ldd) + ";\nret;\n}\n";
  std::vector<uint16_t> a(size_t(m) * k), b(size_t(k) * n);
  std::vector<float> c(size_t(m) * n), expected(size_t(m) * n);
  auto valueA = [](int i, int j) { return (i * 5 + j * 3) % 7 - 3; };
  auto valueB = [](int i, int j) { return (i * 5 + j * 3) % 5 - 2; };
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < k; ++j)
      a[rowA ? i * k + j : j * m + i] = uint16_t(encodeF16(valueA(i, j)));
  for (int i = 0; i < k; ++i)
    for (int j = 0; j < n; ++j)
      b[rowB ? i * n + j : j * k + i] = uint16_t(encodeF16(valueB(i, j)));
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      size_t at = rowD ? size_t(i * n + j) : size_t(j * m + i);
      c[at] = expected[at] = float(i - j);
      for (int l = 0; l < k; ++l)
        expected[at] += float(valueA(i, l) * valueB(l, j));
    }
  Simulation sim(ptx);
  ASSERT_EQ(sim.loadError, "");
  uint16_t *da = sim.upload(a), *db = sim.upload(b);
  float *dc = sim.upload(c);
  ASSERT_EQ(sim.run("k", {1}, {32}, 0, da, db, dc), "");
  for (size_t i = 0; i < expected.size(); ++i)
    ASSERT_EQ(dc[i], expected[i]) << i;
  EXPECT_TRUE(sim.faults.empty());
}

TEST(Matrix, wmma) {
  checkWmma(16, 16, 16, true, false, true);
  checkWmma(16, 16, 16, false, true, false);
  checkWmma(32, 8, 16, true, true, true);
  checkWmma(8, 32, 16, false, false, true);
}

/// Small integer types of m16n16k16, row times column.
template <typename T>
void checkWmmaOf(const std::string &type, int registersA, int registersB,
                 const std::string &sum, uint64_t (*encode)(double),
                 double (*decodeC)(uint64_t), int depth = 16) {
  SCOPED_TRACE(type);
  std::string shape = "m16n16k" + std::to_string(depth);
  std::string ptx = R"(.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c)
{
  .reg .b32 %a<8>, %b<8>, %c<8>;
  .reg .b64 %rd<4>;
  ld.param.u64 %rd1, [a];
  ld.param.u64 %rd2, [b];
  ld.param.u64 %rd3, [c];
)";
  std::string a = list("%a", registersA), b = list("%b", registersB),
              c = list("%c", 8), ld = std::to_string(depth);
  ptx += "wmma.load.a.sync.aligned.row." + shape + ".global." + type + " " + a +
         ", [%rd1], " + ld + ";\n";
  ptx += "wmma.load.b.sync.aligned.col." + shape + ".global." + type + " " + b +
         ", [%rd2], " + ld + ";\n";
  for (int i = 0; i < 8; ++i)
    ptx += "mov.b32 %c" + std::to_string(i) + ", 0;\n";
  ptx += "wmma.mma.sync.aligned.row.col." + shape + "." + sum + "." + type +
         "." + type + "." + sum + " " + c + ", " + a + ", " + b + ", " + c +
         ";\n";
  ptx += "wmma.store.d.sync.aligned.row." + shape + ".global." + sum +
         " [%rd3], " + c + ", 16;\nret;\n}\n";
  auto valueA = [](int i, int k) { return (i * 5 + k * 3) % 7 - 3; };
  auto valueB = [](int k, int j) { return (k * 5 + j * 3) % 5 - 2; };
  std::vector<T> left(16 * depth), right(16 * depth);
  for (int i = 0; i < 16; ++i)
    for (int k = 0; k < depth; ++k) {
      left[i * depth + k] = T(encode(valueA(i, k)));
      right[i * depth + k] = T(encode(valueB(k, i)));
    }
  Simulation sim(ptx);
  ASSERT_EQ(sim.loadError, "");
  T *da = sim.upload(left), *db = sim.upload(right);
  uint32_t *dc = sim.allocate<uint32_t>(256);
  ASSERT_EQ(sim.run("k", {1}, {32}, 0, da, db, dc), "");
  for (int i = 0; i < 16; ++i)
    for (int j = 0; j < 16; ++j) {
      int expected = 0;
      for (int k = 0; k < depth; ++k)
        expected += valueA(i, k) * valueB(k, j);
      ASSERT_EQ(decodeC(dc[i * 16 + j]), expected) << i << " " << j;
    }
  EXPECT_TRUE(sim.faults.empty());
}

TEST(Matrix, wmmaTypes) {
  checkWmmaOf<int8_t>("s8", 2, 2, "s32", encodeInt<int8_t>, decodeInt<int32_t>);
  checkWmmaOf<uint16_t>("bf16", 4, 4, "f32", encodeBF16, decodeF32);
  checkWmmaOf<uint32_t>("tf32", 4, 4, "f32", encodeF32, decodeF32, 8);
}

} // namespace
