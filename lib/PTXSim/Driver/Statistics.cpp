//===- Statistics.cpp - What a program did --------------------------------===//

#include "Statistics.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

namespace dlc::ptxsim::driver {

void Statistics::countCall(llvm::StringRef name) {
  auto found = calls.find(name);
  if (found == calls.end())
    found = calls.emplace(name.str(), 0).first;
  ++found->second;
}

void Statistics::countDeviceAllocation() {
  ++deviceAllocations;
  deviceAllocationsAfterLaunch += launched;
}

void Statistics::countHostAllocation() {
  ++hostAllocations;
  hostAllocationsAfterLaunch += launched;
}

/// The counters with their names in the order of both forms.
template <typename Each>
static void forEachCounter(const Statistics &s, Each each) {
  each("kernel_launches", s.kernelLaunches);
  each("graph_launches", s.graphLaunches);
  each("device_allocations", s.deviceAllocations);
  each("device_allocations_after_launch", s.deviceAllocationsAfterLaunch);
  each("device_bytes_peak", s.peakDeviceBytes);
  each("host_allocations", s.hostAllocations);
  each("host_allocations_after_launch", s.hostAllocationsAfterLaunch);
  each("bytes_to_device", s.bytesToDevice);
  each("bytes_to_host", s.bytesToHost);
  each("findings", s.findings);
  each("leaks", s.leaks);
}

void Statistics::print(llvm::raw_ostream &os) const {
  os << "dlc-sim: statistics\n";
  forEachCounter(*this, [&](const char *name, uint64_t value) {
    os << llvm::format("%14llu  ", static_cast<unsigned long long>(value))
       << name << '\n';
  });
  os << "calls\n";
  for (const auto &[name, count] : calls)
    os << llvm::format("%14llu  ", static_cast<unsigned long long>(count))
       << name << '\n';
  os << "kernels: launches, seconds\n";
  for (const auto &[name, kernel] : kernels)
    os << llvm::format("%14llu  %10.6f  ",
                       static_cast<unsigned long long>(kernel.launches),
                       kernel.seconds)
       << name << '\n';
}

void Statistics::printJson(llvm::raw_ostream &os) const {
  llvm::json::OStream json(os, 2);
  json.objectBegin();
  forEachCounter(*this, [&](const char *name, uint64_t value) {
    json.attribute(name, static_cast<int64_t>(value));
  });
  json.attributeObject("calls", [&] {
    for (const auto &[name, count] : calls)
      json.attribute(name, static_cast<int64_t>(count));
  });
  json.attributeObject("kernels", [&] {
    for (const auto &kernel : kernels)
      json.attributeObject(kernel.first, [&] {
        json.attribute("launches",
                       static_cast<int64_t>(kernel.second.launches));
        json.attribute("seconds", kernel.second.seconds);
      });
  });
  json.objectEnd();
  os << '\n';
}

} // namespace dlc::ptxsim::driver
