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

// -----

dispatch.kernel @small(%a: memref<16xf32>, %o: memref<16xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @large(%a: memref<32xf32>, %o: memref<32xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// Two shapes share the arena, which is that of the larger one: the launches of the
// second are numbered after those of the first. A function without any takes
// a number, too.

// CHECK-LABEL: arena.layout @arena {alignment = 64 : i64, lower_bound = 256 : i64, size = 256 : i64} {
// CHECK-NEXT:    arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = {{.*}}, size = 64 : i64}
// CHECK-NEXT:    arena.slot @s1 {first = 1 : i64, last = 2 : i64, offset = {{.*}}, size = 64 : i64}
// CHECK-NEXT:    arena.slot @s2 {first = 4 : i64, last = 5 : i64, offset = {{.*}}, size = 128 : i64}
// CHECK-NEXT:    arena.slot @s3 {first = 5 : i64, last = 6 : i64, offset = {{.*}}, size = 128 : i64}
// CHECK-NEXT:  }
// CHECK:       func.func @main({{.*}}) attributes {arena.bytes = 128 : i64, dlc.dims = "n=16"}
// CHECK:       func.func @main_1() attributes {arena.bytes = 0 : i64, dlc.dims = "n=0"}
// CHECK:       func.func @main_2({{.*}}) attributes {arena.bytes = 256 : i64, dlc.dims = "n=32"}
func.func @main(%x: memref<16xf32>, %y: memref<16xf32> {dlc.output}) attributes {dlc.dims = "n=16"} {
  %a = memref.alloc() : memref<16xf32>
  %b = memref.alloc() : memref<16xf32>
  dispatch.launch @small ins(%x : memref<16xf32>) outs(%a : memref<16xf32>)
  dispatch.launch @small ins(%a : memref<16xf32>) outs(%b : memref<16xf32>)
  dispatch.launch @small ins(%b : memref<16xf32>) outs(%y : memref<16xf32>)
  return
}
func.func @main_1() attributes {dlc.dims = "n=0"} {
  return
}
func.func @main_2(%x: memref<32xf32>, %y: memref<32xf32> {dlc.output}) attributes {dlc.dims = "n=32"} {
  %a = memref.alloc() : memref<32xf32>
  %b = memref.alloc() : memref<32xf32>
  dispatch.launch @large ins(%x : memref<32xf32>) outs(%a : memref<32xf32>)
  dispatch.launch @large ins(%a : memref<32xf32>) outs(%b : memref<32xf32>)
  dispatch.launch @large ins(%b : memref<32xf32>) outs(%y : memref<32xf32>)
  return
}
