//===- ToolkitTest.cpp - Architectures and the assembler's output ---------===//

#include "dlc/Target/CUDA/Toolkit.h"
#include "dlc/Target/CUDA/CudaArch.h"

#include "gtest/gtest.h"

using namespace dlc::target;

namespace {

std::string resolve(std::vector<std::string> names) {
  auto archs = resolveCudaArchs(names);
  if (!archs)
    return llvm::toString(archs.takeError());
  std::string text;
  for (const CudaArch &arch : *archs)
    text += (text.empty() ? "" : " ") + arch.getName();
  return text;
}

TEST(CudaArchTest, Names) {
  EXPECT_EQ(resolve({}), "sm_80 sm_90");
  EXPECT_EQ(resolve({"sm_90a", "compute_80", "sm_80", "sm_90a"}),
            "sm_80 compute_80 sm_90a");
  for (const char *bad :
       {"", "80", "sm_", "sm_9x", "sm80", "compute_a", "sm_-1"})
    EXPECT_NE(resolve({bad}).find(" is no architecture"), std::string::npos)
        << bad << ": " << resolve({bad});
  EXPECT_NE(resolve({"sm_35"}).find("'sm_35': no code can be made"),
            std::string::npos);
}

using Range = std::pair<uint32_t, uint32_t>;

TEST(CudaArchTest, WhereCodeRuns) {
  CudaArch ampere{80}, hopper{90, 'a'}, family{100, 'f'}, ada{89};
  EXPECT_EQ(ampere.getCubinRange(), Range(80, 89));
  EXPECT_EQ(ada.getCubinRange(), Range(89, 89));
  EXPECT_EQ(hopper.getCubinRange(), Range(90, 90));
  EXPECT_EQ(family.getCubinRange(), Range(100, 109));
  EXPECT_EQ(ampere.getPtxRange(), Range(80, UINT32_MAX));
  EXPECT_EQ(hopper.getPtxRange(), Range(90, 90));
}

TEST(ToolkitTest, KernelUsage) {
  auto usage = parseKernelUsage(
      R"(ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'gemm$1' for 'sm_80'
ptxas info    : Function properties for gemm$1
    48 bytes stack frame, 12 bytes spill stores, 16 bytes spill loads
ptxas info    : Used 255 registers, used 1 barriers, 48 bytes cumulative stack size, 16384 bytes smem, 376 bytes cmem[0]
ptxas info    : Compile time = 34.700 ms
ptxas info    : Compiling entry function 'k' for 'sm_80'
ptxas info    : Function properties for k
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 8 registers, used 0 barriers
)");
  ASSERT_EQ(usage.size(), 2u);
  const KernelUsage &gemm = usage["gemm$1"], &plain = usage["k"];
  EXPECT_EQ(gemm.registers, 255u);
  EXPECT_EQ(gemm.sharedBytes, 16384u);
  EXPECT_EQ(gemm.stackBytes, 48u);
  EXPECT_EQ(gemm.spillStores, 12u);
  EXPECT_EQ(gemm.spillLoads, 16u);
  EXPECT_EQ(plain.registers, 8u);
  EXPECT_EQ(plain.sharedBytes, 0u);
  EXPECT_TRUE(parseKernelUsage("").empty());
  EXPECT_TRUE(parseKernelUsage("Compiling entry function 'x").size() <= 1);
}

} // namespace
