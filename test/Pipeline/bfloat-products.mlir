// RUN: dlc %s --precision=bf16 --cpu=znver4 --emit=obj -o %t.dots.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.dots.o | FileCheck %s --check-prefix=DOTS --implicit-check-not=vfmadd
// RUN: dlc %s --precision=bf16 --cpu=x86-64-v3 --emit=obj -o %t.v3.o
// RUN: llvm-objdump -d --no-show-raw-insn %t.v3.o | FileCheck %s --check-prefix=V3 --implicit-check-not=vpmovzxwd

// Products of bfloat16 are those of pairs: one instruction where the CPU has it; elsewhere
// the pairs of both operands are made two vectors of f32 each, by a shift and a blend.

// DOTS-COUNT-8: vdpbf16ps {{.*}}%zmm
// V3: vpslld $0x10, {{.*}}%ymm
// V3-COUNT-8: vfmadd231ps {{.*}}%ymm

func.func @main(%a: tensor<48x64xf32> {dlc.name = "a"}, %b: tensor<2x64x80xf32> {dlc.name = "b"}) -> (tensor<2x48x80xf32> {dlc.name = "y"}) {
  %0 = nn.matmul %a, %b : (tensor<48x64xf32>, tensor<2x64x80xf32>) -> tensor<2x48x80xf32>
  return %0 : tensor<2x48x80xf32>
}
