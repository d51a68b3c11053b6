//===- Simulation.h - Runs PTX in tests ------------------------*- C++ -*-===//

#ifndef DLC_TEST_UNIT_PTXSIM_SIMULATION_H
#define DLC_TEST_UNIT_PTXSIM_SIMULATION_H

#include "dlc/PTXSim/Engine.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <cstdlib>
#include <cstring>
#include <deque>
#include <vector>

namespace dlc::ptxsim::test {

/// The text of a file in Inputs.
inline std::string input(const char *name) {
  auto file =
      llvm::MemoryBuffer::getFile(std::string(PTXSIM_INPUTS "/") + name);
  EXPECT_TRUE(bool(file)) << name;
  return file ? (*file)->getBuffer().str() : "";
}

/// Global memory, a module and the faults of its launches.
class Simulation : public MemoryOracle, public Reporter {
public:
  explicit Simulation(llvm::StringRef ptx, Options options = {},
                      DeviceConfig device = DeviceConfig::sm80()) {
    // what is chosen for kernels as small as these is quick code; all tests
    // run once more with good code (Integration/sim/good-code.test)
    if (options.code == CodeKind::Chosen &&
        std::getenv("PTXSIM_TEST_GOOD_CODE"))
      options.code = CodeKind::Good;
    auto created = Module::create(ptx, device, options);
    if (!created) {
      loadError = llvm::toString(created.takeError());
      return;
    }
    module = std::move(*created);
  }

  /// A device buffer of `count` elements, not written yet.
  template <typename T>
  T *allocate(size_t count) {
    Buffer &buffer = buffers.emplace_back();
    buffer.bytes.reset(static_cast<uint8_t *>(
        std::aligned_alloc(256, llvm::alignTo(count * sizeof(T) + 1, 256))));
    buffer.shadow.resize(Allocation::shadowWords(count * sizeof(T)) + 1);
    buffer.allocation.begin = reinterpret_cast<uint64_t>(buffer.bytes.get());
    buffer.allocation.bytes = count * sizeof(T);
    buffer.allocation.written = buffer.shadow.data();
    return reinterpret_cast<T *>(buffer.bytes.get());
  }

  template <typename T>
  T *upload(const std::vector<T> &values) {
    T *data = allocate<T>(values.size());
    std::memcpy(data, values.data(), values.size() * sizeof(T));
    buffers.back().allocation.markWritten(reinterpret_cast<uint64_t>(data),
                                          values.size() * sizeof(T));
    return data;
  }

  /// Runs a kernel; "" or the message of the error.
  template <typename... Args>
  std::string run(llvm::StringRef kernel, Dim3 grid, Dim3 block,
                  uint32_t dynamicShared, Args... args) {
    if (!module)
      return loadError;
    Function *function = module->findFunction(kernel);
    if (!function)
      return "no such kernel";
    std::vector<uint8_t> packed(function->parameterBytes());
    unsigned index = 0;
    auto pack = [&](auto value) {
      Parameter parameter = function->parameters()[index++];
      EXPECT_EQ(parameter.bytes, sizeof(value));
      std::memcpy(packed.data() + parameter.offset, &value,
                  std::min<size_t>(sizeof(value), parameter.bytes));
    };
    (pack(args), ...);
    EXPECT_EQ(index, function->parameters().size());
    LaunchParams params;
    params.grid = grid;
    params.block = block;
    params.dynamicSharedBytes = dynamicShared;
    params.parameters = packed;
    params.timeoutSeconds = timeoutSeconds;
    llvm::Error error = launch(*function, params, *this, *this);
    return error ? llvm::toString(std::move(error)) : std::string();
  }

  const Allocation *find(uint64_t address) const override {
    for (const Buffer &buffer : buffers)
      if (address - buffer.allocation.begin < buffer.allocation.bytes)
        return &buffer.allocation;
    return nullptr;
  }
  void report(const Fault &fault) override { faults.push_back(fault); }

  std::unique_ptr<Module> module;
  std::string loadError;
  std::vector<Fault> faults;
  double timeoutSeconds = 0;

private:
  struct Free {
    void operator()(uint8_t *p) const { std::free(p); }
  };
  struct Buffer {
    std::unique_ptr<uint8_t, Free> bytes;
    std::vector<uint64_t> shadow;
    Allocation allocation;
  };
  std::deque<Buffer> buffers;
};

} // namespace dlc::ptxsim::test

#endif // DLC_TEST_UNIT_PTXSIM_SIMULATION_H
