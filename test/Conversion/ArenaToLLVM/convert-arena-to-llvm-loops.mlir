// RUN: dlc-opt %s -convert-arena-to-llvm | sed '/arena[.][lc]/,/^  }/d' | mlir-translate --mlir-to-llvmir | FileCheck %s

// A body is a function like an entry; the loop says where it reads and writes.

arena.layout @arena {alignment = 64 : i64, lower_bound = 128 : i64, size = 128 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 0 : i64, offset = 0 : i64, size = 16 : i64}
  arena.slot @s1 {first = 0 : i64, last = 0 : i64, offset = 64 : i64, size = 16 : i64}
}
arena.layout @body_arena {alignment = 64 : i64, lower_bound = 16 : i64, size = 16 : i64} {
  arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = 0 : i64, size = 16 : i64}
}
llvm.func @neg(%args: !llvm.ptr, %begin: i64, %end: i64) attributes {dispatch.items = 1 : i64} { llvm.return }

// CHECK-LABEL: define i32 @dlc_entry(ptr %0, ptr %1, ptr %2, ptr %3)
// CHECK:         %[[SCRATCH:.*]] = getelementptr i8, ptr %2, i64 64
// CHECK:         br label %[[BODY:.*]]
// CHECK:       [[BODY]]:
// CHECK:         %[[TRIP:.*]] = phi i64
// CHECK:         select i1 %{{.*}}, ptr %[[FINAL:.*]], ptr %[[SPARE:.*]]
// CHECK:         select i1 %{{.*}}, ptr %[[SPARE]], ptr %[[FINAL]]
// CHECK:         %[[BACK:.*]] = sub i64 4, %[[TRIP]]
// CHECK:         mul i64 %[[BACK]], 16
// CHECK:         call i32 @body(ptr %{{.*}}, ptr %{{.*}}, ptr %[[SCRATCH]], ptr %3)
// CHECK:         %[[NEXT:.*]] = add i64 %[[TRIP]], 1
// CHECK:         icmp eq i64 %[[NEXT]], 5
// CHECK-LABEL: define internal i32 @body(ptr %0, ptr %1, ptr %2, ptr %3)
// CHECK-COUNT-2: call void @dlc_launch(ptr %3, ptr @neg,
func.func @main(%h: memref<4xf32>, %x: memref<5x4xf32>, %y: memref<4xf32> {dlc.output}) {
  %spare = arena.view @arena::@s0 : memref<4xf32>
  %scratch = arena.view @arena::@s1 : memref<16xi8>
  dispatch.loop @body 5 carried(%h : memref<4xf32>) sliced(%x : memref<5x4xf32>) outs(%y : memref<4xf32>)
      spares(%spare : memref<4xf32>) scratch(%scratch : memref<16xi8>)
      {reversed = array<i1: true>, stacked_reversed = array<i1>}
  return
}
func.func private @body(%h: memref<4xf32>, %x: memref<4xf32>, %y: memref<4xf32> {dlc.output}) {
  %0 = arena.view @body_arena::@s0 : memref<4xf32>
  dispatch.launch @neg ins(%x : memref<4xf32>) outs(%0 : memref<4xf32>)
  dispatch.launch @neg ins(%0 : memref<4xf32>) outs(%y : memref<4xf32>)
  return
}
