//===- IntegerTest.cpp - Integer, logic and bit instructions --------------===//

#include "Batch.h"

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::test;

namespace {

uint64_t u32(int64_t value) { return uint32_t(value); }

TEST(Integer, arithmetic) {
  Batch batch;
  batch.add("add.s32 $0, $1, $2", "rrr",
            {{{1, 2}, 3}, {{0x7fffffff, 1}, 0x80000000}, {{u32(-1), 1}, 0}});
  batch.add("add.sat.s32 $0, $1, $2", "rrr",
            {{{0x7fffffff, 1}, 0x7fffffff},
             {{0x80000000, u32(-1)}, 0x80000000},
             {{5, u32(-7)}, u32(-2)}});
  batch.add("sub.sat.s32 $0, $1, $2", "rrr",
            {{{0x80000000, 1}, 0x80000000}, {{3, 5}, u32(-2)}});
  batch.add("sub.u64 $0, $1, $2", "ddd", {{{1, 2}, ~uint64_t(0)}});
  batch.add("mul.lo.s32 $0, $1, $2", "rrr", {{{0x10001, 0x10001}, 0x20001}});
  batch.add("mul.hi.u32 $0, $1, $2", "rrr",
            {{{0xffffffff, 0xffffffff}, 0xfffffffe}});
  batch.add("mul.hi.s32 $0, $1, $2", "rrr",
            {{{0xffffffff, 0xffffffff}, 0}, {{0x80000000, 2}, u32(-1)}});
  batch.add("mul.hi.u64 $0, $1, $2", "ddd",
            {{{~uint64_t(0), ~uint64_t(0)}, ~uint64_t(1)}});
  batch.add("mul.hi.s64 $0, $1, $2", "ddd",
            {{{~uint64_t(0), 5}, ~uint64_t(0)}});
  batch.add("mul.wide.s32 $0, $1, $2", "drr",
            {{{u32(-3), 5}, uint64_t(-15)}, {{0x7fffffff, 2}, 0xfffffffe}});
  batch.add("mul.wide.u16 $0, $1, $2", "rhh", {{{0xffff, 0xffff}, 0xfffe0001}});
  batch.add("mul.wide.s16 $0, $1, $2", "rhh", {{{0xffff, 2}, u32(-2)}});
  batch.add("mul24.lo.s32 $0, $1, $2", "rrr",
            {{{0x00ffffff, 3}, u32(-3)}, {{0x01000002, 3}, 6}});
  batch.add("mul24.hi.u32 $0, $1, $2", "rrr",
            {{{0xffffff, 0xffffff}, 0xfffffe00}});
  batch.add("mad.lo.s32 $0, $1, $2, $3", "rrrr", {{{3, 4, 5}, 17}});
  batch.add("mad.hi.u32 $0, $1, $2, $3", "rrrr", {{{0x80000000, 4, 5}, 7}});
  batch.add("mad.hi.sat.s32 $0, $1, $2, $3", "rrrr",
            {{{0x40000000, 0x40000000, 0x7fffffff}, 0x7fffffff}});
  batch.add("mad.wide.u32 $0, $1, $2, $3", "drrd",
            {{{0xffffffff, 2, 1}, 0x1ffffffff}});
  batch.add("mad24.lo.u32 $0, $1, $2, $3", "rrrr", {{{0x1000003, 2, 1}, 7}});
  batch.add("div.s32 $0, $1, $2", "rrr",
            {{{u32(-7), 2}, u32(-3)},
             {{0x80000000, u32(-1)}, 0x80000000},
             {{7, 0}, 0xffffffff},
             {{0x7fffffff, 1}, 0x7fffffff}});
  batch.add("div.u32 $0, $1, $2", "rrr",
            {{{0xffffffff, 1}, 0xffffffff},
             {{0xffffffff, 0xfffffffe}, 1},
             {{0xfffffffe, 0xffffffff}, 0},
             {{1000000007, 3}, 333333335}});
  batch.add(
      "rem.s32 $0, $1, $2", "rrr",
      {{{u32(-7), 3}, u32(-1)}, {{7, u32(-3)}, 1}, {{0x80000000, u32(-1)}, 0}});
  batch.add("rem.u64 $0, $1, $2", "ddd", {{{~uint64_t(0), 10}, 5}});
  batch.add("div.s64 $0, $1, $2", "ddd",
            {{{uint64_t(1) << 63, ~uint64_t(0)}, uint64_t(1) << 63},
             {{uint64_t(-100), 7}, uint64_t(-14)}});
  batch.add("div.s16 $0, $1, $2", "hhh", {{{0x8000, 3}, 0xd556}});
  batch.add("abs.s32 $0, $1", "rr",
            {{{u32(-5)}, 5}, {{0x80000000}, 0x80000000}});
  batch.add("neg.s64 $0, $1", "dd", {{{5}, uint64_t(-5)}});
  batch.add("min.s32 $0, $1, $2", "rrr", {{{u32(-1), 1}, u32(-1)}});
  batch.add("min.u32 $0, $1, $2", "rrr", {{{u32(-1), 1}, 1}});
  batch.add("max.s16 $0, $1, $2", "hhh", {{{0x8000, 1}, 1}});
  batch.add("min.s16x2 $0, $1, $2", "rrr",
            {{{0xffff0001, 0x0001ffff}, 0xffffffff}});
  batch.add("max.relu.s16x2 $0, $1, $2", "rrr",
            {{{0xffff0003, 0xfffeffff}, 0x00000003}});
  batch.add("add.u16x2 $0, $1, $2", "rrr",
            {{{0x0001ffff, 0x00010001}, 0x00020000}});
  batch.add("sad.s32 $0, $1, $2, $3", "rrrr", {{{u32(-3), 4, 10}, 17}});
  batch.add("sad.u32 $0, $1, $2, $3", "rrrr",
            {{{1, 0xffffffff, 1}, 0xffffffff}});
  batch.run();
}

TEST(Integer, carries) {
  Batch batch;
  batch.add("{ .reg .b32 %lo; add.cc.u32 %lo, $1, $2; addc.u32 $0, $3, $4; }",
            "rrrrr", {{{0xffffffff, 1, 5, 6}, 12}, {{1, 1, 5, 6}, 11}});
  batch.add("{ .reg .b32 %lo; sub.cc.u32 %lo, $1, $2; subc.u32 $0, $3, $4; }",
            "rrrrr", {{{0, 1, 5, 2}, 2}, {{1, 1, 5, 2}, 3}});
  batch.add(
      "{ .reg .b32 %lo, %mid; add.cc.u32 %lo, $1, $2; addc.cc.u32 %mid, $3, "
      "0; addc.u32 $0, 0, 0; }",
      "rrrr", {{{0xffffffff, 1, 0xffffffff}, 1}, {{0, 1, 0xffffffff}, 0}});
  batch.add(
      "{ .reg .b32 %lo; mad.lo.cc.u32 %lo, $1, $2, $3; madc.hi.u32 $0, $1, "
      "$2, 0; }",
      "rrrr", {{{0xffffffff, 0xffffffff, 0xffffffff}, 0xffffffff}});
  batch.run();
}

TEST(Integer, logicAndShifts) {
  Batch batch;
  batch.add("and.b32 $0, $1, $2", "rrr",
            {{{0xff00ff00, 0x0ff00ff0}, 0x0f000f00}});
  batch.add("xor.pred $0, $1, $2", "ppp", {{{1, 1}, 0}, {{1, 0}, 1}});
  batch.add("not.pred $0, $1", "pp", {{{1}, 0}, {{0}, 1}});
  batch.add("cnot.b32 $0, $1", "rr", {{{0}, 1}, {{7}, 0}});
  // all eight rows of a table that is asymmetric in its operands
  batch.add("lop3.b32 $0, $1, $2, $3, 0xCA", "rrrr",
            {{{0xf0, 0xcc, 0xaa}, 0xca}});
  batch.add("lop3.b32 $0, $1, $2, $3, 0x1D", "rrrr",
            {{{0xf0f0f0f0, 0xcccccccc, 0xaaaaaaaa}, 0x1d1d1d1d}});
  batch.add("shl.b32 $0, $1, $2", "rrr",
            {{{1, 31}, 0x80000000}, {{1, 32}, 0}, {{1, 0xffffffff}, 0}});
  batch.add("shr.u32 $0, $1, $2", "rrr",
            {{{0x80000000, 31}, 1}, {{~0u, 32}, 0}});
  batch.add("shr.s32 $0, $1, $2", "rrr",
            {{{0x80000000, 31}, 0xffffffff}, {{0x80000000, 100}, 0xffffffff}});
  batch.add("shr.s64 $0, $1, $2", "ddr",
            {{{uint64_t(1) << 63, 63}, ~uint64_t(0)},
             {{uint64_t(1) << 63, 64}, ~uint64_t(0)}});
  batch.add("shl.b16 $0, $1, $2", "hhr", {{{1, 15}, 0x8000}, {{1, 16}, 0}});
  batch.add("shf.l.wrap.b32 $0, $1, $2, $3", "rrrr",
            {{{0x80000000, 1, 1}, 3}, {{0x80000000, 1, 33}, 3}});
  batch.add("shf.l.clamp.b32 $0, $1, $2, $3", "rrrr",
            {{{0x12345678, 1, 32}, 0x12345678}, {{0x80000000, 1, 1}, 3}});
  batch.add("shf.r.clamp.b32 $0, $1, $2, $3", "rrrr",
            {{{1, 0x12345678, 40}, 0x12345678}, {{0, 1, 1}, 0x80000000}});
  batch.add("shf.r.wrap.b32 $0, $1, $2, $3", "rrrr", {{{5, 7, 32}, 5}});
  batch.run();
}

TEST(Integer, bitFields) {
  Batch batch;
  batch.add("popc.b64 $0, $1", "rd", {{{~uint64_t(0)}, 64}, {{5}, 2}});
  batch.add("clz.b32 $0, $1", "rr", {{{0}, 32}, {{1}, 31}});
  batch.add("clz.b64 $0, $1", "rd", {{{0}, 64}, {{1}, 63}});
  batch.add("brev.b32 $0, $1", "rr", {{{1}, 0x80000000}});
  batch.add("bfind.u32 $0, $1", "rr", {{{0}, 0xffffffff}, {{0x80000000}, 31}});
  batch.add(
      "bfind.s32 $0, $1", "rr",
      {{{0xffffffff}, 0xffffffff}, {{0xfffffffe}, 0}, {{0x40000000}, 30}});
  batch.add("bfind.shiftamt.u32 $0, $1", "rr", {{{1}, 31}, {{0}, 0xffffffff}});
  batch.add("bfe.u32 $0, $1, $2, $3", "rrrr",
            {{{0x12345678, 8, 8}, 0x56},
             {{0x12345678, 0, 32}, 0x12345678},
             {{0x12345678, 28, 8}, 1},
             {{0x12345678, 32, 8}, 0},
             {{0x12345678, 4, 0}, 0}});
  batch.add("bfe.s32 $0, $1, $2, $3", "rrrr",
            {{{0x0000f000, 12, 4}, 0xffffffff},
             {{0x80000000, 28, 8}, 0xfffffff8},
             {{0x80000000, 40, 4}, 0xffffffff},
             {{0x80000000, 31, 0}, 0},
             {{0x00000700, 8, 4}, 7}});
  batch.add("bfe.s64 $0, $1, $2, $3", "ddrr",
            {{{uint64_t(0xf) << 40, 40, 4}, ~uint64_t(0)}});
  batch.add("bfi.b32 $0, $1, $2, $3, $4", "rrrrr",
            {{{0xab, 0xffffffff, 8, 8}, 0xffffabff},
             {{0xab, 0x11111111, 32, 8}, 0x11111111},
             {{0xffffffff, 0, 28, 8}, 0xf0000000},
             {{5, 0x77, 0, 0}, 0x77}});
  batch.add("bfi.b64 $0, $1, $2, $3, $4", "dddrr",
            {{{0xff, 0, 60, 8}, 0xf000000000000000}});
  batch.add("bmsk.clamp.b32 $0, $1, $2", "rrr",
            {{{4, 8}, 0xff0}, {{0, 40}, 0xffffffff}, {{32, 4}, 0}});
  batch.add("bmsk.wrap.b32 $0, $1, $2", "rrr", {{{36, 4}, 0xf0}});
  batch.add("szext.wrap.s32 $0, $1, $2", "rrr", {{{0x0f, 4}, 0xffffffff}});
  batch.add("szext.clamp.u32 $0, $1, $2", "rrr",
            {{{0xffff, 4}, 0xf}, {{0xffffffff, 40}, 0xffffffff}});
  batch.add("fns.b32 $0, $1, $2, $3", "rrrr",
            {{{0xf0, 0, 1}, 4},
             {{0xf0, 0, 4}, 7},
             {{0xf0, 0, 5}, 0xffffffff},
             {{0xf0, 31, u32(-1)}, 7},
             {{0xf0, 5, 0}, 5},
             {{0xf0, 3, 0}, 0xffffffff}});
  batch.add("prmt.b32 $0, $1, $2, $3", "rrrr",
            {{{0x33221100, 0x77665544, 0x3210}, 0x33221100},
             {{0x33221100, 0x77665544, 0x7531}, 0x77553311},
             {{0x00008000, 0, 0x9999}, 0xffffffff},
             {{0x00007f00, 0, 0x9999}, 0}});
  batch.add("prmt.b32.f4e $0, $1, $2, $3", "rrrr",
            {{{0x33221100, 0x77665544, 1}, 0x44332211}});
  batch.add("prmt.b32.b4e $0, $1, $2, $3", "rrrr",
            {{{0x33221100, 0x77665544, 1}, 0x66770011}});
  batch.add("prmt.b32.rc8 $0, $1, $2, $3", "rrrr",
            {{{0x33221100, 0, 2}, 0x22222222}});
  batch.add("prmt.b32.ecl $0, $1, $2, $3", "rrrr",
            {{{0x33221100, 0, 1}, 0x33221111}});
  batch.add("prmt.b32.ecr $0, $1, $2, $3", "rrrr",
            {{{0x33221100, 0, 2}, 0x22221100}});
  batch.add("prmt.b32.rc16 $0, $1, $2, $3", "rrrr",
            {{{0x33221100, 0, 1}, 0x33223322}});
  batch.add("dp4a.s32.s32 $0, $1, $2, $3", "rrrr",
            {{{0xff020304, 0x01010101, 10}, 18}});
  batch.add("dp4a.u32.s32 $0, $1, $2, $3", "rrrr",
            {{{0xff000000, 0xff000000, 0}, u32(-255)}});
  // 0xff is -1 or 255, on either side.
  batch.add("dp4a.s32.u32 $0, $1, $2, $3", "rrrr",
            {{{0xff000000, 0xff000000, 0}, u32(-255)},
             {{0x80ff0102, 0x01ff02ff, 5}, u32(5 - 128 - 255 + 2 + 510)}});
  batch.add("dp4a.u32.u32 $0, $1, $2, $3", "rrrr",
            {{{0xff000000, 0xff000000, 0}, 65025},
             {{0xffffffff, 0xffffffff, 0xfffffff0}, u32(4 * 65025 - 16)}});
  batch.add("dp2a.lo.s32.s32 $0, $1, $2, $3", "rrrr",
            {{{0xffff0002, 0x00000305, 1}, 8}});
  batch.add("dp2a.hi.u32.u32 $0, $1, $2, $3", "rrrr",
            {{{0x00020003, 0x04050000, 0}, 23}});
  batch.run();
}

TEST(Integer, compareSelectMove) {
  Batch batch;
  batch.add("setp.lt.s32 $0, $1, $2", "prr", {{{u32(-1), 0}, 1}, {{0, 0}, 0}});
  batch.add("setp.lo.u32 $0, $1, $2", "prr", {{{u32(-1), 0}, 0}, {{0, 1}, 1}});
  batch.add("setp.ge.and.u32 $0, $1, $2, $3", "prrp",
            {{{5, 5, 1}, 1}, {{5, 5, 0}, 0}});
  batch.add("setp.eq.or.s64 $0, $1, $2, !$3", "pddp", {{{5, 6, 0}, 1}});
  batch.add("setp.eq.xor.b32 $0, $1, $2, $3", "prrp", {{{5, 5, 1}, 0}});
  batch.add("{ .reg .pred %q; setp.lt.s32 %q|$0, $1, $2; }", "prr",
            {{{1, 2}, 0}, {{2, 1}, 1}});
  batch.add("set.gt.u32.s32 $0, $1, $2", "rrr",
            {{{1, 0}, 0xffffffff}, {{0, 0}, 0}});
  batch.add("set.gt.f32.s32 $0, $1, $2", "rrr", {{{1, 0}, f32(1.0f)}});
  batch.add("selp.b64 $0, $1, $2, $3", "dddp",
            {{{1, 2, 1}, 1}, {{1, 2, 0}, 2}});
  batch.add("slct.s32.s32 $0, $1, $2, $3", "rrrr",
            {{{1, 2, 0}, 1}, {{1, 2, u32(-1)}, 2}});
  batch.add("slct.b32.f32 $0, $1, $2, $3", "rrrr",
            {{{1, 2, f32(-0.0f)}, 1}, {{1, 2, 0x7fc00000}, 2}});
  batch.add("mov.b64 $0, {$1, $2}", "drr", {{{1, 2}, 0x200000001}});
  batch.add("{ .reg .b32 %x; mov.b64 {%x, $0}, $1; }", "rd",
            {{{0x500000003}, 5}});
  batch.add("{ .reg .b16 %x; mov.b32 {$0, %x}, $1; }", "hr", {{{0x50003}, 3}});
  batch.run();
}

} // namespace
