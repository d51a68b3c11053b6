//===- Device.cpp - Simulated devices, memory and faults ------------------===//

#include "dlc/PTXSim/Engine.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlc::ptxsim;

//===----------------------------------------------------------------------===//
// Devices
//===----------------------------------------------------------------------===//

DeviceConfig DeviceConfig::sm80() {
  DeviceConfig config;
  config.name = "dlc PTX simulator (sm_80)";
  return config;
}

DeviceConfig DeviceConfig::sm90() {
  DeviceConfig config;
  config.name = "dlc PTX simulator (sm_90)";
  config.computeMajor = 9;
  config.computeMinor = 0;
  config.multiprocessors = 132;
  config.globalMemoryBytes = uint64_t(80) << 30;
  config.l2Bytes = 50 << 20;
  config.sharedBytesPerBlockOptin = 227 << 10;
  config.sharedBytesPerMultiprocessor = 228 << 10;
  config.clockKHz = 1980000;
  config.memoryClockKHz = 2619000;
  return config;
}

llvm::Expected<DeviceConfig> DeviceConfig::byName(llvm::StringRef name) {
  if (name == "sm_80")
    return sm80();
  if (name == "sm_90" || name == "sm_90a")
    return sm90();
  return llvm::createStringError("unknown device '" + name +
                                 "' (known: sm_80, sm_90)");
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

MemoryOracle::~MemoryOracle() = default;

/// Calls `visit(word, mask)` for the words of a bit range.
template <typename Visitor>
static void forEachWord(uint64_t first, uint64_t count, Visitor visit) {
  uint64_t last = first + count;
  while (first < last) {
    uint64_t bit = first % 64;
    uint64_t bits = std::min<uint64_t>(64 - bit, last - first);
    uint64_t mask = (bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1)
                    << bit;
    if (!visit(first / 64, mask))
      return;
    first += bits;
  }
}

void Allocation::markWritten(uint64_t address, uint64_t count) const {
  if (!written)
    return;
  forEachWord(address - begin, count, [&](uint64_t word, uint64_t mask) {
    written[word] |= mask;
    return true;
  });
}

void Allocation::markUnwritten(uint64_t address, uint64_t count) const {
  if (!written)
    return;
  forEachWord(address - begin, count, [&](uint64_t word, uint64_t mask) {
    written[word] &= ~mask;
    return true;
  });
}

bool Allocation::isWritten(uint64_t address, uint64_t count) const {
  if (!written)
    return true;
  bool all = true;
  forEachWord(address - begin, count, [&](uint64_t word, uint64_t mask) {
    all = (written[word] & mask) == mask;
    return all;
  });
  return all;
}

//===----------------------------------------------------------------------===//
// Faults and errors
//===----------------------------------------------------------------------===//

Reporter::~Reporter() = default;

llvm::StringRef dlc::ptxsim::faultName(FaultKind kind) {
  switch (kind) {
  case FaultKind::OutOfBounds:
    return "out-of-bounds access";
  case FaultKind::Misaligned:
    return "misaligned access";
  case FaultKind::UninitializedRead:
    return "read of memory never written";
  case FaultKind::SharedRace:
    return "race in shared memory";
  case FaultKind::ConflictingStores:
    return "conflicting stores";
  case FaultKind::DivergentBarrier:
    return "divergent barrier";
  case FaultKind::MissingLanes:
    return "missing threads in a warp collective";
  case FaultKind::Deadlock:
    return "deadlock";
  case FaultKind::Timeout:
    return "endless loop";
  case FaultKind::Trap:
    return "trap";
  case FaultKind::Assertion:
    return "failed assertion";
  case FaultKind::InvalidOperation:
    return "invalid operation";
  }
  return "fault";
}

std::string dlc::ptxsim::describe(const Fault &fault) {
  auto dim = [](const Dim3 &d) {
    return llvm::formatv("({0},{1},{2})", d.x, d.y, d.z).str();
  };
  std::string text = llvm::formatv("{0}: kernel {1}, block {2}, thread {3}",
                                   faultName(fault.kind), fault.kernel,
                                   dim(fault.block), dim(fault.thread));
  if (fault.line)
    text += llvm::formatv(", PTX line {0}", fault.line);
  if (!fault.instruction.empty())
    text += ": `" + fault.instruction + "`";
  if (!fault.message.empty())
    text += ": " + fault.message;
  return text;
}

char EngineError::ID = 0;

void EngineError::log(llvm::raw_ostream &os) const { os << text; }

std::error_code EngineError::convertToErrorCode() const {
  return llvm::inconvertibleErrorCode();
}
