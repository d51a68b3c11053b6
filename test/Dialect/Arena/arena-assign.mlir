// RUN: dlc-opt %s -split-input-file -arena-assign -arena-verify | FileCheck %s
// RUN: dlc-opt %s -split-input-file -arena-assign -arena-verify -mlir-print-debuginfo | FileCheck %s --check-prefix=LOC

dispatch.kernel @neg(%a: memref<100xf32>, %o: memref<100xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @two(%a: memref<10x10xf32>, %o: memref<2xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// %a and %c share bytes, %b lives with both. The alignment of 64 makes the
// arena larger than the lower bound of 800 bytes.

// CHECK-LABEL: arena.layout @arena {alignment = 64 : i64, lower_bound = 800 : i64, size = 848 : i64} {
// CHECK-NEXT:    arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = [[A:[0-9]+]] : i64, size = 400 : i64}
// CHECK-NEXT:    arena.slot @s1 {first = 1 : i64, last = 2 : i64, offset = [[B:[0-9]+]] : i64, size = 400 : i64}
// CHECK-NEXT:    arena.slot @s2 {first = 2 : i64, last = 3 : i64, offset = [[A]] : i64, size = 400 : i64}
// CHECK-NEXT:  }
// LOC: arena.slot @s1 {{.*}} loc(#[[LOC:.*]])
// LOC: #[[LOC]] = loc("second node")
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: memref<100xf32>, %[[Y:.*]]: memref<2xf32> {dlc.output})
// CHECK-NEXT:    %[[V0:.*]] = arena.view @arena::@s0 : memref<100xf32>
// CHECK-NEXT:    %[[V1:.*]] = arena.view @arena::@s1 : memref<100xf32>
// CHECK-NEXT:    %[[V2:.*]] = arena.view @arena::@s2 : memref<100xf32>
// CHECK-NEXT:    dispatch.launch @neg ins(%[[X]] : memref<100xf32>) outs(%[[V0]] : memref<100xf32>)
// CHECK-NEXT:    dispatch.launch @neg ins(%[[V0]] : memref<100xf32>) outs(%[[V1]] : memref<100xf32>)
// CHECK-NEXT:    memref.copy %[[V1]], %[[V2]]
// CHECK-NEXT:    %[[R:.*]] = arena.view @arena::@s2 : memref<10x10xf32>
// CHECK-NEXT:    dispatch.launch @two ins(%[[R]] : memref<10x10xf32>) outs(%[[Y]] : memref<2xf32>)
func.func @main(%x: memref<100xf32>, %y: memref<2xf32> {dlc.output}) {
  %a = memref.alloc() : memref<100xf32>
  %b = memref.alloc() : memref<100xf32> loc("second node")
  %c = memref.alloc() : memref<100xf32>
  dispatch.launch @neg ins(%x : memref<100xf32>) outs(%a : memref<100xf32>)
  dispatch.launch @neg ins(%a : memref<100xf32>) outs(%b : memref<100xf32>)
  memref.copy %b, %c : memref<100xf32> to memref<100xf32>
  %r = memref.expand_shape %c [[0, 1]] output_shape [10, 10] : memref<100xf32> into memref<10x10xf32>
  dispatch.launch @two ins(%r : memref<10x10xf32>) outs(%y : memref<2xf32>)
  return
}

// -----

arena.constant_pool @weights {alignment = 4096 : i64, size = 16 : i64} {
  arena.constant @w0 {offset = 0 : i64, value = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>}
}
dispatch.kernel @copy(%a: memref<2x2xf32>, %o: memref<2x2xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @none(%o: memref<0xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// Reshapes of constants are views; a program may have no buffers, or empty ones.

// CHECK-LABEL: arena.layout @arena {alignment = 64 : i64, lower_bound = 0 : i64, size = 0 : i64} {
// CHECK-NEXT:    arena.slot @s0 {first = 1 : i64, last = 1 : i64, offset = 0 : i64, size = 0 : i64}
// CHECK-NEXT:  }
// CHECK:         %[[W:.*]] = arena.constant_view @weights::@w0 : memref<2x2xf32>
// CHECK-NEXT:    dispatch.launch @copy ins(%[[W]] : memref<2x2xf32>)
func.func @main(%y: memref<2x2xf32> {dlc.output}) {
  %w = arena.constant_view @weights::@w0 : memref<4xf32>
  %r = memref.expand_shape %w [[0, 1]] output_shape [2, 2] : memref<4xf32> into memref<2x2xf32>
  dispatch.launch @copy ins(%r : memref<2x2xf32>) outs(%y : memref<2x2xf32>)
  %e = memref.alloc() : memref<0xf32>
  dispatch.launch @none outs(%e : memref<0xf32>)
  return
}
