//===- ProgramTest.cpp - From scheduled kernels to running programs -------===//

#include "dlc/Target/Host/Program.h"
#include "dlc/Pipelines/Pipelines.h"

#include "mlir/Parser/Parser.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "gtest/gtest.h"

#include <cstdlib>

using namespace dlc;
using namespace dlc::target;

namespace {

// y = relu(x + w) + x, in two kernels, and the number of positive elements.
constexpr const char *kModel = R"mlir(
module attributes {dlc.source = "test.onnx"} {
  dispatch.kernel @relu(%a: memref<4x6xf32>, %w: memref<6xf32>, %o: memref<4x6xf32>) attributes {num_outs = 1 : i64} {
    %f0 = arith.constant 0.0 : f32
    scf.forall (%i, %j) in (4, 6) {
      %0 = memref.load %a[%i, %j] : memref<4x6xf32>
      %1 = memref.load %w[%j] : memref<6xf32>
      %2 = arith.addf %0, %1 : f32
      %3 = arith.maximumf %2, %f0 : f32
      memref.store %3, %o[%i, %j] : memref<4x6xf32>
    }
    dispatch.return
  }
  dispatch.kernel @add(%a: memref<4x6xf32>, %b: memref<4x6xf32>, %o: memref<4x6xf32>) attributes {num_outs = 1 : i64, inplace = [[0, 0]]} {
    scf.forall (%i, %j) in (4, 6) {
      %0 = memref.load %a[%i, %j] : memref<4x6xf32>
      %1 = memref.load %b[%i, %j] : memref<4x6xf32>
      %2 = arith.addf %0, %1 : f32
      memref.store %2, %o[%i, %j] : memref<4x6xf32>
    }
    dispatch.return
  }
  dispatch.kernel @sign(%a: memref<4x6xf32>, %o: memref<4x6xi8>) attributes {num_outs = 1 : i64} {
    %f0 = arith.constant 0.0 : f32
    scf.forall (%i, %j) in (4, 6) {
      %0 = memref.load %a[%i, %j] : memref<4x6xf32>
      %1 = arith.cmpf ogt, %0, %f0 : f32
      %2 = arith.extui %1 : i1 to i8
      memref.store %2, %o[%i, %j] : memref<4x6xi8>
    }
    dispatch.return
  }
  func.func @main(%x: tensor<4x6xf32> {dlc.name = "x"}) -> (tensor<4x6xf32> {dlc.name = "y/0"}, tensor<4x6xi8> {dlc.name = "sign", dlc.type = i1}) {
    %w = arith.constant dense<[1.0, -1.0, 2.0, -2.0, 0.5, 0.0]> : tensor<6xf32>
    %e = tensor.empty() : tensor<4x6xf32>
    %s = tensor.empty() : tensor<4x6xi8>
    %0 = dispatch.launch @relu ins(%x, %w : tensor<4x6xf32>, tensor<6xf32>) outs(%e : tensor<4x6xf32>) -> tensor<4x6xf32>
    %1 = dispatch.launch @add ins(%0, %x : tensor<4x6xf32>, tensor<4x6xf32>) outs(%e : tensor<4x6xf32>) -> tensor<4x6xf32>
    %2 = dispatch.launch @sign ins(%1 : tensor<4x6xf32>) outs(%s : tensor<4x6xi8>) -> tensor<4x6xi8>
    return %1, %2 : tensor<4x6xf32>, tensor<4x6xi8>
  }
}
)mlir";

class ProgramTest : public ::testing::Test {
protected:
  void SetUp() override {
    mlir::DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("dlc-test", folder));
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::string path(const llvm::Twine &name) {
    llvm::SmallString<128> result(folder);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }

  mlir::OwningOpRef<mlir::ModuleOp> lower() {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(kModel, &context);
    EXPECT_TRUE(module);
    mlir::PassManager pm(&context);
    PhaseOptions options;
    for (const Phase &phase : getPhases())
      if (phase.from >= Level::Scheduled)
        buildPhase(pm, phase, options);
    EXPECT_TRUE(mlir::succeeded(pm.run(*module)));
    return module;
  }

  HostCpu cpu(llvm::StringRef spec) {
    auto result = resolveHostCpu(spec);
    EXPECT_TRUE(bool(result));
    return result ? *result : HostCpu();
  }

  /// Makes the program and returns what went wrong.
  std::string emit(ProgramKind kind, const std::string &output,
                   std::vector<std::string> cpus = {"x86-64-v3"}) {
    std::vector<mlir::OwningOpRef<mlir::ModuleOp>> modules;
    std::vector<ProgramVariant> variants;
    for (const std::string &spec : cpus) {
      modules.push_back(lower());
      variants.push_back({*modules.back(), cpu(spec)});
    }
    ProgramOptions options;
    options.kind = kind;
    options.output = output;
    options.modelName = "test";
    options.compiler = "dlc test";
    options.largeFrom = largeFrom;
    auto result = emitProgram(variants, options);
    if (!result)
      return llvm::toString(result.takeError());
    report = *result;
    return "";
  }

  /// Runs a command in the shell, returns its output and sets `status`.
  std::string run(const std::string &command) {
    std::string log = path("log");
    status = std::system(
        ("cd " + folder.str().str() + " && (" + command + ") > log 2>&1")
            .c_str());
    auto buffer = llvm::MemoryBuffer::getFile(log);
    return buffer ? (*buffer)->getBuffer().str() : "no log";
  }

  std::string contents(const llvm::Twine &name) {
    auto buffer = llvm::MemoryBuffer::getFile(path(name));
    return buffer ? (*buffer)->getBuffer().str() : "no file " + name.str();
  }

  /// Writes x.npy: -11.5, -10.5, … 11.5.
  void writeInput() {
    std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': "
                         "(4, 6), }";
    header.resize(117, ' ');
    header += '\n';
    std::string bytes("\x93NUMPY\x01\x00", 8);
    bytes += char(header.size());
    bytes += '\0';
    bytes += header;
    for (int i = 0; i < 24; ++i) {
      float value = float(i) - 11.5f;
      bytes.append(reinterpret_cast<const char *>(&value), 4);
    }
    std::error_code code;
    llvm::raw_fd_ostream(path("x.npy"), code) << bytes;
  }

  static float expected(int i) {
    const float w[] = {1.0f, -1.0f, 2.0f, -2.0f, 0.5f, 0.0f};
    float x = float(i) - 11.5f;
    return std::max(x + w[i % 6], 0.0f) + x;
  }

  void expectOutputs(const std::string &y, const std::string &sign) {
    ASSERT_EQ(y.size(), 128u + 96);
    ASSERT_EQ(sign.size(), 128u + 24);
    EXPECT_NE(sign.find("'|b1'"), std::string::npos);
    for (int i = 0; i < 24; ++i) {
      float value;
      std::memcpy(&value, y.data() + 128 + 4 * i, 4);
      EXPECT_EQ(value, expected(i)) << i;
      EXPECT_EQ(sign[128 + i], expected(i) > 0 ? 1 : 0) << i;
    }
  }

  mlir::MLIRContext context;
  llvm::SmallString<128> folder;
  ProgramReport report;
  uint64_t largeFrom = kLargeSection;
  int status = 0;
};

TEST_F(ProgramTest, ExecutableComputes) {
  ASSERT_EQ(emit(ProgramKind::Executable, path("model")), "");
  EXPECT_EQ(report.weightsBytes, 24u);
  EXPECT_LT(report.fileBytes, uint64_t(200000));
  writeInput();
  for (const char *threads : {"1", "2", "7"}) {
    std::string log =
        run(std::string("./model x=x.npy -o out --threads=") + threads);
    ASSERT_EQ(status, 0) << log;
    expectOutputs(contents("out/y_0.npy"), contents("out/sign.npy"));
  }
  std::string info = run("./model --info --json");
  EXPECT_EQ(status, 0);
  EXPECT_NE(info.find("\"name\": \"y/0\""), std::string::npos) << info;
  EXPECT_NE(info.find(report.buildId), std::string::npos) << info;
  std::string bench = run("./model --benchmark=0.05 --json");
  EXPECT_EQ(status, 0);
  EXPECT_NE(bench.find("\"median_ms\": "), std::string::npos) << bench;
  // Nothing else is left beside the program.
  EXPECT_EQ(run("ls -A"), "log\nmodel\nout\nx.npy\n");
}

TEST_F(ProgramTest, SameInputSameBytes) {
  ASSERT_EQ(emit(ProgramKind::Executable, path("a")), "");
  std::string id = report.buildId;
  ASSERT_EQ(emit(ProgramKind::Executable, path("b")), "");
  EXPECT_EQ(id, report.buildId);
  EXPECT_EQ(contents("a"), contents("b"));
  ASSERT_EQ(emit(ProgramKind::Executable, path("c"), {"x86-64-v2"}), "");
  EXPECT_NE(id, report.buildId);
}

TEST_F(ProgramTest, SeveralCpusInOneProgram) {
  ASSERT_EQ(emit(ProgramKind::Executable, path("model"),
                 {"x86-64", "x86-64-v4", "x86-64-v2"}),
            "");
  // The order given does not matter: the best one that runs here is taken.
  std::string info = run("./model --info");
  if (__builtin_cpu_supports("x86-64-v4"))
    EXPECT_NE(info.find("host x86-64-v4\n"), std::string::npos) << info;
  else
    EXPECT_NE(info.find("host x86-64-v2\n"), std::string::npos) << info;
  writeInput();
  std::string log = run("./model x.npy -o out");
  ASSERT_EQ(status, 0) << log;
  expectOutputs(contents("out/y_0.npy"), contents("out/sign.npy"));
}

// More than 2 GiB of weights work in the same way.
TEST_F(ProgramTest, LargeWeightsBeginAtAPage) {
  largeFrom = 1;
  for (const char *linker : {"cc", "ld.lld"}) {
    if (!llvm::sys::findProgramByName(linker))
      continue;
    setenv("DLC_LINKER", linker, 1);
    std::string error = emit(ProgramKind::Executable, path("model"));
    std::string libraryError = emit(ProgramKind::Library, path("lib"));
    unsetenv("DLC_LINKER");
    ASSERT_EQ(error + libraryError, "");
    writeInput();
    std::string log = run("./model x.npy -o out");
    ASSERT_EQ(status, 0) << log;
    expectOutputs(contents("out/y_0.npy"), contents("out/sign.npy"));
    for (const char *file : {"model", "liblib.so"})
      EXPECT_EQ(run(std::string("readelf -SW ") + file +
                    " | grep -c 'lrodata[^ ]* *PROGBITS *[0-9a-f]*000 '"),
                "1\n")
          << linker << " " << file << "\n"
          << run(std::string("readelf -SW ") + file + " | grep lrodata");
  }
}

TEST_F(ProgramTest, LibraryComputes) {
  ASSERT_EQ(emit(ProgramKind::Library, path("my-model")), "");
  ASSERT_EQ(report.files.size(), 3u);
  std::error_code code;
  llvm::raw_fd_ostream(path("use.c"), code) << R"c(
#include "my_model.h"
#include <stdio.h>
#include <string.h>
static _Alignas(64) float x[24], y[24];
static _Alignas(64) char sign[64], arena[MY_MODEL_ARENA_BYTES + 64];
int main(void) {
  if (my_model_check(MY_MODEL_ABI_VERSION, MY_MODEL_BUILD_ID) != DLC_OK) return 1;
  if (my_model_check(MY_MODEL_ABI_VERSION + 1, MY_MODEL_BUILD_ID) != DLC_ERROR_ABI) return 2;
  if (my_model_check(MY_MODEL_ABI_VERSION, "0") != DLC_ERROR_ABI) return 3;
  const void *inputs[] = {x};
  void *outputs[] = {y, sign};
  _Static_assert(MY_MODEL_NUM_INPUTS == 1 && MY_MODEL_NUM_OUTPUTS == 2, "");
  _Static_assert(MY_MODEL_OUTPUT0_BYTES == sizeof(y), "");
  static const int64_t shape[] = MY_MODEL_INPUT0_SHAPE;
  const dlc_model *model = my_model_descriptor();
  if (memcmp(shape, model->inputs[0].shape, sizeof(shape)) || strcmp(model->outputs[0].name, MY_MODEL_OUTPUT0_NAME)) return 4;
  for (int i = 0; i < 24; ++i) x[i] = (float)i - 11.5f;
  if (my_model_run(inputs, outputs, arena) != DLC_OK) return 5;
  if (my_model_run(inputs, outputs, arena + 1) != DLC_ERROR_ALIGNMENT) return 6;
  outputs[1] = 0;
  if (my_model_run(inputs, outputs, arena) != DLC_ERROR_NULL) return 7;
  for (int i = 0; i < 24; ++i) {
    const float w[] = {1.0f, -1.0f, 2.0f, -2.0f, 0.5f, 0.0f};
    float sum = x[i] + w[i % 6];
    if (y[i] != (sum > 0 ? sum : 0) + x[i] || sign[i] != (y[i] > 0)) return 8;
  }
  puts("ok");
  return 0;
}
)c";
  for (const char *link : {"libmy_model.a", "./libmy_model.so -Wl,-rpath,."}) {
    std::string log =
        run(std::string("cc -Wall -Werror use.c -o use ") + link + " && ./use");
    EXPECT_EQ(status, 0) << log;
    EXPECT_EQ(log, "ok\n");
  }
  EXPECT_EQ(run("nm -D --defined-only libmy_model.so | cut -d' ' -f3"),
            "my_model_check\nmy_model_descriptor\nmy_model_run\n"
            "my_model_run_parallel\n");
  // C++ takes the header as well.
  std::string log = run("c++ -Wall -Werror -fsyntax-only -x c++ my_model.h");
  EXPECT_EQ(status, 0) << log;
}

TEST_F(ProgramTest, ObjectHasNoRuntime) {
  ASSERT_EQ(emit(ProgramKind::Object, path("model.o")), "");
  EXPECT_NE(run("nm model.o").find("dlc_model_descriptor"), std::string::npos);
}

TEST_F(ProgramTest, LldWithoutCompilerDriver) {
  if (!llvm::sys::findProgramByName("ld.lld"))
    GTEST_SKIP() << "no ld.lld";
  setenv("DLC_LINKER", "ld.lld", 1);
  std::string error = emit(ProgramKind::Executable, path("model"));
  unsetenv("DLC_LINKER");
  ASSERT_EQ(error, "");
  writeInput();
  std::string log = run("./model x.npy -o out");
  ASSERT_EQ(status, 0) << log;
  expectOutputs(contents("out/y_0.npy"), contents("out/sign.npy"));
}

TEST_F(ProgramTest, FailuresLeaveNothing) {
  EXPECT_NE(emit(ProgramKind::Executable, path("no/folder/model"))
                .find("cannot write"),
            std::string::npos);
  setenv("DLC_LINKER", "no-such-linker", 1);
  EXPECT_EQ(emit(ProgramKind::Executable, path("model")),
            "DLC_LINKER names 'no-such-linker', which is no program");
  setenv("DLC_LINKER", "false", 1);
  EXPECT_NE(emit(ProgramKind::Executable, path("model")).find("failed"),
            std::string::npos);
  unsetenv("DLC_LINKER");
  std::string oldPath = std::getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  std::string error = emit(ProgramKind::Executable, path("model"));
  setenv("PATH", oldPath.c_str(), 1);
  EXPECT_EQ(error.substr(0, 15), "no linker found");
  EXPECT_EQ(run("ls -A"), "log\n");
}

TEST(HostCpuTest, Specs) {
  auto v3 = resolveHostCpu("x86-64-v3");
  ASSERT_TRUE(bool(v3));
  EXPECT_TRUE(v3->has("avx2") && v3->has("fma") && !v3->has("avx512f"));
  auto v4 = resolveHostCpu("x86-64-v4");
  ASSERT_TRUE(bool(v4));
  EXPECT_TRUE(v4->has("avx512f") && v4->has("avx512vl"));
  EXPECT_FALSE(v4->has("avx512vnni"));
  auto native = resolveHostCpu("native");
  ASSERT_TRUE(bool(native));
  auto more = resolveHostCpu("x86-64-v3+avx512bf16+amx-int8");
  ASSERT_TRUE(bool(more));
  EXPECT_EQ(more->name, "x86-64-v3+avx512bf16+amx-int8");
  EXPECT_EQ(more->tune, "x86-64-v3");
  for (const char *feature : {"fma", "avx512bf16", "amx-int8"})
    EXPECT_TRUE(more->has(feature)) << feature;
  // what these imply
  for (const char *feature : {"avx512f", "avx512bw", "amx-tile"})
    EXPECT_TRUE(more->has(feature)) << feature;
  EXPECT_FALSE(more->has("amx-bf16"));
  auto unknown = resolveHostCpu("x86-64-v3+avx9");
  EXPECT_NE(llvm::toString(unknown.takeError()).find("unknown feature 'avx9'"),
            std::string::npos);
  auto bad = resolveHostCpu("pentium-9");
  EXPECT_FALSE(bool(bad));
  EXPECT_NE(llvm::toString(bad.takeError()).find("unknown CPU 'pentium-9'"),
            std::string::npos);
}

} // namespace
