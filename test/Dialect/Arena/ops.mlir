// RUN: dlc-opt %s | dlc-opt | FileCheck %s
// RUN: dlc-opt %s -mlir-print-op-generic | dlc-opt | FileCheck %s

// CHECK-LABEL: arena.layout @arena {alignment = 64 : i64, lower_bound = 640 : i64, size = 704 : i64} {
// CHECK-NEXT:    arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = 0 : i64, size = 256 : i64}
// CHECK-NEXT:    arena.slot @s1 {first = 1 : i64, last = 2 : i64, offset = 256 : i64, size = 384 : i64}
// CHECK-NEXT:    arena.slot @s2 {first = 2 : i64, last = 2 : i64, offset = 64 : i64, size = 192 : i64}
// CHECK-NEXT:    arena.slot @s3 {first = 1 : i64, last = 1 : i64, offset = 0 : i64, size = 0 : i64}
// CHECK-NEXT:  }
arena.layout @arena {size = 704 : i64, alignment = 64 : i64, lower_bound = 640 : i64} {
  arena.slot @s0 {offset = 0 : i64, size = 256 : i64, first = 0 : i64, last = 1 : i64}
  arena.slot @s1 {offset = 256 : i64, size = 384 : i64, first = 1 : i64, last = 2 : i64}
  arena.slot @s2 {offset = 64 : i64, size = 192 : i64, first = 2 : i64, last = 2 : i64}
  arena.slot @s3 {offset = 0 : i64, size = 0 : i64, first = 1 : i64, last = 1 : i64}
}
// CHECK: arena.layout @empty {alignment = 64 : i64, lower_bound = 0 : i64, size = 0 : i64} {
// CHECK-NEXT: }
arena.layout @empty {size = 0 : i64, alignment = 64 : i64, lower_bound = 0 : i64} {
}

// CHECK-LABEL: arena.constant_pool @weights {alignment = 4096 : i64, size = 132 : i64} {
// CHECK-NEXT:    arena.constant @w0 {offset = 0 : i64, value = dense<1.000000e+00> : tensor<16xf32>}
// CHECK-NEXT:    arena.constant @w1 {offset = 64 : i64, value = dense<[true, false, true]> : tensor<3xi1>}
// CHECK-NEXT:    arena.constant @w2 {offset = 128 : i64, value = dense_resource<blob> : tensor<f32>}
// CHECK-NEXT:  }
arena.constant_pool @weights {size = 132 : i64, alignment = 4096 : i64} {
  arena.constant @w0 {offset = 0 : i64, value = dense<1.0> : tensor<16xf32>}
  arena.constant @w1 {offset = 64 : i64, value = dense<[true, false, true]> : tensor<3xi1>}
  arena.constant @w2 {offset = 128 : i64, value = dense_resource<blob> : tensor<f32>}
}

// CHECK-LABEL: func.func @main
func.func @main() {
  // CHECK-NEXT: arena.view @arena::@s0 : memref<64xf32>
  %0 = arena.view @arena::@s0 : memref<64xf32>
  // CHECK-NEXT: arena.view @arena::@s0 : memref<2x2xi8>
  %1 = arena.view @arena::@s0 : memref<2x2xi8>
  // CHECK-NEXT: arena.constant_view @weights::@w0 : memref<4x4xf32>
  %2 = arena.constant_view @weights::@w0 : memref<4x4xf32>
  // CHECK-NEXT: arena.constant_view @weights::@w1 : memref<3xi1>
  %3 = arena.constant_view @weights::@w1 : memref<3xi1>
  return
}

{-#
  dialect_resources: {
    builtin: {
      blob: "0x040000000000803F"
    }
  }
#-}
