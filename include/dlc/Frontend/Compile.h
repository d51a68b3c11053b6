//===- Compile.h - Compiling, and models in this process --------*- C++ -*-===//

#ifndef DLC_FRONTEND_COMPILE_H
#define DLC_FRONTEND_COMPILE_H

#include "dlc/Frontend/Array.h"

#include <functional>
#include <optional>

namespace dlc {

/// What the command line of `dlc` says.
struct CompileOptions {
  /// "host" or "cuda".
  std::string target = "host";
  /// --cpu (host): "native", "x86-64-v3" …; empty: this machine.
  std::string cpu;
  /// --arch (cuda): "sm_90", "native" …; empty: dlc's default.
  std::string arch;
  /// --precision: f32, f16, bf16 or (cuda) tf32; empty: f32.
  std::string precision;
  /// --memory-budget: the most bytes that the arena may take.
  std::optional<int64_t> memoryBudget;
  /// For ONNX models: values of symbolic dimensions, shapes of inputs.
  std::map<std::string, int64_t> dims;
  std::map<std::string, Ints> shapes;
  /// Further arguments of `dlc`, as they are.
  std::vector<std::string> arguments;
  /// Asked about every 20 ms while compiling: true ends it with Interrupted.
  std::function<bool()> interrupted;
};

/// Compiles in a process of its own: the program `dlc`, found beside this
/// library, or named by DLC_COMPILER in the environment. `input` is an ONNX
/// model or MLIR.
DLC_API void compileProgram(const std::string &input, const std::string &path,
                            const CompileOptions &options = {});
DLC_API void compileLibrary(const std::string &input, const std::string &path,
                            const CompileOptions &options = {});

/// An input or output of a model.
struct TensorInfo {
  std::string name;
  DType dtype;
  Ints shape;
  /// Dimensions of which `shape` has the largest size: arrays may have less.
  Ints bounded = {};
};

/// The latencies of a number of runs, in milliseconds.
struct BenchmarkResult {
  double minMs = 0, medianMs = 0, p99Ms = 0;
  size_t runs = 0;
};

/// A compiled model in this process: a library made by `dlc`, called through
/// its C ABI. Copies are the same model. Runs may be made from several threads;
/// each has an arena of its own, which is kept for the next one.
class DLC_API Model {
public:
  Model() = default;
  /// Loads lib<name>.so, which `dlc --emit=lib` has made.
  static Model load(const std::string &library);

  const std::string &name() const;
  /// "host" or "cuda".
  const std::string &target() const;
  const std::vector<TensorInfo> &inputs() const;
  const std::vector<TensorInfo> &outputs() const;
  /// Bytes of the arena, of the weights, and the bytes that no plan can save.
  size_t arenaBytes() const;
  /// Random numbers of the model are a function of a seed (0 at first; its low
  /// 32 bits) and of how many runs there were since it was set.
  void setSeed(int64_t seed) const;
  size_t weightsBytes() const;
  size_t lowerBound() const;

  /// One inference on arrays in host memory, in the order of inputs().
  std::vector<Array> operator()(const std::vector<Array> &inputs) const;
  /// One inference on memory of the caller, aligned to 64 bytes and of the
  /// sizes that inputs() and outputs() say. (Models with bounded dimensions
  /// have to be called on arrays; that holds for runOnDevice, too.)
  void run(const void *const *inputs, void *const *outputs) const;
  /// The same on memory of the GPU (target cuda), aligned to 256 bytes. Returns
  /// when the work is in `stream` (a CUstream; nullptr: the legacy stream).
  void runOnDevice(const void *const *inputs, void *const *outputs,
                   void *stream) const;

  /// Runs again and again for so many seconds, and at least once.
  BenchmarkResult benchmark(double seconds = 1) const;

  /// Runs a few times and writes what ran when as a Chrome trace, for
  /// ui.perfetto.dev or chrome://tracing: each launch with its time, shapes,
  /// operations and bytes, and on the host the threads that worked on it. On a
  /// GPU kernels are launched one by one.
  void profile(const std::string &path) const;

  struct Impl;

private:
  std::shared_ptr<Impl> impl;
};

/// Compiles a model file and loads it.
DLC_API Model compileModel(const std::string &input,
                           const CompileOptions &options = {});
/// The number of threads that runs on the host share, from now on; 0: all CPUs.
DLC_API void setThreads(int threads);

} // namespace dlc

#endif // DLC_FRONTEND_COMPILE_H
