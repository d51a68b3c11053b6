//===- RuntimeMemory.cpp - Accesses by lanes in quick code ----------------===//

#include "BlockRunner.h"
#include "Routines.h"

#include "llvm/ADT/bit.h"

#include <array>
#include <cstring>

using namespace dlc::ptxsim;

/// Whether lanes lie one behind another, all active.
static bool isContiguous(const uint64_t *addresses, uint32_t lanes,
                         uint32_t bytes) {
  uint64_t difference = ~lanes;
  for (uint32_t lane = 0; lane < warpSize; ++lane)
    difference |= addresses[lane] ^ (addresses[0] + uint64_t(lane) * bytes);
  return difference == 0;
}

static void check(WarpContext &warp, const uint64_t *addresses, uint32_t lanes,
                  uint32_t bytes, uint32_t flags, uint32_t space,
                  uint32_t line) {
  BlockRunner &runner = *warp.runner;
  if (!runner.getKernel().checks)
    return;
  Access access{warp, AccessSpace(space), bytes, flags, line};
  if (isContiguous(addresses, lanes, bytes))
    runner.getChecker().checkSpan(access, addresses[0]);
  else
    runner.getChecker().check(access, addresses, lanes);
}

/// What is added to an address of PTX to have one of the host.
static uint64_t baseOf(const WarpContext &warp, uint32_t space) {
  return AccessSpace(space) == AccessSpace::Shared
             ? reinterpret_cast<uint64_t>(warp.shared)
             : 0;
}

/// Copies elements of a known size, so that no function is called for each.
template <typename Visitor>
static void bySize(uint32_t elementBytes, Visitor visit) {
  switch (elementBytes) {
  case 1:
    return visit(uint8_t());
  case 2:
    return visit(uint16_t());
  case 4:
    return visit(uint32_t());
  case 8:
    return visit(uint64_t());
  default:
    return visit(std::array<uint64_t, 2>());
  }
}

void dlc::ptxsim::runLoad(WarpContext *warp, const uint64_t *addresses,
                          uint32_t lanes, uint8_t *out, uint32_t elementBytes,
                          uint32_t count, uint32_t spaceAndUnused,
                          uint32_t line) {
  constexpr uint32_t spaceMask = (1u << AccessUnusedShift) - 1;
  uint32_t space = spaceAndUnused & spaceMask;
  check(*warp, addresses, lanes, elementBytes * count,
        AccessRead | (spaceAndUnused & ~spaceMask), space, line);
  uint64_t base = baseOf(*warp, space);
  bySize(elementBytes, [&](auto element) {
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      auto lane = uint32_t(llvm::countr_zero(rest));
      const auto *from =
          reinterpret_cast<const uint8_t *>(addresses[lane] + base);
      for (uint32_t i = 0; i < count; ++i) {
        std::memcpy(&element, from + i * sizeof(element), sizeof(element));
        std::memcpy(out + (i * warpSize + lane) * sizeof(element), &element,
                    sizeof(element));
      }
    }
  });
}

/// The lanes whose values are not in memory after all have stored.
template <typename Element>
static uint32_t findLost(const uint64_t *addresses, uint64_t base,
                         uint32_t lanes, const uint8_t *values,
                         uint32_t count) {
  uint32_t lost = 0;
  for (uint32_t rest = lanes; rest; rest &= rest - 1) {
    auto lane = uint32_t(llvm::countr_zero(rest));
    const auto *there =
        reinterpret_cast<const uint8_t *>(addresses[lane] + base);
    for (uint32_t i = 0; i < count; ++i)
      if (std::memcmp(there + i * sizeof(Element),
                      values + (i * warpSize + lane) * sizeof(Element),
                      sizeof(Element)) != 0)
        lost |= uint32_t(1) << lane;
  }
  return lost;
}

void dlc::ptxsim::runStore(WarpContext *warp, const uint64_t *addresses,
                           uint32_t lanes, const uint8_t *values,
                           uint32_t elementBytes, uint32_t count,
                           uint32_t space, uint32_t line) {
  uint32_t bytes = elementBytes * count;
  check(*warp, addresses, lanes, bytes, AccessWrite, space, line);
  uint64_t base = baseOf(*warp, space);
  uint32_t lost = 0;
  bySize(elementBytes, [&](auto element) {
    for (uint32_t rest = lanes; rest; rest &= rest - 1) {
      auto lane = uint32_t(llvm::countr_zero(rest));
      auto *to = reinterpret_cast<uint8_t *>(addresses[lane] + base);
      for (uint32_t i = 0; i < count; ++i) {
        std::memcpy(&element, values + (i * warpSize + lane) * sizeof(element),
                    sizeof(element));
        std::memcpy(to + i * sizeof(element), &element, sizeof(element));
      }
    }
    if (warp->runner->getKernel().checks &&
        !isContiguous(addresses, lanes, bytes))
      lost = findLost<decltype(element)>(addresses, base, lanes, values, count);
  });
  if (!lost)
    return;
  uint64_t hosts[warpSize];
  for (uint32_t lane = 0; lane < warpSize; ++lane)
    hosts[lane] = addresses[lane] + base;
  Access access{*warp, AccessSpace(space), bytes, AccessWrite, line};
  warp->runner->getChecker().conflictingStores(access, hosts, lost);
}
