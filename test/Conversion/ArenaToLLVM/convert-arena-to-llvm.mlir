// RUN: dlc-opt %s -convert-arena-to-llvm | FileCheck %s
// RUN: dlc-opt %s -convert-arena-to-llvm | sed '/arena[.][lc]/,/^  }/d' | mlir-translate --mlir-to-llvmir | FileCheck %s --check-prefix=IR

arena.layout @arena {alignment = 64 : i64, lower_bound = 48 : i64, size = 80 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = 0 : i64, size = 16 : i64}
  arena.slot @s1 {first = 1 : i64, last = 2 : i64, offset = 64 : i64, size = 16 : i64}
}
arena.constant_pool @weights {alignment = 4096 : i64, size = 80 : i64} {
  arena.constant @w0 {offset = 0 : i64, value = dense<1.0> : tensor<4xf32>}
  arena.constant @w1 {offset = 64 : i64, value = dense<2.0> : tensor<4xf32>}
}
llvm.func @add(%args: !llvm.ptr, %begin: i64, %end: i64) attributes {dispatch.items = 4 : i64} { llvm.return }
llvm.func @neg(%args: !llvm.ptr, %begin: i64, %end: i64) attributes {dispatch.items = 1 : i64} { llvm.return }

// The pool and the layout stay; the kernels' array is as long as the longest
// list of arguments.

// CHECK: llvm.mlir.global external constant @dlc_weights() {addr_space = 0 : i32, alignment = 64 : i64} : i8
// CHECK: arena.layout @arena
// CHECK: arena.constant_pool @weights
// CHECK-LABEL: llvm.func internal @dlc_launch(
// CHECK-LABEL: llvm.func @dlc_entry(
// CHECK-SAME:    %[[INS:.*]]: !llvm.ptr, %[[OUTS:.*]]: !llvm.ptr, %[[ARENA:.*]]: !llvm.ptr, %[[PAR:.*]]: !llvm.ptr) -> i32 attributes {
// CHECK:         %[[ARGS:.*]] = llvm.alloca %{{.*}} x !llvm.array<3 x ptr> {alignment = 8 : i64} : (i64) -> !llvm.ptr
// CHECK:         %[[X:.*]] = llvm.load %[[INS]]
// CHECK:         %[[W:.*]] = llvm.mlir.addressof @dlc_weights
// CHECK:         %[[K:.*]] = llvm.mlir.addressof @add
// CHECK:         %[[ITEMS:.*]] = llvm.mlir.constant(4 : i64)
// CHECK:         llvm.call @dlc_launch(%[[PAR]], %[[K]], %[[ARGS]], %[[ITEMS]])

// IR: @dlc_weights = external constant i8, align 64
// IR-LABEL: define internal void @dlc_launch(ptr %0, ptr %1, ptr %2, i64 %3)
// IR:         icmp eq ptr %0, null
// IR:         call void %1(ptr %2, i64 0, i64 %3)
// IR:         %[[RUNFN:.*]] = load ptr, ptr %0
// IR:         getelementptr i8, ptr %0, i64 8
// IR:         %[[CONTEXT:.*]] = load ptr
// IR:         call void %[[RUNFN]](ptr %[[CONTEXT]], ptr %1, ptr %2, i64 %3)
// IR-LABEL: define i32 @dlc_entry(ptr %0, ptr %1, ptr %2, ptr %3)
// IR:         %[[ARGS:.*]] = alloca [3 x ptr], i64 1, align 8
// IR:         %[[X:.*]] = load ptr, ptr %0
// IR:         %[[YP:.*]] = getelementptr i8, ptr %1, i64 8
// IR:         %[[Y:.*]] = load ptr, ptr %[[YP]]
// IR:         store ptr %[[X]], ptr %[[ARGS]]
// IR:         store ptr getelementptr (i8, ptr @dlc_weights, i64 64), ptr %{{.*}}
// IR:         store ptr %2, ptr %{{.*}}
// IR:         call void @dlc_launch(ptr %3, ptr @add, ptr %[[ARGS]], i64 4)
// IR:         %[[S1:.*]] = getelementptr i8, ptr %2, i64 64
// IR:         call void @dlc_launch(ptr %3, ptr @neg, ptr %[[ARGS]], i64 1)
// IR:         call void @llvm.memcpy.p0.p0.i64(ptr %[[Y]], ptr %{{.*}}, i64 16, i1 false)
// IR:         ret i32 0
func.func @main(%x: memref<2x2xf32> {dlc.name = "x"}, %unused: memref<4xf32>,
                %y: memref<4xf32> {dlc.output}, %z: memref<4xf32> {dlc.output}) {
  %0 = arena.view @arena::@s0 : memref<4xf32>
  %1 = arena.view @arena::@s1 : memref<4xf32>
  %w = arena.constant_view @weights::@w1 : memref<4xf32>
  %xr = memref.collapse_shape %x [[0, 1]] : memref<2x2xf32> into memref<4xf32>
  dispatch.launch @add ins(%xr, %w : memref<4xf32>, memref<4xf32>) outs(%0 : memref<4xf32>)
  dispatch.launch @neg ins(%0 : memref<4xf32>) outs(%1 : memref<4xf32>)
  memref.copy %1, %z : memref<4xf32> to memref<4xf32>
  return
}
