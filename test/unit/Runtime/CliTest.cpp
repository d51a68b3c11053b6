//===- CliTest.cpp - Command line and reports of compiled programs --------===//

#include "Cli.h"
#include "Device.h"
#include "Report.h"
#include "RuntimeTest.h"

#include <cstring>

namespace {

class CliTest : public RuntimeTest {
protected:
  CliTest() {
    model.name = "test \"model\"";
    model.target = "host";
    model.build_id = "abc123";
    model.compiler = "dlc test";
    model.abi_version = DLC_ABI_VERSION;
    model.struct_size = sizeof(model);
    model.inputs = inputs;
    model.outputs = outputs;
    model.num_inputs = 3;
    model.num_outputs = 1;
    model.arena_bytes = 4096;
    model.lower_bound = 2048;
    model.weights_bytes = 3 << 20;
    model.variants = &variant;
    model.num_variants = 1;
    model.specialisations = &specialisation;
    model.num_specialisations = 1;
    specialisation.dims = "";
    specialisation.inputs = inputs;
    specialisation.outputs = outputs;
    specialisation.arena_bytes = 4096;
  }

  std::string parse(std::vector<std::string> args,
                    const char *environment = nullptr) {
    std::vector<char *> argv;
    storage = std::move(args);
    for (std::string &arg : storage)
      argv.push_back(arg.data());
    dlc_error error;
    if (dlc_cli_parse(int(argv.size()), argv.data(), environment, &model, &cli,
                      &error) == 0)
      return "";
    EXPECT_EQ(std::string(error.text).find('\n'), std::string::npos);
    return error.text;
  }

  Tensor a{"a", DLC_DTYPE_F32, {2}}, b{"b=c", DLC_DTYPE_I64, {}},
      c{"b", DLC_DTYPE_BOOL, {1, 0}}, y{"y\n", DLC_DTYPE_F32, {2}};
  dlc_tensor_info inputs[3] = {a.info, b.info, c.info};
  dlc_tensor_info outputs[1] = {y.info};
  dlc_variant variant = {"x86-64-v3", "avx2,fma", nullptr};
  dlc_specialisation specialisation = {};
  dlc_model model = {};
  dlc_cli cli;
  std::vector<std::string> storage;
};

TEST_F(CliTest, Inputs) {
  EXPECT_EQ(parse({"1.npy", "2.npy", "3.npy"}), "");
  EXPECT_STREQ(cli.inputs[0], "1.npy");
  EXPECT_STREQ(cli.inputs[2], "3.npy");
  // Unnamed ones fill what named ones leave; the longest name counts.
  EXPECT_EQ(parse({"1.npy", "b=c=2.npy", "-o", "out", "b=3.npy"}), "");
  EXPECT_STREQ(cli.inputs[0], "1.npy");
  EXPECT_STREQ(cli.inputs[1], "2.npy");
  EXPECT_STREQ(cli.inputs[2], "3.npy");
  EXPECT_STREQ(cli.out, "out");
  EXPECT_EQ(parse({"--", "-x.npy", "2.npy", "3.npy"}), "");
  EXPECT_STREQ(cli.inputs[0], "-x.npy");
  // A file whose name has a '=' in it.
  std::string path = write("k=v.npy", "");
  EXPECT_EQ(parse({path, "2.npy", "3.npy"}), "");
  EXPECT_STREQ(cli.inputs[0], path.c_str());
}

TEST_F(CliTest, Options) {
  EXPECT_EQ(parse({"--info", "--json"}), "");
  EXPECT_TRUE(cli.info && cli.json && !cli.benchmark);
  EXPECT_EQ(parse({"--benchmark", "--threads=3"}, "7"), "");
  EXPECT_EQ(cli.seconds, 2);
  EXPECT_EQ(cli.threads, 3);
  EXPECT_EQ(parse({"--benchmark=0.25", "--threads", "4"}), "");
  EXPECT_EQ(cli.seconds, 0.25);
  EXPECT_EQ(cli.threads, 4);
  EXPECT_EQ(parse({"--benchmark"}, "7"), "");
  EXPECT_EQ(cli.threads, 7);
  EXPECT_EQ(parse({"--benchmark"}, ""), "");
  EXPECT_EQ(cli.threads, 0);
  EXPECT_EQ(parse({"--help"}), "");
  EXPECT_EQ(parse({"--version"}), "");
}

TEST_F(CliTest, Errors) {
  auto expect = [&](std::vector<std::string> args, const std::string &message,
                    const char *environment = nullptr) {
    EXPECT_EQ(parse(std::move(args), environment), message);
  };
  expect({}, "no file is given for input 'a', 'b=c', 'b'; --help shows how");
  expect({"a=1.npy"},
         "no file is given for input 'b=c', 'b'; --help shows how");
  expect({"1", "2", "3", "4"},
         "'4' is one input file too many: the model has 3");
  expect({"x=1.npy"}, "no input is named 'x'; the inputs are 'a', 'b=c', 'b'");
  expect({"a=1", "a=2"}, "input 'a' is given twice");
  expect({"a="}, "input 'a' has an empty file name");
  expect({"--what"}, "unknown option '--what'; --help lists them");
  expect({"-o"}, "-o needs a folder");
  expect({"-o", ""}, "-o needs a folder");
  expect({"-o", "a", "-o", "b"}, "-o is given twice");
  for (const char *bad : {"0", "-1", "257", "1x", "", "99999999999999999999"})
    expect({std::string("--threads=") + bad},
           std::string(
               "--threads needs a number of threads from 1 to 256, not '") +
               bad + "'");
  expect({"--threads"},
         "--threads needs a number of threads from 1 to 256, not ''");
  expect({"--benchmark"},
         "DLC_THREADS needs a number of threads from 1 to 256, not 'many'",
         "many");
  for (const char *bad : {"", "x", "-1", "nan", "inf", "1e9", "3 s"})
    expect({std::string("--benchmark=") + bad},
           std::string(
               "--benchmark needs a number of seconds up to 86400, not '") +
               bad + "'");
  expect({"--json"}, "--json needs --info or --benchmark");
  // Control characters do not break the line.
  expect({"--evil\n\x1b[31m"},
         "unknown option '--evil??[31m'; --help lists them");
  // Nor do long arguments.
  EXPECT_LT(parse({"--" + std::string(100000, 'x')}).size(), 400u);
  EXPECT_LT(parse({std::string(100000, 'x') + "=1"}).size(), 400u);
  EXPECT_EQ(parse(std::vector<std::string>(300, "x")), "too many arguments");
}

TEST_F(CliTest, ProgramsForGPUs) {
  dlc_device_program device = {};
  model.device = &device;
  EXPECT_EQ(parse({"--benchmark"}), "");
  EXPECT_EQ(cli.device, -1);
  EXPECT_EQ(parse({"--benchmark", "--device=3"}, "7"), "");
  EXPECT_EQ(cli.device, 3);
  EXPECT_EQ(parse({"--benchmark", "--device", "0"}, "7"), "");
  EXPECT_EQ(cli.device, 0);
  EXPECT_EQ(parse({"--benchmark"}, "7"), "");
  EXPECT_EQ(cli.device, 7);
  EXPECT_EQ(parse({"--device=-1"}),
            "--device needs the number of a GPU from 0 to 1023, not '-1'");
  EXPECT_EQ(parse({"--benchmark"}, "x"),
            "DLC_DEVICE needs the number of a GPU from 0 to 1023, not 'x'");
  EXPECT_EQ(parse({"--threads=1"}),
            "unknown option '--threads=1'; --help lists them");
  model.device = nullptr;
  EXPECT_EQ(parse({"--device=1"}),
            "unknown option '--device=1'; --help lists them");
  EXPECT_EQ(parse({"--threadsafe=1"}),
            "unknown option '--threadsafe=1'; --help lists them");
}

TEST_F(CliTest, DeviceLayout) {
  // Inputs of 8, 8 and 0 bytes, an output of 8; weights of 3 MiB.
  model.arena_bytes = 1000;
  dlc_device_layout layout = dlc_lay_out_device(&model);
  uint64_t weights = 3 << 20;
  EXPECT_EQ(layout.arena, weights);
  EXPECT_EQ(layout.inputs, weights + 1024);
  EXPECT_EQ(layout.outputs, weights + 1024 + 512);
  EXPECT_EQ(layout.bytes, weights + 1024 + 512 + 256);
  uint64_t offsets[3];
  EXPECT_EQ(dlc_place_tensors(model.inputs, 3, 64, offsets), 128u);
  EXPECT_EQ(offsets[1], 64u);
  EXPECT_EQ(offsets[2], 128u);
}

TEST_F(CliTest, Json) {
  dlc_times times = {};
  times.specialisation = &specialisation;
  times.threads = 2;
  uint64_t samples[] = {3000000, 1000000, 2000000, 4000000};
  dlc_summarise(samples, 4, &times.run);
  times.runs = 4;
  EXPECT_EQ(times.run.min_ms, 1);
  EXPECT_EQ(times.run.median_ms, 2.5);
  EXPECT_EQ(times.run.p99_ms, 4);
  dlc_out out;
  dlc_out_init(&out, -1);
  dlc_report_json(&out, &model, "x86-64-v3", &times);
  std::string text(out.buffer, out.size);
  EXPECT_EQ(
      text,
      "{\"model\": \"test \\\"model\\\"\", \"target\": \"host x86-64-v3\", "
      "\"build_id\": \"abc123\", \"compiler\": \"dlc test\", "
      "\"weights_bytes\": 3145728, \"arena_bytes\": 4096, \"lower_bound\": "
      "2048, \"inputs\": [{\"name\": \"a\", \"dtype\": \"float32\", "
      "\"numpy\": \"<f4\", \"shape\": [2], \"bytes\": 8}, {\"name\": \"b=c\", "
      "\"dtype\": \"int64\", \"numpy\": \"<i8\", \"shape\": [], \"bytes\": 8}, "
      "{\"name\": \"b\", \"dtype\": \"bool\", \"numpy\": \"|b1\", \"shape\": "
      "[1, 0], \"bytes\": 0}], \"outputs\": [{\"name\": \"y\\u000a\", "
      "\"dtype\": \"float32\", \"numpy\": \"<f4\", \"shape\": [2], \"bytes\": "
      "8}], \"min_ms\": 1.000000, \"median_ms\": 2.500000, \"p99_ms\": "
      "4.000000, \"first_ms\": 0.000000, \"runs\": 4, \"threads\": 2, "
      "\"peak_bytes\": 0}\n");
}

TEST_F(CliTest, JsonStrings) {
  for (auto [given, expected] :
       {std::pair<std::string, std::string>("caf\xc3\xa9", "\"caf\xc3\xa9\""),
        {"\xff", "\"\\ufffd\""},
        {"\xc3", "\"\\ufffd\""},
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""}, // a surrogate
        {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
        {"\xc0\xaf", "\"\\ufffd\\ufffd\""}, // overlong
        {"a\\b\t", "\"a\\\\b\\u0009\""}}) {
    dlc_out out;
    dlc_out_init(&out, -1);
    dlc_print_json_string(&out, given.c_str());
    EXPECT_EQ(std::string(out.buffer, out.size), expected);
  }
}

TEST_F(CliTest, Percentiles) {
  dlc_latency latency = {};
  std::vector<uint64_t> samples;
  for (int i = 0; i < 1000; ++i)
    samples.push_back(uint64_t(i * 7919 % 1000 + 1) * 1000000);
  dlc_summarise(samples.data(), samples.size(), &latency);
  EXPECT_EQ(latency.min_ms, 1);
  EXPECT_EQ(latency.median_ms, 500.5);
  EXPECT_EQ(latency.p99_ms, 990);
  dlc_summarise(samples.data(), 0, &latency);
  EXPECT_EQ(latency.p99_ms, 0);
}

TEST_F(CliTest, DescriptorIsChecked) {
  dlc_error error;
  dlc_tensor_info bad = a.info;
  EXPECT_EQ(dlc_tensor_check(&bad, nullptr, &error), 0);
  bad.bytes = 7;
  EXPECT_EQ(dlc_tensor_check(&bad, nullptr, &error), -1);
  bad = a.info;
  bad.dtype = 99;
  EXPECT_EQ(dlc_tensor_check(&bad, nullptr, &error), -1);
  bad = a.info;
  int64_t huge[] = {int64_t(1) << 40, int64_t(1) << 40};
  bad.shape = huge;
  bad.rank = 2;
  EXPECT_EQ(dlc_tensor_check(&bad, nullptr, &error), -1);
}

} // namespace
