//===- Engine.h - Runs PTX kernels on the host -----------------*- C++ -*-===//
//
// The engine of the PTX simulator: PTX text in, kernels that run on this CPU
// out. It knows nothing of the CUDA driver API (lib/PTXSim/Driver is built on
// this header) and nothing of the compiler.
//
// Addresses: a device address is a host address. Global memory belongs to the
// user of the engine, who answers "which allocation holds this address" through
// MemoryOracle; variables of a module belong to the module. In PTX, shared
// memory is addressed by offsets from 0, as on the device.
//
// Language: PTX ISA 7.0 to 9.0 (NVIDIA, "Parallel Thread Execution ISA"). An
// instruction that is not known is an error that names it and its line.
//
// A process runs one launch at a time: the functions of this header are not
// thread-safe, the caller serialises them.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_PTXSIM_ENGINE_H
#define DLC_PTXSIM_ENGINE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dlc::ptxsim {

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

/// What the simulated device is and has. Bytes, kHz and counts; the values of
/// the makers are those of the CUDA C++ Programming Guide, "Compute
/// Capabilities", and of the data sheets.
struct DeviceConfig {
  std::string name;
  unsigned computeMajor = 8, computeMinor = 0;
  uint32_t multiprocessors = 108;
  uint64_t globalMemoryBytes = uint64_t(40) << 30;
  uint32_t l2Bytes = 40 << 20;
  uint32_t constantMemoryBytes = 64 << 10;
  /// Shared memory of a block without and with opt-in, and of a multiprocessor.
  uint32_t sharedBytesPerBlock = 48 << 10;
  uint32_t sharedBytesPerBlockOptin = 163 << 10;
  uint32_t sharedBytesPerMultiprocessor = 164 << 10;
  uint32_t registersPerBlock = 65536;
  uint32_t registersPerMultiprocessor = 65536;
  uint32_t maxThreadsPerBlock = 1024;
  uint32_t maxThreadsPerMultiprocessor = 2048;
  uint32_t maxBlocksPerMultiprocessor = 32;
  Dim3 maxBlock{1024, 1024, 64};
  Dim3 maxGrid{0x7fffffff, 65535, 65535};
  uint32_t clockKHz = 1410000, memoryClockKHz = 1215000;
  uint32_t memoryBusBits = 5120;

  /// 10 * major + minor: 80 for sm_80.
  unsigned architecture() const { return 10 * computeMajor + computeMinor; }

  static DeviceConfig sm80();
  static DeviceConfig sm90();
  /// "sm_80" or "sm_90" (also "sm_90a"); an error names what is known.
  static llvm::Expected<DeviceConfig> byName(llvm::StringRef name);
};

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// One live piece of global memory: [begin, begin + bytes). `begin` is aligned
/// to 16 bytes or more.
struct Allocation {
  uint64_t begin = 0;
  uint64_t bytes = 0;
  /// One bit for each byte, least significant first, in whole words (the words
  /// that `shadowWords` says): set when the byte was written. Null: all bytes
  /// count as written. Whoever copies into the memory or fills it sets the
  /// bits; kernels do it themselves when checks are on.
  uint64_t *written = nullptr;

  uint64_t end() const { return begin + bytes; }
  static uint64_t shadowWords(uint64_t bytes) { return (bytes + 63) / 64; }
  /// Marks bytes as written; the range must lie in the allocation.
  void markWritten(uint64_t address, uint64_t count) const;
  void markUnwritten(uint64_t address, uint64_t count) const;
  /// Whether all bytes of a range have been written.
  bool isWritten(uint64_t address, uint64_t count) const;
};

/// Knows the live allocations of global memory. The engine remembers the answer
/// during a launch (allocations must not change while one runs), so a lookup in
/// a tree is quick enough.
class MemoryOracle {
public:
  virtual ~MemoryOracle();
  /// The allocation that holds the byte at `address`, or null.
  virtual const Allocation *find(uint64_t address) const = 0;
};

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

enum class FaultKind {
  OutOfBounds,       ///< no such memory, or past its end
  Misaligned,        ///< address not a multiple of the access size
  UninitializedRead, ///< a byte that was never written
  SharedRace,        ///< two threads, no barrier between, one of them writes
  ConflictingStores, ///< one store of several values to one place
  DivergentBarrier,  ///< some threads of a warp do not arrive
  MissingLanes,      ///< a collective names threads that do not take part
  Deadlock,          ///< all threads wait at barriers that can not complete
  Timeout,           ///< loops that do not seem to end
  Trap,              ///< the kernel executed `trap`
  Assertion,         ///< `assert` of CUDA C++ failed
  InvalidOperation,  ///< anything else a kernel must not do (message says what)
};

/// "out-of-bounds access", ...
llvm::StringRef faultName(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::OutOfBounds;
  std::string kernel;
  Dim3 block{0, 0, 0}, thread{0, 0, 0};
  /// Line of the instruction in the PTX text; 1 is the first.
  unsigned line = 0;
  /// The instruction, as written.
  std::string instruction;
  /// What exactly: the address, the size, the distance to an allocation, ...
  std::string message;
  /// The first address concerned and the access size; 0 where there is none.
  uint64_t address = 0;
  unsigned bytes = 0;
};

/// One line: "out-of-bounds access: kernel k, block (0,0,0), thread (5,0,0),
/// PTX line 12: `ld.global.f32 ...`: message".
std::string describe(const Fault &fault);

/// Is told of all faults of a launch. Wrong accesses, barriers and traps end
/// the launch; races and reads of unwritten bytes do not (each instruction
/// reports the first of them).
class Reporter {
public:
  virtual ~Reporter();
  virtual void report(const Fault &fault) = 0;
};

/// What went wrong, so that the driver API can choose its code.
enum class ErrorCode {
  InvalidPTX,        ///< syntax, types, unknown instruction
  Unsupported,       ///< PTX that this simulator does not run
  InvalidLaunch,     ///< dimensions, parameter bytes
  OutOfResources,    ///< threads, shared memory
  IllegalAddress,    ///< stopped by FaultKind::OutOfBounds
  MisalignedAddress, ///< stopped by FaultKind::Misaligned
  Timeout,           ///< stopped by FaultKind::Timeout
  Assertion,         ///< stopped by FaultKind::Assertion
  LaunchFailed,      ///< stopped by another fault
  Internal,          ///< code generation failed; a bug
};

class EngineError : public llvm::ErrorInfo<EngineError> {
public:
  static char ID;
  EngineError(ErrorCode code, std::string message)
      : code(code), text(std::move(message)) {}
  ErrorCode getCode() const { return code; }
  void log(llvm::raw_ostream &os) const override;
  std::error_code convertToErrorCode() const override;

private:
  ErrorCode code;
  std::string text;
};

//===----------------------------------------------------------------------===//
// Modules and functions
//===----------------------------------------------------------------------===//

/// The code that kernels get: quick to make, good to run, or (chosen) quick
/// until it has run for as long as good code takes to make.
enum class CodeKind : uint8_t { Chosen, Quick, Good };

struct Options {
  /// All checks: bounds, alignment, unwritten reads, races, barriers. Without
  /// them a wrong kernel may crash the process.
  bool checks = true;
  /// cp.async arrives as late as the program allows (at its wait_group), so
  /// that a missing or wrong wait is seen. false: at once.
  bool deferAsyncCopies = true;
  CodeKind code = CodeKind::Chosen;
  /// Folder for compiled kernels; made if needed. Empty: none.
  std::string cacheDirectory;
};

enum class VariableSpace { Global, Constant };

/// A module-scope `.global` or `.const` variable, initialised.
struct Variable {
  std::string name;
  VariableSpace space = VariableSpace::Global;
  Allocation memory;
};

/// A kernel parameter: where it lies in the packed parameter block.
struct Parameter {
  uint32_t offset = 0;
  uint32_t bytes = 0;
};

class Module;
namespace detail {
struct FunctionImpl;
struct ModuleImpl;
} // namespace detail

/// A kernel (`.entry`). Owned by its module.
class Function {
public:
  explicit Function(std::unique_ptr<detail::FunctionImpl> impl);
  ~Function();

  llvm::StringRef name() const;
  llvm::ArrayRef<Parameter> parameters() const;
  /// Bytes of the packed parameter block.
  uint32_t parameterBytes() const;
  /// Bytes of `.shared` variables, without `.extern` ones.
  uint32_t staticSharedBytes() const;
  /// Bytes of `.local` memory a thread.
  uint32_t localBytes() const;
  /// Bytes of `.const` variables of the module.
  uint32_t constantBytes() const;
  /// 32-bit registers that a compiler would give a thread. The simulator has
  /// as many as it likes; this is an estimate from PTX, 255 at most.
  uint32_t registers() const;
  /// Limit by the device and `.maxntid`/`.reqntid`.
  uint32_t maxThreadsPerBlock() const;
  /// `.reqntid`, or null.
  const Dim3 *requiredBlock() const;
  /// From `.version` and `.target`: 80 for 8.0, 80 for sm_80.
  unsigned ptxVersion() const;
  unsigned targetArchitecture() const;

  detail::FunctionImpl &getImpl() const { return *impl; }

private:
  std::unique_ptr<detail::FunctionImpl> impl;
};

/// A loaded PTX text. The text is parsed and checked at once; kernels are
/// compiled when first launched (or taken from the cache).
class Module {
public:
  static llvm::Expected<std::unique_ptr<Module>>
  create(llvm::StringRef ptx, const DeviceConfig &device,
         const Options &options = {});
  ~Module();

  /// The kernels in the order of the text.
  llvm::ArrayRef<std::unique_ptr<Function>> functions() const;
  /// Null if there is none of that name.
  Function *findFunction(llvm::StringRef name) const;
  llvm::ArrayRef<Variable> variables() const;
  const Variable *findVariable(llvm::StringRef name) const;

private:
  explicit Module(std::unique_ptr<detail::ModuleImpl> impl);
  std::unique_ptr<detail::ModuleImpl> impl;
};

struct LaunchParams {
  Dim3 grid, block;
  uint32_t dynamicSharedBytes = 0;
  /// The parameter block, packed as `Function::parameters` says.
  llvm::ArrayRef<uint8_t> parameters;
  /// All blocks run at the same time and may wait for one another.
  bool isCooperative = false;
  /// Seconds of processor time in loops, without a warp that ends or a barrier
  /// that opens, after which a launch is ended. 0: never.
  double timeoutSeconds = 0;
};

/// Runs a kernel to its end. The module's own variables need not be known to
/// the oracle. On an error the memory holds whatever was written until then.
llvm::Error launch(Function &function, const LaunchParams &params,
                   const MemoryOracle &memory, Reporter &reporter);

/// Compiles a kernel ahead of a launch.
llvm::Error prepare(Function &function, Dim3 grid, Dim3 block);

} // namespace dlc::ptxsim

#endif // DLC_PTXSIM_ENGINE_H
