//===- MutationTest.cpp - PTX that is not what it should be ---------------===//
//
// Texts from compilers with seeded mistakes: whatever they say, loading them,
// compiling and running their kernels ends with a result or an error.
//
//   DLC_PTXSIM_MUTATIONS=N     how many (default: a few)
//   DLC_PTXSIM_FIRST=N         the first seed
//   DLC_PTXSIM_KEEP=FILE       writes each text there before it is tried
//
//===----------------------------------------------------------------------===//

#include "Simulation.h"

#include "llvm/ADT/StringExtras.h"

#include <cstdlib>
#include <fstream>
#include <random>

using namespace dlc::ptxsim;
using namespace dlc::ptxsim::test;

namespace {

unsigned fromEnvironment(const char *name, unsigned otherwise) {
  unsigned number = otherwise;
  if (const char *value = std::getenv(name))
    EXPECT_FALSE(llvm::StringRef(value).getAsInteger(10, number)) << name;
  return number;
}

class Mutator {
public:
  Mutator(std::string text, unsigned seed)
      : text(std::move(text)), random(seed) {}

  std::string mutate() {
    for (unsigned i = 0, count = 1 + pick(3); i < count; ++i)
      step();
    return text;
  }

private:
  size_t pick(size_t below) { return below ? random() % below : 0; }

  /// A word, number or sign, as [begin, end).
  std::pair<size_t, size_t> token() {
    auto isWord = [&](char c) {
      return llvm::isAlnum(c) || c == '_' || c == '%' || c == '$' || c == '.';
    };
    size_t begin = pick(text.size()), end = begin;
    while (begin > 0 && isWord(text[begin - 1]) && isWord(text[begin]))
      --begin;
    while (end < text.size() && isWord(text[end]))
      ++end;
    return {begin, std::max(end, std::min(begin + 1, text.size()))};
  }
  std::pair<size_t, size_t> line() {
    size_t at = pick(text.size());
    size_t begin = text.rfind('\n', at), end = text.find('\n', at);
    return {begin == std::string::npos ? 0 : begin,
            end == std::string::npos ? text.size() : end};
  }
  void step() {
    static const char *const words[] = {
        "0",      "-1",   "32",   "255",   "2147483647", "-9223372036854775808",
        "1e30",   "{",    "}",    ";",     ",",          "99999999999999999999",
        "[",      "]",    "|",    "@",     "!",          "0f7FC00000",
        ".b8",    ".f64", ".v4",  ".pred", ".param",     ".shared",
        "%tid.x", "_",    ".reg", ".sync", ".global",    "(",
        ")",      "<",    ">",    ":",     "0x",         "\""};
    switch (pick(8)) {
    case 0: { // a word by another of the text
      auto [begin, end] = token();
      auto [from, to] = token();
      std::string other = text.substr(from, to - from);
      text.replace(begin, end - begin, other);
      break;
    }
    case 1: { // or by one that is often trouble
      auto [begin, end] = token();
      text.replace(begin, end - begin, words[pick(std::size(words))]);
      break;
    }
    case 2: { // without a line
      auto [begin, end] = line();
      text.erase(begin, end - begin);
      break;
    }
    case 3: { // a line in another place
      auto [begin, end] = line();
      std::string copy = text.substr(begin, end - begin);
      text.insert(line().first, copy);
      break;
    }
    case 4: // without a word
    {
      auto [begin, end] = token();
      text.erase(begin, end - begin);
      break;
    }
    case 5: // a wrong character
      if (!text.empty())
        text[pick(text.size())] = char(pick(256));
      break;
    case 6: // a modifier more or less
    {
      size_t dot = text.find('.', pick(text.size()));
      if (dot == std::string::npos)
        break;
      size_t end = text.find_first_of(". \t\n", dot + 1);
      if (end == std::string::npos)
        break;
      if (pick(2))
        text.erase(dot, end - dot);
      else
        text.insert(dot, text.substr(dot, end - dot));
      break;
    }
    default: // the end is missing
      if (pick(8) == 0)
        text.resize(pick(text.size()));
      break;
    }
  }

  std::string text;
  std::mt19937 random;
};

/// Loads the text, compiles and runs each kernel.
void tryAll(const std::string &text) {
  Simulation sim(text, {}, DeviceConfig::sm90());
  if (!sim.module) {
    EXPECT_FALSE(sim.loadError.empty());
    return;
  }
  float *data = sim.upload(std::vector<float>(4096, 1.0f));
  for (const auto &function : sim.module->functions()) {
    std::vector<uint8_t> packed(function->parameterBytes());
    for (const Parameter &parameter : function->parameters()) {
      uint64_t value =
          parameter.bytes == 8 ? reinterpret_cast<uint64_t>(data) : 4;
      std::memcpy(packed.data() + parameter.offset, &value,
                  std::min<size_t>(parameter.bytes, 8));
    }
    LaunchParams params;
    params.grid = {2};
    params.block = {48};
    params.dynamicSharedBytes = 1024;
    params.parameters = packed;
    params.timeoutSeconds = 0.05;
    llvm::Error error = launch(*function, params, sim, sim);
    if (error)
      EXPECT_FALSE(llvm::toString(std::move(error)).empty());
  }
}

const char *const files[] = {"elementwise.ptx", "control.ptx", "softmax.ptx",
                             "samples.ptx", "mutations.ptx"};

TEST(Mutations, theTextsThemselvesAreRight) {
  for (const char *file : files)
    EXPECT_EQ(Simulation(input(file), {}, DeviceConfig::sm90()).loadError, "");
  Simulation sim(input("mutations.ptx"), {}, DeviceConfig::sm90());
  float *data = sim.upload(std::vector<float>(4096, 1.0f));
  EXPECT_EQ(sim.run("k", {2}, {64}, 1024, data, uint32_t(4)), "");
}

TEST(Mutations, endWithAResultOrAnError) {
  std::vector<std::string> texts;
  for (const char *file : files)
    texts.push_back(input(file));
  unsigned first = fromEnvironment("DLC_PTXSIM_FIRST", 0);
  unsigned count = fromEnvironment("DLC_PTXSIM_MUTATIONS", 40);
  const char *keep = std::getenv("DLC_PTXSIM_KEEP");
  for (unsigned seed = first; seed < first + count; ++seed) {
    std::string text = Mutator(texts[seed % texts.size()], seed).mutate();
    if (keep)
      std::ofstream(keep) << "// seed " << seed << "\n" << text;
    tryAll(text);
  }
}

} // namespace
