// RUN: split-file %s %t
// RUN: dlc %t/few.mlir --precision=bf16 --cpu=znver4 --emit=obj -o %t/dots.o
// RUN: llvm-objdump -d --no-show-raw-insn %t/dots.o | FileCheck %s --check-prefix=DOTS --implicit-check-not=vfmadd
// RUN: dlc %t/few.mlir --precision=bf16 --cpu=x86-64-v3 --emit=obj -o %t/v3.o
// RUN: llvm-objdump -d --no-show-raw-insn %t/v3.o | FileCheck %s --check-prefix=V3

// Products of bfloat16 are those of pairs: one instruction where the CPU has it; elsewhere
// the pairs of both operands are made two vectors of f32 each, by a shift and a blend.

// DOTS-COUNT-8: vdpbf16ps {{.*}}%zmm
// V3: vpslld $0x10, {{.*}}%ymm
// V3-COUNT-8: vfmadd231ps {{.*}}%ymm

// Where each element is used often, it is rounded and becomes f32 again before, unless
// one of the CPUs has the instruction. f16 has none anywhere.

// RUN: dlc %t/many.mlir --precision=bf16 --cpu=x86-64-v3 --emit=dispatch -o - | FileCheck %s --check-prefixes=WIDE,BF16
// RUN: dlc %t/many.mlir --precision=bf16 --cpu=x86-64-v3,znver4 --emit=dispatch -o - | FileCheck %s --check-prefix=NARROW
// RUN: dlc %t/few.mlir --precision=bf16 --cpu=x86-64-v3 --emit=dispatch -o - | FileCheck %s --check-prefix=NARROW
// RUN: dlc %t/many.mlir --precision=f16 --cpu=znver4 --emit=dispatch -o - | FileCheck %s --check-prefixes=WIDE,F16
// RUN: dlc %t/many.mlir --precision=bf16 --cpu=x86-64-v3 --emit=obj -o %t/wide.o
// RUN: llvm-objdump -d --no-show-raw-insn %t/wide.o | FileCheck %s --check-prefix=FMA --implicit-check-not=vpslld

// BF16: arith.truncf {{.*}} : f32 to bf16
// F16: arith.truncf {{.*}} : f32 to f16
// WIDE: arith.extf
// WIDE: dispatch.kernel @contract{{.*}}tensor<48x64xf32>{{.*}}xf32>{{.*}}xf32>
// WIDE-NOT: arith.extf
// NARROW: dispatch.kernel @contract{{.*}}x64xbf16>{{.*}}tensor<2x64x80xbf16>
// NARROW: arith.extf {{.*}} : bf16 to f32
// FMA-COUNT-8: vfmadd231ps {{.*}}%ymm

//--- few.mlir
func.func @main(%a: tensor<16x64xf32> {dlc.name = "a"}, %b: tensor<2x64x80xf32> {dlc.name = "b"}) -> (tensor<2x16x80xf32> {dlc.name = "y"}) {
  %0 = nn.matmul %a, %b : (tensor<16x64xf32>, tensor<2x64x80xf32>) -> tensor<2x16x80xf32>
  return %0 : tensor<2x16x80xf32>
}

//--- many.mlir
func.func @main(%a: tensor<48x64xf32> {dlc.name = "a"}, %b: tensor<2x64x80xf32> {dlc.name = "b"}) -> (tensor<2x48x80xf32> {dlc.name = "y"}) {
  %0 = nn.matmul %a, %b : (tensor<48x64xf32>, tensor<2x64x80xf32>) -> tensor<2x48x80xf32>
  return %0 : tensor<2x48x80xf32>
}
