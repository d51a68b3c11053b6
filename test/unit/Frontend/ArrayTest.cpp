//===- ArrayTest.cpp - Numbers in memory and in files ---------------------===//

#include "dlc/Frontend/Array.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>

#include <unistd.h>

using namespace dlc;
using testing::ElementsAre;
using testing::HasSubstr;

/// What `action` throws.
template <typename Action>
static std::string errorOf(Action action) {
  try {
    action();
  } catch (const Error &error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// Other processes may run tests of this file at the same time.
static std::string write(const std::string &name, const std::string &bytes) {
  std::string path = testing::TempDir() + std::to_string(getpid()) + "-" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(Array, HoldsNumbers) {
  Array zeros(DType::F32, {2, 3});
  EXPECT_EQ(zeros.elements(), 6u);
  EXPECT_EQ(zeros.bytes(), 24u);
  EXPECT_EQ(zeros.as<float>()[5], 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(zeros.data()) % 64, 0u);
  Array numbers(std::vector<int64_t>{1, 2, 3}, {3});
  EXPECT_EQ(numbers.dtype(), DType::I64);
  EXPECT_EQ(numbers.as<int64_t>()[2], 3);
  EXPECT_FALSE(Array());
  EXPECT_EQ(Array().elements(), 0u);
}

TEST(Array, RefusesWhatDoesNotFit) {
  EXPECT_EQ(errorOf([] { Array(std::vector<float>{1, 2}, {3}); }),
            "an array of float32[3] holds 3 numbers, and 2 are given");
  EXPECT_EQ(errorOf([] { (void)Array(DType::F32, {1}).as<double>(); }),
            "an array of float32[1] is read as float64");
  EXPECT_THAT(errorOf([] { Array(DType::F32, {-1}); }),
              HasSubstr("negative size"));
  EXPECT_THAT(
      errorOf([] { Array(DType::F64, {int64_t(1) << 40, int64_t(1) << 40}); }),
      HasSubstr("too large"));
  EXPECT_THAT(errorOf([] { Array(DType::F64, {int64_t(1) << 61}); }),
              HasSubstr("too large"));
}

static uint16_t halfOf(double value, DType dtype) {
  uint16_t bits;
  std::memcpy(&bits, Array::scalar(value, dtype).data(), sizeof(bits));
  return bits;
}

TEST(Array, RoundsScalarsOnce) {
  EXPECT_EQ(halfOf(1, DType::F16), 0x3c00);
  EXPECT_EQ(halfOf(-2.5, DType::F16), 0xc100);
  EXPECT_EQ(halfOf(1e6, DType::F16), 0x7c00);
  EXPECT_EQ(halfOf(std::ldexp(1, -24), DType::F16), 0x0001);
  EXPECT_EQ(halfOf(std::ldexp(1, -25), DType::F16), 0x0000); // tie to even
  // Just above the middle of two: rounding to float first would make it a tie.
  EXPECT_EQ(halfOf(1 + std::ldexp(1, -11) + std::ldexp(1, -40), DType::F16),
            0x3c01);
  EXPECT_EQ(halfOf(1 + std::ldexp(1, -8) + std::ldexp(1, -40), DType::BF16),
            0x3f81);
  EXPECT_EQ(halfOf(1 + std::ldexp(1, -8), DType::BF16), 0x3f80);
  EXPECT_EQ(halfOf(-std::numeric_limits<double>::infinity(), DType::BF16),
            0xff80);
  EXPECT_EQ(Array::scalar(-128, DType::I8).as<int8_t>()[0], -128);
  EXPECT_THAT(errorOf([] { Array::scalar(128, DType::I8); }),
              HasSubstr("is no number of int8"));
  EXPECT_THAT(errorOf([] { Array::scalar(0.5, DType::U64); }),
              HasSubstr("is no number of uint64"));
  EXPECT_THAT(errorOf([] { Array::scalar(std::nan(""), DType::I32); }),
              HasSubstr("is no number of int32"));
}

TEST(Npy, ComesBackAsWritten) {
  std::string path = testing::TempDir() + "round.npy";
  saveNpy(path, Array(std::vector<double>{1, -2, 3, 4, 5, 6}, {2, 3}));
  Array array = loadNpy(path);
  EXPECT_EQ(array.dtype(), DType::F64);
  EXPECT_THAT(array.shape(), ElementsAre(2, 3));
  EXPECT_EQ(array.as<double>()[1], -2);
  saveNpy(path, Array::scalar(1, DType::BF16));
  EXPECT_EQ(loadNpy(path).dtype(), DType::U16);
  EXPECT_EQ(loadNpy(path, DType::BF16).dtype(), DType::BF16);
}

static std::string makeNpy(const std::string &header, const std::string &data) {
  std::string text = std::string("\x93NUMPY\x01\0", 8);
  text += static_cast<char>(header.size() & 0xff);
  text += static_cast<char>(header.size() >> 8);
  return text + header + data;
}

TEST(Npy, DoesNotTrustFiles) {
  EXPECT_THAT(errorOf([] { loadNpy("/nowhere/a.npy"); }),
              HasSubstr("cannot open '/nowhere/a.npy'"));
  EXPECT_THAT(errorOf([] { loadNpy(write("no.npy", "text")); }),
              HasSubstr("no NumPy header"));
  // A promise of 8 EiB in a file of some bytes.
  EXPECT_THAT(
      errorOf([] {
        loadNpy(write("huge.npy", makeNpy("{'descr': '<f4', 'fortran_order': "
                                          "False, 'shape': (1099511627776,), }",
                                          "1234")));
      }),
      HasSubstr("too short for float32[1099511627776]"));
  EXPECT_THAT(
      errorOf([] {
        loadNpy(write("cut.npy", makeNpy("{'descr': '<f4', 'fortran_order': "
                                         "False, 'shape': (1,), }",
                                         "12")));
      }),
      HasSubstr("are needed"));
  EXPECT_THAT(
      errorOf([] {
        loadNpy(write("type.npy", makeNpy("{'descr': '<c8', 'fortran_order': "
                                          "False, 'shape': (1,), }",
                                          "12345678")));
      }),
      HasSubstr("'<c8', which is not supported"));
}

//===----------------------------------------------------------------------===//
// .safetensors
//===----------------------------------------------------------------------===//

static std::string makeSafetensors(const std::string &header,
                                   const std::string &data) {
  std::string text;
  for (int i = 0; i < 8; ++i)
    text += static_cast<char>(header.size() >> (8 * i) & 0xff);
  return write("test.safetensors", text + header + data);
}

TEST(Safetensors, ReadsTensors) {
  auto tensors = loadSafetensors(makeSafetensors(
      R"({"__metadata__": {"format": "pt"},
          "b\u00fc\n\ud83d\ude00": {"dtype": "I8", "shape": [], "data_offsets": [0, 1]},
          "a": {"shape": [1, 2], "dtype": "F32", "data_offsets": [1, 9]},
          "none": {"dtype": "F64", "shape": [0], "data_offsets": [9, 9]}} )",
      std::string("\x07\0\0\x80\x3f\0\0\0\x40", 9)));
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors.at("b\xc3\xbc\n\xf0\x9f\x98\x80").as<int8_t>()[0], 7);
  const Array &a = tensors.at("a");
  EXPECT_THAT(a.shape(), ElementsAre(1, 2));
  EXPECT_EQ(a.as<float>()[0], 1); // copied: it is not aligned in the file
  EXPECT_EQ(a.as<float>()[1], 2);
  EXPECT_EQ(tensors.at("none").bytes(), 0u);
}

struct BadHeader {
  const char *header, *data, *error;
};

class BadSafetensors : public testing::TestWithParam<BadHeader> {};

TEST_P(BadSafetensors, IsRefused) {
  const BadHeader &bad = GetParam();
  std::string path = makeSafetensors(bad.header, bad.data);
  EXPECT_THAT(errorOf([&] { loadSafetensors(path); }), HasSubstr(bad.error));
}

#define TENSOR(dtype, shape, offsets)                                          \
  "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

INSTANTIATE_TEST_SUITE_P(
    Safetensors, BadSafetensors,
    testing::Values(
        BadHeader{"", "", "'{' is wanted at byte 0"},
        BadHeader{"{}x", "", "something follows"},
        BadHeader{"[[[[[[[[", "", "'{' is wanted at byte 0"},
        BadHeader{"{\"a\":{\"shape\":[[[[1]]]]}}", "",
                  "a whole number is wanted"},
        BadHeader{"{\"a\":{\"x\":1}}", "", "field 'x', which is unknown"},
        BadHeader{"{\"a\":{\"dtype\":\"F32\"}}", "", "lacks dtype, shape"},
        BadHeader{"{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", "",
                  "'dtype' twice"},
        BadHeader{"{\"a\":" TENSOR("F32", "[1]", "[0,4]") "}", "123",
                  "holds 3 bytes of data, and its tensors 4"},
        BadHeader{"{\"a\":" TENSOR("F32", "[2]", "[0,4]") "}", "1234",
                  "takes 8 bytes, but its data_offsets hold 4"},
        BadHeader{"{\"a\":" TENSOR("F32", "[1]", "[4,0]") "}", "1234",
                  "not a begin and an end"},
        BadHeader{"{\"a\":" TENSOR("F32", "[1]", "[0,4]") ",\"b\":" TENSOR(
                      "F32", "[1]", "[2,6]") "}",
                  "123456", "'b' begins at 2 and what is before it ends at 4"},
        BadHeader{"{\"a\":" TENSOR("F32", "[1]", "[0,4]") ",\"b\":" TENSOR(
                      "F32", "[1]", "[6,10]") "}",
                  "1234567890",
                  "'b' begins at 6 and what is before it ends at 4"},
        BadHeader{"{\"a\":" TENSOR("F32", "[1]", "[0,4]") ",\"a\":" TENSOR(
                      "F32", "[1]", "[0,4]") "}",
                  "1234", "'a' is there twice"},
        BadHeader{
            "{\"a\":" TENSOR("F32", "[99999999999999999999]", "[0,4]") "}",
            "1234", "number in its header is too large"},
        BadHeader{"{\"a\":" TENSOR("F32",
                                   "[4611686018427387904,4611686018427387904]",
                                   "[0,4]") "}",
                  "1234", "too large"},
        BadHeader{"{\"a\":" TENSOR("F8_E4M3", "[4]", "[0,4]") "}", "1234",
                  "'F8_E4M3', which is not supported"},
        BadHeader{"{\"a\":" TENSOR("F32", "[-1]", "[0,4]") "}", "1234",
                  "a whole number is wanted"},
        BadHeader{"{\"\\ud83dx\":{}}", "", "lacks dtype"},
        BadHeader{"{\"a\\q\":{}}", "", "an escape is wanted"},
        BadHeader{"{\"a", "", "the end of a string"}));

TEST(Safetensors, ChecksTheLengthOfItsHeader) {
  auto load = [](const std::string &bytes) {
    return errorOf(
        [&] { loadSafetensors(write("length.safetensors", bytes)); });
  };
  EXPECT_THAT(load("123"), HasSubstr("cut off or too long"));
  EXPECT_THAT(load(std::string("\xff\xff\xff\xff\xff\xff\xff\xff{}", 10)),
              HasSubstr("cut off or too long"));
  EXPECT_THAT(load(""), HasSubstr("empty or no regular file"));
  EXPECT_THAT(errorOf([] { loadSafetensors("/dev/zero"); }),
              HasSubstr("no regular file"));
}
