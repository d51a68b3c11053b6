// RUN: dlc %s --cpu=x86-64-v3 --emit=obj -o %t.v3.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.v3.o | FileCheck %s --check-prefix=PAIRS --implicit-check-not=vpmulld --implicit-check-not=vmulps
// RUN: dlc %s --cpu=cascadelake --emit=obj -o %t.vnni.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.vnni.o | FileCheck %s --check-prefix=VNNI --implicit-check-not=vpmulld
// RUN: dlc %s --cpu=alderlake --emit=obj -o %t.avxvnni.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.avxvnni.o | FileCheck %s --check-prefix=AVXVNNI --implicit-check-not=vpmulld
// RUN: dlc %s --target=cuda --emit=ptx -o - | FileCheck %s --check-prefix=PTX

// Products of integers are those of vector dot products: pairs of 16 bits on every CPU,
// four bytes (unsigned and signed) with VNNI; on GPUs, bytes go to tensor cores.

// PAIRS-COUNT-4: vpmaddwd {{.*}}%ymm
// VNNI-DAG: vpdpbusd {{.*}}%zmm
// VNNI-DAG: vpdpwssd {{.*}}%zmm
// (Features that others imply were not seen: code for Alder Lake had vectors of 128 bits.)
// AVXVNNI-DAG: vpdpbusd {{.*}}%ymm
// AVXVNNI-DAG: vpdpwssd {{.*}}%ymm
// PTX-DAG: mma.sync.aligned.m16n8k32.row.col{{.*}}.s32.u8.s8.s32
// PTX-DAG: mma.sync.aligned.m16n8k32.row.col{{.*}}.s32.s8.s8.s32

func.func @main(%a: tensor<48x64xui8> {dlc.name = "a"}, %s: tensor<48x64xi8> {dlc.name = "s"}, %w: tensor<48x64xi16> {dlc.name = "w"}, %x: tensor<1x16x12x12xui8> {dlc.name = "x"},
                %b: tensor<64x80xi8> {dlc.name = "b"}, %c: tensor<64x80xi16> {dlc.name = "c"}, %f: tensor<32x16x3x3xi8> {dlc.name = "f"})
    -> (tensor<48x80xi32> {dlc.name = "ya"}, tensor<48x80xi32> {dlc.name = "ys"}, tensor<48x80xi32> {dlc.name = "yw"}, tensor<1x32x12x12xi32> {dlc.name = "yx"}) {
  %0 = nn.matmul %a, %b : (tensor<48x64xui8>, tensor<64x80xi8>) -> tensor<48x80xi32>
  %1 = nn.matmul %s, %b : (tensor<48x64xi8>, tensor<64x80xi8>) -> tensor<48x80xi32>
  %2 = nn.matmul %w, %c : (tensor<48x64xi16>, tensor<64x80xi16>) -> tensor<48x80xi32>
  %3 = nn.conv %x, %f strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] : (tensor<1x16x12x12xui8>, tensor<32x16x3x3xi8>) -> tensor<1x32x12x12xi32>
  return %0, %1, %2, %3 : tensor<48x80xi32>, tensor<48x80xi32>, tensor<48x80xi32>, tensor<1x32x12x12xi32>
}
