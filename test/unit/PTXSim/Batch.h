//===- Batch.h - Many instructions in one kernel ---------------*- C++ -*-===//

#ifndef DLC_TEST_UNIT_PTXSIM_BATCH_H
#define DLC_TEST_UNIT_PTXSIM_BATCH_H

#include "Simulation.h"

#include "llvm/ADT/StringExtras.h"

namespace dlc::ptxsim::test {

/// Collects instructions with operands and expected results, runs them all in
/// one kernel, a case a lane, and once more with the first case in all lanes by
/// uniform registers.
class Batch {
public:
  struct Case {
    std::vector<uint64_t> operands;
    uint64_t expected;
  };

  /// `text` has $0 for the result and $1, ... for operands; `kinds` their
  /// registers: p predicate, h 16, r 32, d 64 bits.
  void add(const std::string &text, const std::string &kinds,
           std::vector<Case> cases) {
    ASSERT_LE(cases.size(), 32u) << text;
    for (const Case &c : cases)
      ASSERT_EQ(c.operands.size() + 1, kinds.size()) << text;
    entries.push_back({text, kinds, std::move(cases)});
  }

  void run(DeviceConfig device = DeviceConfig::sm90()) {
    std::string ptx = ".version 8.6\n.target sm_" +
                      std::to_string(device.architecture()) +
                      "\n.address_size 64\n.visible .entry k(.param .u64 in, "
                      ".param .u64 out)\n{\n.reg .b64 %rd<8>;\n.reg .b32 "
                      "%r1;\nld.param.u64 %rd1, [in];\nld.param.u64 %rd2, "
                      "[out];\nmov.u32 %r1, %laneid;\nmul.wide.u32 %rd3, %r1, "
                      "8;\n";
    std::vector<uint64_t> input;
    for (size_t i = 0; i < entries.size(); ++i)
      for (bool isUniform : {false, true})
        emit(ptx, input, i, isUniform);
    ptx += "ret;\n}\n";
    Options options;
    options.checks = false; // half the code to compile
    Simulation sim(ptx, options, device);
    ASSERT_EQ(sim.loadError, "");
    uint64_t *in = sim.upload(input),
             *out = sim.allocate<uint64_t>(entries.size() * 64);
    ASSERT_EQ(sim.run("k", {1}, {32}, 0, in, out), "");
    for (size_t i = 0; i < entries.size(); ++i)
      for (size_t c = 0; c < entries[i].cases.size(); ++c) {
        const Case &expected = entries[i].cases[c];
        EXPECT_EQ(hex(out[i * 64 + c]), hex(expected.expected))
            << entries[i].text << " " << print(expected.operands);
        if (c == 0)
          EXPECT_EQ(hex(out[i * 64 + 32]), hex(expected.expected))
              << "uniform " << entries[i].text << " "
              << print(expected.operands);
      }
  }

private:
  struct Entry {
    std::string text, kinds;
    std::vector<Case> cases;
  };

  static std::string hex(uint64_t value) {
    return "0x" + llvm::utohexstr(value, true);
  }
  static std::string print(const std::vector<uint64_t> &values) {
    std::string text;
    for (uint64_t value : values)
      text += hex(value) + " ";
    return text;
  }

  void emit(std::string &ptx, std::vector<uint64_t> &input, size_t index,
            bool isUniform) const {
    const Entry &entry = entries[index];
    ptx += "{\n";
    std::string text = entry.text;
    for (size_t k = 0; k < entry.kinds.size(); ++k) {
      std::string name = "%v" + std::to_string(k);
      char kind = entry.kinds[k];
      std::string type = kind == 'p'   ? "pred"
                         : kind == 'h' ? "b16"
                         : kind == 'r' ? "b32"
                                       : "b64";
      ptx += ".reg ." + type + " " + name + ";\n";
      std::string mark = "$" + std::to_string(k);
      for (size_t at; (at = text.find(mark)) != std::string::npos;)
        text.replace(at, mark.size(), name);
      if (k == 0)
        continue;
      ptx +=
          isUniform ? "mov.u64 %rd4, %rd1;\n" : "add.s64 %rd4, %rd1, %rd3;\n";
      if (isUniform) // the loads of lanes made this input already
        ptx +=
            "ld.global.u64 %rd5, [%rd4+" +
            std::to_string(8 * (input.size() - 32 * (entry.kinds.size() - k))) +
            "];\n";
      else
        ptx += "ld.global.u64 %rd5, [%rd4+" + std::to_string(8 * input.size()) +
               "];\n";
      ptx += kind == 'p' ? "setp.ne.u64 " + name + ", %rd5, 0;\n"
             : kind == 'd'
                 ? "mov.b64 " + name + ", %rd5;\n"
                 : "cvt.u" + type.substr(1) + ".u64 " + name + ", %rd5;\n";
      for (size_t lane = 0; lane < 32 && !isUniform; ++lane)
        input.push_back(
            lane < entry.cases.size() ? entry.cases[lane].operands[k - 1] : 0);
    }
    ptx += text + ";\n";
    char kind = entry.kinds[0];
    ptx += kind == 'p'   ? "selp.b64 %rd6, 1, 0, %v0;\n"
           : kind == 'd' ? "mov.b64 %rd6, %v0;\n"
           : kind == 'h' ? "cvt.u64.u16 %rd6, %v0;\n"
                         : "cvt.u64.u32 %rd6, %v0;\n";
    ptx += "add.s64 %rd7, %rd2, %rd3;\nst.global.u64 [%rd7+" +
           std::to_string(8 * (index * 64 + (isUniform ? 32 : 0))) +
           "], %rd6;\n}\n";
  }

  std::vector<Entry> entries;
};

/// The bits of a number, for operands and results.
inline uint64_t f32(float value) { return llvm::bit_cast<uint32_t>(value); }
inline uint64_t f64(double value) { return llvm::bit_cast<uint64_t>(value); }

} // namespace dlc::ptxsim::test

#endif // DLC_TEST_UNIT_PTXSIM_BATCH_H
