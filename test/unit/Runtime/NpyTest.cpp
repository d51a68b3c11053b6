//===- NpyTest.cpp - Reading and writing .npy files -----------------------===//

#include "Npy.h"
#include "Output.h"
#include "RuntimeTest.h"

#include <cstring>
#include <fcntl.h>

namespace {

std::string prefix(size_t size, int version = 1) {
  std::string bytes("\x93NUMPY", 6);
  bytes += char(version);
  bytes += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes += char(size >> (8 * i));
  return bytes;
}

std::string npy(const std::string &header, const std::string &data,
                int version = 1) {
  return prefix(header.size(), version) + header + data;
}

std::string header(const std::string &descr, const std::string &shape,
                   const std::string &order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order +
         ", 'shape': " + shape + ", }\n";
}

std::string bytesOf(const std::vector<float> &values) {
  return {reinterpret_cast<const char *>(values.data()), values.size() * 4};
}

class NpyTest : public RuntimeTest {
protected:
  /// Reads a file as a 2x3 float32 tensor; returns the message or "".
  std::string readFloats(const std::string &bytes) {
    std::string path = write("in.npy", bytes);
    dlc_error error;
    values.assign(6, -1);
    if (dlc_npy_read(path.c_str(), &tensor.info, values.data(), &error) == 0)
      return "";
    std::string text = error.text;
    EXPECT_EQ(text.find(path), 0u) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  }

  Tensor tensor{"x", DLC_DTYPE_F32, {2, 3}};
  std::vector<float> values;
  const std::vector<float> counting{0, 1, 2, 3, 4, 5};
};

TEST_F(NpyTest, Reads) {
  EXPECT_EQ(readFloats(npy(header("<f4", "(2, 3)"), bytesOf(counting))), "");
  EXPECT_EQ(values, counting);
  // Versions 2 and 3, other spacing, other quotes, the order of keys.
  for (int version : {2, 3}) {
    EXPECT_EQ(readFloats(npy("{ \"shape\":(2L,3,),\"fortran_order\" : False,"
                             "\"descr\":\"<f4\"}   \n",
                             bytesOf(counting), version)),
              "");
    EXPECT_EQ(values, counting);
  }
}

TEST_F(NpyTest, ReadsFortranOrder) {
  std::string data = bytesOf({0, 3, 1, 4, 2, 5});
  EXPECT_EQ(readFloats(npy(header("<f4", "(2, 3)", "True"), data)), "");
  EXPECT_EQ(values, counting);
}

TEST_F(NpyTest, ReadsBigEndian) {
  std::string data = bytesOf(counting);
  for (size_t i = 0; i < data.size(); i += 4) {
    std::swap(data[i], data[i + 3]);
    std::swap(data[i + 1], data[i + 2]);
  }
  EXPECT_EQ(readFloats(npy(header(">f4", "(2, 3)"), data)), "");
  EXPECT_EQ(values, counting);
}

TEST_F(NpyTest, ReadsLargeFortranOrder) {
  // More than one block of the reader, three dimensions.
  Tensor big("x", DLC_DTYPE_I16, {7, 50, 31});
  std::vector<int16_t> stored, expected(7 * 50 * 31), result(7 * 50 * 31);
  for (int k = 0; k < 31; ++k)
    for (int j = 0; j < 50; ++j)
      for (int i = 0; i < 7; ++i) {
        stored.push_back(int16_t(i + 7 * (j + 50 * k)));
        expected[size_t((i * 50 + j) * 31 + k)] = stored.back();
      }
  std::string data(reinterpret_cast<char *>(stored.data()), stored.size() * 2);
  std::string path =
      write("in.npy", npy(header("<i2", "(7, 50, 31)", "True"), data));
  dlc_error error;
  ASSERT_EQ(dlc_npy_read(path.c_str(), &big.info, result.data(), &error), 0)
      << error.text;
  EXPECT_EQ(result, expected);
}

TEST_F(NpyTest, ReadsScalarsAndEmpty) {
  dlc_error error;
  Tensor scalar("s", DLC_DTYPE_I64, {});
  int64_t value = 0;
  std::string path = write(
      "s.npy", npy(header("<i8", "()"), std::string("\7\0\0\0\0\0\0\0", 8)));
  ASSERT_EQ(dlc_npy_read(path.c_str(), &scalar.info, &value, &error), 0)
      << error.text;
  EXPECT_EQ(value, 7);
  Tensor empty("e", DLC_DTYPE_F32, {3, 0, 2});
  for (const char *order : {"False", "True"}) {
    path = write("e.npy", npy(header("<f4", "(3, 0, 2)", order), ""));
    EXPECT_EQ(dlc_npy_read(path.c_str(), &empty.info, &value, &error), 0)
        << error.text;
  }
}

TEST_F(NpyTest, ReadsPipes) {
  std::string path = folder + "/pipe";
  std::string file =
      write("in.npy", npy(header("<f4", "(2, 3)"), bytesOf(counting)));
  ASSERT_EQ(
      std::system(("mkfifo " + path + " && (cat " + file + " > " + path + " &)")
                      .c_str()),
      0);
  dlc_error error;
  values.assign(6, -1);
  ASSERT_EQ(dlc_npy_read(path.c_str(), &tensor.info, values.data(), &error), 0)
      << error.text;
  EXPECT_EQ(values, counting);
}

TEST_F(NpyTest, ReadsOtherTypes) {
  struct Case {
    uint32_t dtype;
    const char *descr;
    size_t size;
  };
  for (Case c : {Case{DLC_DTYPE_BF16, "<u2", 2},
                 {DLC_DTYPE_F16, "<f2", 2},
                 {DLC_DTYPE_F8E5M2, "|u1", 1},
                 {DLC_DTYPE_I4, "|i1", 1},
                 {DLC_DTYPE_BOOL, "|b1", 1},
                 {DLC_DTYPE_BOOL, "<b1", 1},
                 {DLC_DTYPE_F64, "<f8", 8},
                 {DLC_DTYPE_U64, "<u8", 8}}) {
    Tensor one("x", c.dtype, {1});
    std::string path =
        write("in.npy", npy(header(c.descr, "(1,)"), std::string(c.size, 1)));
    char data[8] = {};
    dlc_error error;
    ASSERT_EQ(dlc_npy_read(path.c_str(), &one.info, data, &error), 0)
        << error.text;
    EXPECT_EQ(std::string(data, c.size), std::string(c.size, 1));
  }
}

struct BadFile {
  const char *name;
  std::string bytes;
  const char *message;
};

class BadNpyTest : public NpyTest,
                   public ::testing::WithParamInterface<BadFile> {};

TEST_P(BadNpyTest, IsRefused) {
  std::string text = readFloats(GetParam().bytes);
  EXPECT_NE(text.find(GetParam().message), std::string::npos) << text;
  EXPECT_NE(text.find("cannot be input 'x'"), std::string::npos) << text;
}

const std::string kData(24, '\1');
const std::string kGood = header("<f4", "(2, 3)");

INSTANTIATE_TEST_SUITE_P(
    Files, BadNpyTest,
    ::testing::Values(
        BadFile{"Empty", "", "it is no .npy file"},
        BadFile{"OtherFormat", "PK\3\4 this is a zip file",
                "it is no .npy file"},
        BadFile{"MagicOnly", std::string("\x93NUMPY\1", 7),
                "it is no .npy file"},
        BadFile{"Version9", npy(kGood, kData, 9), "version 9.0 is unknown"},
        BadFile{"Version0", npy(kGood, kData, 0), "version 0.0 is unknown"},
        BadFile{"EndsInLength", std::string("\x93NUMPY\2\0\0\0", 10),
                "ends within its header"},
        BadFile{"EndsInHeader", prefix(100) + "{'descr'",
                "ends within its header"},
        BadFile{"HugeHeader", prefix(0xffffffff, 2),
                "its header has 4294967295 bytes"},
        BadFile{"NoDictionary", npy("[1, 2, 3]", kData),
                "not a Python dictionary"},
        BadFile{"EmptyHeader", npy("", kData), "not a Python dictionary"},
        BadFile{"NotClosed", npy("{'descr': '<f4'", kData), "not closed"},
        BadFile{"NoDescr",
                npy("{'fortran_order': False, 'shape': (2, 3)}", kData),
                "lacks 'descr'"},
        BadFile{"NoShape",
                npy("{'descr': '<f4', 'fortran_order': False}", kData),
                "lacks 'shape'"},
        BadFile{"NoOrder", npy("{'descr': '<f4', 'shape': (2, 3)}", kData),
                "lacks 'fortran_order'"},
        BadFile{"Twice",
                npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': "
                    "False, 'shape': (2, 3)}",
                    kData),
                "the key 'descr' twice"},
        BadFile{"UnknownKey", npy("{'descr': '<f4', 'evil\n': 1}", kData),
                "unknown key 'evil?'"},
        BadFile{"TextBehind",
                npy("{'descr': '<f4', 'fortran_order': False, 'shape': "
                    "(2, 3)} x",
                    kData),
                "text after the closing"},
        BadFile{"BadOrder", npy(header("<f4", "(2, 3)", "Maybe"), kData),
                "invalid 'fortran_order'"},
        BadFile{"NegativeExtent", npy(header("<f4", "(2, -3)"), kData),
                "invalid 'shape'"},
        BadFile{"OverflowingExtent",
                npy(header("<f4", "(2, 99999999999999999999)"), kData),
                "invalid 'shape'"},
        BadFile{"NumberAsShape", npy(header("<f4", "(6)"), kData),
                "invalid 'shape'"},
        BadFile{"ListAsShape", npy(header("<f4", "[2, 3]"), kData),
                "invalid 'shape'"},
        BadFile{"ShapeWithoutCommas", npy(header("<f4", "(2 3)"), kData),
                "invalid 'shape'"},
        BadFile{"Rank100",
                npy(header(
                        "<f4", "(" +
                                   [] {
                                     std::string s;
                                     for (int i = 0; i < 100; ++i)
                                       s += "1, ";
                                     return s;
                                   }() +
                                   ")"),
                    kData),
                "invalid 'shape'"},
        BadFile{"Records",
                npy("{'descr': [('a', '<f4')], 'fortran_order': False, "
                    "'shape': (2, 3)}",
                    kData),
                "holds records"},
        BadFile{"Objects", npy(header("|O", "(2, 3)"), kData),
                "it holds '|O', but '<f4' (float32) is needed"},
        BadFile{"LongDescr", npy(header(std::string(99, 'x'), "(2, 3)"), kData),
                "invalid 'descr'"},
        BadFile{"EscapedDescr", npy(header("<f\\x34", "(2, 3)"), kData),
                "invalid 'descr'"},
        BadFile{"OtherType", npy(header("<f8", "(2, 3)"), kData + kData),
                "it holds '<f8', but '<f4' (float32) is needed"},
        BadFile{"NoByteOrder", npy(header("f4", "(2, 3)"), kData),
                "it holds 'f4'"},
        BadFile{"EmptyDescr", npy(header("", "(2, 3)"), kData), "it holds ''"},
        BadFile{"OtherShape", npy(header("<f4", "(3, 2)"), kData),
                "its shape is 3x2, but 2x3 is needed"},
        BadFile{"OtherRank", npy(header("<f4", "(1, 2, 3)"), kData),
                "its shape is 1x2x3, but 2x3 is needed"},
        BadFile{"Scalar", npy(header("<f4", "()"), "1234"),
                "its shape is scalar, but 2x3 is needed"},
        BadFile{"Truncated", npy(kGood, kData.substr(1)),
                "it has 23 bytes of data, but 24 are needed"},
        BadFile{"NoData", npy(kGood, ""), "it has 0 bytes of data"},
        BadFile{"TooLong", npy(kGood, kData + "x"),
                "it has 25 bytes of data, but 24 are needed"}),
    [](const auto &info) { return std::string(info.param.name); });

TEST_F(NpyTest, RefusesBadValues) {
  dlc_error error;
  char data[2];
  Tensor flags("f", DLC_DTYPE_BOOL, {2});
  std::string path =
      write("b.npy", npy(header("|b1", "(2,)"), std::string("\1\2")));
  EXPECT_NE(dlc_npy_read(path.c_str(), &flags.info, data, &error), 0);
  EXPECT_NE(std::string(error.text).find("element 1 is 2, which is no bool"),
            std::string::npos);
  Tensor nibbles("n", DLC_DTYPE_I4, {2});
  // -8 may come extended by its sign or by zeros
  path = write("n.npy", npy(header("|i1", "(2,)"), std::string("\xf8\x08")));
  EXPECT_EQ(dlc_npy_read(path.c_str(), &nibbles.info, data, &error), 0);
  path = write("n.npy", npy(header("|i1", "(2,)"), std::string("\xf8\xf7")));
  EXPECT_NE(dlc_npy_read(path.c_str(), &nibbles.info, data, &error), 0);
  EXPECT_NE(std::string(error.text).find("element 1 is -9, which is no int4"),
            std::string::npos);
}

TEST_F(NpyTest, RefusesWhatIsNoFile) {
  dlc_error error;
  float data[6];
  EXPECT_NE(
      dlc_npy_read((folder + "/none.npy").c_str(), &tensor.info, data, &error),
      0);
  EXPECT_NE(std::string(error.text).find("cannot open: No such file"),
            std::string::npos);
  EXPECT_NE(dlc_npy_read(folder.c_str(), &tensor.info, data, &error), 0);
  EXPECT_NE(std::string(error.text).find("it is a folder"), std::string::npos);
  std::string longName(5000, 'a');
  EXPECT_NE(dlc_npy_read(longName.c_str(), &tensor.info, data, &error), 0);
  EXPECT_LT(strlen(error.text), sizeof(error.text));
}

TEST_F(NpyTest, TruncatedPipe) {
  std::string path = folder + "/pipe";
  std::string file =
      write("in.npy", npy(header("<f4", "(2, 3)"), kData.substr(4)));
  ASSERT_EQ(
      std::system(("mkfifo " + path + " && (cat " + file + " > " + path + " &)")
                      .c_str()),
      0);
  dlc_error error;
  float data[6];
  EXPECT_NE(dlc_npy_read(path.c_str(), &tensor.info, data, &error), 0);
  EXPECT_NE(std::string(error.text).find("it ends within its data"),
            std::string::npos);
}

TEST_F(NpyTest, WritesWhatItReads) {
  Tensor y("y/1", DLC_DTYPE_F32, {2, 3}), z("y_1", DLC_DTYPE_BF16, {}),
      e("e", DLC_DTYPE_BOOL, {0});
  dlc_tensor_info infos[] = {y.info, z.info, e.info};
  std::vector<float> data = counting;
  uint16_t half = 0x3f80;
  void *pointers[] = {data.data(), &half, &half};
  dlc_error error;
  std::string out = folder + "/new/deep";
  ASSERT_EQ(dlc_write_outputs(out.c_str(), infos, 3, pointers, &error), 0)
      << error.text;
  // Again, over the files that are there.
  ASSERT_EQ(dlc_write_outputs(out.c_str(), infos, 3, pointers, &error), 0)
      << error.text;
  std::string bytes = read(out + "/y_1.npy");
  EXPECT_EQ(readFloats(bytes), "");
  EXPECT_EQ(values, counting);
  EXPECT_EQ((bytes.size() - 24) % 64, 0u);
  // The name is taken: the second output gets its number.
  std::string scalar = read(out + "/y_1_1.npy");
  EXPECT_NE(
      scalar.find("{'descr': '<u2', 'fortran_order': False, 'shape': (), }"),
      std::string::npos)
      << scalar;
  EXPECT_NE(read(out + "/e.npy").find("'shape': (0,), }"), std::string::npos);
  ASSERT_EQ(std::system(("test $(ls -A " + out + " | wc -l) = 3").c_str()), 0);
}

TEST_F(NpyTest, FailedOutputsLeaveNothing) {
  Tensor y("y", DLC_DTYPE_F32, {2, 3}), z("z", DLC_DTYPE_F32, {2, 3});
  dlc_tensor_info infos[] = {y.info, z.info};
  std::vector<float> data = counting;
  void *pointers[] = {data.data(), data.data()};
  dlc_error error;
  // The second file can not be put in place: a folder is there.
  std::string out = folder + "/out";
  ASSERT_EQ(std::system(("mkdir -p " + out + "/z.npy/x").c_str()), 0);
  EXPECT_NE(dlc_write_outputs(out.c_str(), infos, 2, pointers, &error), 0);
  EXPECT_NE(std::string(error.text).find("/z.npy: cannot write: "),
            std::string::npos)
      << error.text;
  EXPECT_EQ(
      std::system(("test -z \"$(ls -A " + out + " | grep tmp)\"").c_str()), 0);
  // A full disk.
  EXPECT_EQ(dlc_npy_write(open("/dev/full", O_WRONLY), &y.info, data.data()),
            ENOSPC);
  // A file where the folder should be.
  write("file", "");
  EXPECT_NE(
      dlc_write_outputs((folder + "/file").c_str(), infos, 2, pointers, &error),
      0);
}

TEST_F(NpyTest, OutputNames) {
  char name[64];
  for (auto [given, expected] : {std::pair("logits", "logits.npy"),
                                 {"a/b:c d", "a_b_c_d.npy"},
                                 {"../../etc/x", ".._.._etc_x.npy"},
                                 {"", ".npy"},
                                 {"caf\xc3\xa9", "caf__.npy"}}) {
    Tensor t(given, DLC_DTYPE_F32, {});
    EXPECT_GT(dlc_output_name(&t.info, 1, 0, name, sizeof(name)), 0);
    EXPECT_STREQ(name, expected);
  }
  Tensor longName(
      "0123456789012345678901234567890123456789012345678901234567890",
      DLC_DTYPE_F32, {});
  EXPECT_EQ(dlc_output_name(&longName.info, 1, 0, name, sizeof(name)), -1);
}

} // namespace
