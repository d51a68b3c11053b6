//===- CudaArch.cpp - Which GPUs to make code for -------------------------===//

#include "dlc/Target/CUDA/CudaArch.h"

#include "dlc/Target/CUDA/Ptx.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/DynamicLibrary.h"

#include <limits>
#include <tuple>

using namespace llvm;
using namespace dlc::target;

std::string CudaArch::getRealName() const {
  return "sm_" + std::to_string(number) +
         (suffix ? std::string(1, suffix) : "");
}

std::string CudaArch::getName() const {
  return isVirtual ? "compute_" + getRealName().substr(3) : getRealName();
}

// CUDA C++ Programming Guide, "Binary Compatibility" and "PTX Compatibility":
// machine code runs on the same major and a minor not below, PTX on everything
// later; what has a suffix on its own or its family only.
std::pair<uint32_t, uint32_t> CudaArch::getCubinRange() const {
  if (suffix == 'a')
    return {number, number};
  return {number, number / 10 * 10 + 9};
}

std::pair<uint32_t, uint32_t> CudaArch::getPtxRange() const {
  if (suffix)
    return getCubinRange();
  return {number, std::numeric_limits<uint32_t>::max()};
}

bool CudaArch::operator<(const CudaArch &other) const {
  return std::tuple(number, suffix, isVirtual) <
         std::tuple(other.number, other.suffix, other.isVirtual);
}

/// The architectures of the GPUs that the driver knows.
static Expected<std::vector<CudaArch>> askDriver() {
  std::string message;
  sys::DynamicLibrary driver =
      sys::DynamicLibrary::getPermanentLibrary("libcuda.so.1", &message);
  if (!driver.isValid())
    return createStringError("there is no NVIDIA driver to ask: " + message);
  // Signatures and numbers: the CUDA driver API reference.
  auto find = [&](const char *name, auto *&function) {
    void *address = driver.getAddressOfSymbol(name);
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(address);
    return address != nullptr;
  };
  int (*init)(unsigned), (*getCount)(int *), (*get)(int *, int),
      (*getAttribute)(int *, int, int);
  int count = 0;
  if (!find("cuInit", init) || !find("cuDeviceGetCount", getCount) ||
      !find("cuDeviceGet", get) ||
      !find("cuDeviceGetAttribute", getAttribute) || init(0) != 0 ||
      getCount(&count) != 0 || count == 0)
    return createStringError("the NVIDIA driver found no GPU");
  std::vector<CudaArch> archs;
  for (int index = 0; index < count; ++index) {
    constexpr int kMajor = 75, kMinor = 76;
    int device = 0, major = 0, minor = 0;
    if (get(&device, index) != 0 || getAttribute(&major, kMajor, device) != 0 ||
        getAttribute(&minor, kMinor, device) != 0)
      return createStringError("GPU " + Twine(index) + " does not answer");
    CudaArch arch;
    arch.number = 10 * major + minor;
    archs.push_back(arch);
  }
  return archs;
}

static Expected<CudaArch> parseArch(StringRef name) {
  CudaArch arch;
  StringRef rest = name;
  if (rest.consume_front("compute_"))
    arch.isVirtual = true;
  else if (!rest.consume_front("sm_"))
    rest = "";
  if (rest.ends_with("a") || rest.ends_with("f")) {
    arch.suffix = rest.back();
    rest = rest.drop_back();
  }
  if (rest.getAsInteger(10, arch.number))
    return createStringError("'" + name +
                             "' is no architecture; write native, or sm_80, "
                             "sm_90a, compute_80, ...");
  return arch;
}

Expected<std::vector<CudaArch>>
dlc::target::resolveCudaArchs(ArrayRef<std::string> names) {
  std::vector<CudaArch> archs;
  for (const std::string &name : names) {
    if (name == "native") {
      Expected<std::vector<CudaArch>> found = askDriver();
      if (!found)
        return found.takeError();
      llvm::append_range(archs, *found);
      continue;
    }
    Expected<CudaArch> arch = parseArch(name);
    if (!arch)
      return arch.takeError();
    archs.push_back(*arch);
  }
  if (names.empty())
    for (const char *name : kDefaultCudaArchs)
      archs.push_back(cantFail(parseArch(name)));
  for (const CudaArch &arch : archs)
    if (!isSupportedArch(arch.getRealName()))
      return createStringError("'" + arch.getName() +
                               "': no code can be made for it; sm_80, sm_86, "
                               "sm_89, sm_90, sm_90a, sm_100, sm_120 and their "
                               "like are known");
  llvm::sort(archs);
  archs.erase(llvm::unique(archs), archs.end());
  return archs;
}
