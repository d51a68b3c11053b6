//===- SettingsTest.cpp - dlc-sim's options -------------------------------===//

#include "dlc/PTXSim/Settings.h"
#include "dlc/PTXSim/Engine.h"

#include <gtest/gtest.h>

#include <cstdlib>

using namespace dlc::ptxsim;

namespace {

TEST(Settings, DevicesAreKnownToTheEngine) {
  for (std::string_view name : deviceNames()) {
    llvm::Expected<DeviceConfig> device =
        DeviceConfig::byName(llvm::StringRef(name.data(), name.size()));
    ASSERT_TRUE(static_cast<bool>(device))
        << llvm::toString(device.takeError());
    EXPECT_EQ("sm_" + std::to_string(device->architecture()), name);
  }
}

TEST(Settings, Bytes) {
  uint64_t bytes = 0;
  EXPECT_TRUE(parseBytes("4096", bytes));
  EXPECT_EQ(bytes, 4096U);
  EXPECT_TRUE(parseBytes("3K", bytes));
  EXPECT_EQ(bytes, 3072U);
  EXPECT_TRUE(parseBytes("16G", bytes));
  EXPECT_EQ(bytes, uint64_t(16) << 30);
  for (const char *wrong : {"", "K", "1KB", "-1", "1.5G", "99999999999T",
                            "123456789012345678901234567890"})
    EXPECT_FALSE(parseBytes(wrong, bytes)) << wrong;
}

TEST(Settings, OptionsGoThroughTheEnvironment) {
  Settings settings;
  for (const char *option :
       {"--device=sm_90", "--memory=2G", "--no-check", "--immediate-cp-async",
        "--immediate-streams", "--code=good", "--trace", "--stats=a.json",
        "--cache=b", "--timeout=7"})
    EXPECT_EQ(parseOption(option, settings), "");
  std::vector<std::string> lines = toEnvironment(settings);
  for (const std::string &line : lines) {
    size_t equals = line.find('=');
    setenv(line.substr(0, equals).c_str(), line.c_str() + equals + 1, 1);
  }
  std::string fault;
  Settings read = settingsFromEnvironment(fault);
  EXPECT_EQ(fault, "");
  EXPECT_EQ(read.device, "sm_90");
  EXPECT_EQ(read.memoryBytes, uint64_t(2) << 30);
  EXPECT_FALSE(read.checks);
  EXPECT_FALSE(read.deferAsyncCopies);
  EXPECT_FALSE(read.deferStreams);
  EXPECT_EQ(read.code, "good");
  EXPECT_TRUE(read.trace);
  EXPECT_TRUE(read.stats);
  EXPECT_EQ(read.statsFile, "a.json");
  EXPECT_EQ(read.cacheDirectory, "b");
  EXPECT_EQ(read.timeoutSeconds, 7U);
  setenv("DLC_SIM_DEVICE", "sm_20", 1);
  (void)settingsFromEnvironment(fault);
  EXPECT_EQ(fault, "DLC_SIM_DEVICE=sm_20: the value is not valid");
}

} // namespace
