//===- LaunchTableTest.cpp - The graph function as a table ----------------===//

#include "dlc/Target/CUDA/LaunchTable.h"
#include "dlc/Pipelines/Pipelines.h"

#include "mlir/Parser/Parser.h"
#include "gtest/gtest.h"

#include <random>

using namespace dlc;
using namespace dlc::target;

namespace {

constexpr const char *kHead = R"mlir(
module attributes {gpu.container_module} {
  arena.layout @arena {alignment = 64 : i64, lower_bound = 192 : i64, size = 192 : i64} {
    arena.slot @a {first = 0 : i64, last = 1 : i64, offset = 0 : i64, size = 64 : i64}
    arena.slot @b {first = 0 : i64, last = 1 : i64, offset = 64 : i64, size = 128 : i64}
  }
  arena.constant_pool @weights {alignment = 4096 : i64, size = 128 : i64} {
    arena.constant @w {offset = 64 : i64, value = dense<1.0> : tensor<16xf32>}
  }
  gpu.module @dlc_kernels {
    llvm.func @one(%a: !llvm.ptr {llvm.readonly}, %b: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
      llvm.return
    }
    llvm.func @two(%a: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
      llvm.return
    }
  }
  func.func @main(%x: memref<4x4xi8> {dlc.name = "x", dlc.type = i1}, %y: memref<16xf32> {dlc.output, dlc.name = "y"},
                  %u: memref<2xf16>, %z: memref<4x4xf32> {dlc.output}) {
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %c5 = arith.constant 5 : index
    %c64 = arith.constant 64 : index
    %shared = arith.constant 50000 : i32
    %less = arith.constant 100 : i32
)mlir";
constexpr const char *kTail = "    return\n  }\n}\n";

class LaunchTableTest : public ::testing::Test {
protected:
  void SetUp() override {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  /// Makes the table of a graph with this body; returns what went wrong.
  std::string make(const std::string &body) {
    module =
        mlir::parseSourceString<mlir::ModuleOp>(kHead + body + kTail, &context);
    if (!module)
      return "no module";
    mlir::func::FuncOp graph = *module->getOps<mlir::func::FuncOp>().begin();
    info = ModelInfo::Specialisation();
    device = DeviceInfo();
    if (llvm::Error error = readSignature(graph, info))
      return llvm::toString(std::move(error));
    if (llvm::Error error = makeLaunchTable(graph, device, info))
      return llvm::toString(std::move(error));
    return "";
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  ModelInfo::Specialisation info;
  DeviceInfo device;
};

TEST_F(LaunchTableTest, AddressesAndSizes) {
  ASSERT_EQ(make(R"mlir(
    %w = arena.constant_view @weights::@w : memref<16xf32>
    %a = arena.view @arena::@a : memref<16xf32>
    %b = arena.view @arena::@b : memref<4x4xf32>
    %flat = memref.collapse_shape %b [[0, 1]] : memref<4x4xf32> into memref<16xf32>
    gpu.launch_func @dlc_kernels::@two blocks in (%c5, %c3, %c2) threads in (%c64, %c2, %c1)
        dynamic_shared_memory_size %less args(%flat : memref<16xf32>)
    gpu.launch_func @dlc_kernels::@one blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
        args(%w : memref<16xf32>, %z : memref<4x4xf32>)
    memref.copy %a, %y : memref<16xf32> to memref<16xf32>
    gpu.launch_func @dlc_kernels::@two blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
        dynamic_shared_memory_size %shared args(%u : memref<2xf16>)
)mlir"),
            "");
  // Kernels are numbered in the order of their first launch.
  ASSERT_EQ(device.kernels.size(), 2u);
  EXPECT_EQ(device.kernels[0].name, "two");
  EXPECT_EQ(device.kernels[0].sharedBytes, 50000u);
  EXPECT_EQ(device.kernels[1].name, "one");
  EXPECT_EQ(device.kernels[1].sharedBytes, 0u);

  ASSERT_EQ(info.steps.size(), 4u);
  const DeviceInfo::Step &first = info.steps[0];
  EXPECT_EQ(first.kernel, 0);
  EXPECT_EQ(first.grid, (std::array<uint32_t, 3>{5, 3, 2}));
  EXPECT_EQ(first.block, (std::array<uint32_t, 3>{64, 2, 1}));
  EXPECT_EQ(first.sharedBytes, 100u);
  ASSERT_EQ(first.args.size(), 1u);
  EXPECT_EQ(first.args[0].space, DLC_SPACE_ARENA);
  EXPECT_EQ(first.args[0].offset, 64u);

  const DeviceInfo::Step &second = info.steps[1];
  ASSERT_EQ(second.args.size(), 2u);
  EXPECT_EQ(second.args[0].space, DLC_SPACE_WEIGHTS);
  EXPECT_EQ(second.args[0].offset, 64u);
  EXPECT_EQ(second.args[1].space, DLC_SPACE_OUTPUT);
  EXPECT_EQ(second.args[1].index, 1u);

  // A copy: where to, where from.
  const DeviceInfo::Step &copy = info.steps[2];
  EXPECT_EQ(copy.kernel, -1);
  EXPECT_EQ(copy.copyBytes, 64u);
  ASSERT_EQ(copy.args.size(), 2u);
  EXPECT_EQ(copy.args[0].space, DLC_SPACE_OUTPUT);
  EXPECT_EQ(copy.args[0].index, 0u);
  EXPECT_EQ(copy.args[1].space, DLC_SPACE_ARENA);
  EXPECT_EQ(copy.args[1].offset, 0u);

  // Inputs are numbered without the outputs between them.
  EXPECT_EQ(info.steps[3].args[0].space, DLC_SPACE_INPUT);
  EXPECT_EQ(info.steps[3].args[0].index, 1u);
}

TEST_F(LaunchTableTest, WhoWaitsForWhom) {
  ASSERT_EQ(make(R"mlir(
    %a = arena.view @arena::@a : memref<16xf32>
    %b = arena.view @arena::@b : memref<4x4xf32>
    gpu.launch_func @dlc_kernels::@two blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%a : memref<16xf32>)
    gpu.launch_func @dlc_kernels::@two blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%b : memref<4x4xf32>)
    gpu.launch_func @dlc_kernels::@one blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
        args(%a : memref<16xf32>, %z : memref<4x4xf32>)
    gpu.launch_func @dlc_kernels::@one blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1)
        args(%a : memref<16xf32>, %b : memref<4x4xf32>)
    %flat = memref.collapse_shape %b [[0, 1]] : memref<4x4xf32> into memref<16xf32>
    memref.copy %flat, %y : memref<16xf32> to memref<16xf32>
)mlir"),
            "");
  ASSERT_EQ(info.steps.size(), 5u);
  using Numbers = std::vector<uint32_t>;
  EXPECT_EQ(info.steps[0].after, Numbers());
  EXPECT_EQ(info.steps[1].after, Numbers());
  // Two that read the same need not wait for each other.
  EXPECT_EQ(info.steps[2].after, Numbers({0}));
  EXPECT_EQ(info.steps[3].after, Numbers({1, 0}));
  // What the step before waits for is done, too.
  EXPECT_EQ(info.steps[4].after, Numbers({3}));
}

TEST(StepOrderTest, RandomSteps) {
  std::mt19937 random(7);
  auto below = [&](unsigned limit) { return random() % limit; };
  for (int round = 0; round < 50; ++round) {
    std::vector<DeviceInfo::Step> steps(1 + below(30));
    for (DeviceInfo::Step &step : steps)
      for (unsigned i = 0, e = 1 + below(3); i < e; ++i)
        step.args.push_back({below(4) ? DLC_SPACE_ARENA : DLC_SPACE_OUTPUT, 0,
                             below(20), 1 + below(4), below(2) == 0});
    orderSteps(steps);
    size_t count = steps.size();
    auto conflict = [&](size_t i, size_t j) {
      for (const DeviceInfo::Address &a : steps[i].args)
        for (const DeviceInfo::Address &b : steps[j].args)
          for (uint64_t at = a.offset; at < a.offset + a.size; ++at)
            if (a.space == b.space && (a.isWritten || b.isWritten) &&
                at >= b.offset && at < b.offset + b.size)
              return true;
      return false;
    };
    // Whether `from` is done when `to` begins, also without one edge.
    auto isDone = [&](size_t from, size_t to, size_t without) {
      std::vector<bool> reached(count);
      reached[from] = true;
      for (size_t i = from + 1; i <= to; ++i)
        for (uint32_t earlier : steps[i].after)
          if (reached[earlier] &&
              !(i == to && earlier == from && without == from))
            reached[i] = true;
      return bool(reached[to]);
    };
    for (size_t to = 0; to < count; ++to) {
      for (size_t from = 0; from < to; ++from)
        if (conflict(from, to))
          EXPECT_TRUE(isDone(from, to, count));
      for (uint32_t from : steps[to].after) {
        ASSERT_LT(from, to);
        EXPECT_TRUE(conflict(from, to));
        EXPECT_FALSE(isDone(from, to, from)) << "an edge too many";
      }
    }
  }
}

TEST_F(LaunchTableTest, Signature) {
  ASSERT_EQ(make(""), "");
  ASSERT_EQ(info.inputs.size(), 2u);
  EXPECT_EQ(info.inputs[0].name, "x");
  EXPECT_EQ(info.inputs[0].dtype, uint32_t(DLC_DTYPE_BOOL));
  EXPECT_EQ(info.inputs[0].bytes, 16u);
  EXPECT_EQ(info.inputs[1].name, "input1");
  EXPECT_EQ(info.inputs[1].dtype, uint32_t(DLC_DTYPE_F16));
  ASSERT_EQ(info.outputs.size(), 2u);
  EXPECT_EQ(info.outputs[0].name, "y");
  EXPECT_EQ(info.outputs[1].name, "output1");
  EXPECT_EQ(info.outputs[1].bytes, 64u);
}

TEST_F(LaunchTableTest, WhatIsNoTable) {
  EXPECT_EQ(make("%m = memref.alloc() : memref<4xf32>"),
            "-:27:6: 'memref.alloc' has no place in a launch table");
  EXPECT_EQ(make(R"mlir(
    %n = arith.constant -1 : index
    gpu.launch_func @dlc_kernels::@two blocks in (%n, %c1, %c1) threads in (%c1, %c1, %c1) args(%y : memref<16xf32>)
)mlir"),
            "-:29:5: 'gpu.launch_func' has a size above 2^31");
  std::string many = "gpu.launch_func @dlc_kernels::@two blocks in (%c1, %c1, "
                     "%c1) threads in (%c1, %c1, %c1) args(%y : memref<16xf32>";
  for (int i = 0; i < 512; ++i)
    many += ", %y : memref<16xf32>";
  EXPECT_EQ(
      make(many + ")"),
      "-:27:1: 'gpu.launch_func' has 513 operands, a kernel can have 512");
}

} // namespace
