// RUN: dlc-opt %s -split-input-file -arena-io | FileCheck %s
// RUN: dlc-opt %s -split-input-file -arena-io -arena-order -arena-inplace -arena-assign -arena-verify | FileCheck %s --check-prefix=PLAN

dispatch.kernel @neg(%a: memref<64xf32>, %o: memref<64xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// Each parameter becomes a buffer. The memory of the input is used again when
// nothing reads it any more (it, the two values between, and the output take two
// places), and the output lives until the end.

// CHECK-LABEL: func.func @main(
// CHECK-NEXT:    %[[X:.*]] = memref.alloc() {arena.arguments = [0]} : memref<64xf32>
// CHECK-NEXT:    %[[Y:.*]] = memref.alloc() {arena.arguments = [1]} : memref<64xf32>
// CHECK:         dispatch.launch @neg ins(%[[X]] : memref<64xf32>)
// CHECK:         dispatch.launch @neg ins(%{{.*}} : memref<64xf32>) outs(%[[Y]] : memref<64xf32>)

// PLAN-LABEL: arena.layout @arena {alignment = 64 : i64, lower_bound = 512 : i64, size = 512 : i64} {
// PLAN-NEXT:    arena.slot @s0 {first = 0 : i64, last = 0 : i64, offset = [[X:[0-9]+]] : i64, size = 256 : i64}
// PLAN-NEXT:    arena.slot @s1 {first = 2 : i64, last = 2 : i64,
// PLAN-NEXT:    arena.slot @s2 {first = 0 : i64, last = 1 : i64,
// PLAN-NEXT:    arena.slot @s3 {first = 1 : i64, last = 2 : i64, offset = [[X]] : i64, size = 256 : i64}
// PLAN:       func.func @main(%{{.*}}: memref<64xf32> {arena.slot = @arena::@s0, dlc.name = "x"}, %{{.*}}: memref<64xf32> {arena.slot = @arena::@s1, dlc.output})
// PLAN:         %[[X:.*]] = arena.view @arena::@s0 : memref<64xf32>
func.func @main(%x: memref<64xf32> {dlc.name = "x"}, %y: memref<64xf32> {dlc.output}) {
  %a = memref.alloc() : memref<64xf32>
  dispatch.launch @neg ins(%x : memref<64xf32>) outs(%a : memref<64xf32>)
  %b = memref.alloc() : memref<64xf32>
  dispatch.launch @neg ins(%a : memref<64xf32>) outs(%b : memref<64xf32>)
  dispatch.launch @neg ins(%b : memref<64xf32>) outs(%y : memref<64xf32>)
  return
}

// -----

dispatch.kernel @relu(%a: memref<64xf32>, %o: memref<64xf32>) attributes {num_outs = 1 : i64, inplace = [[0, 0]]} { dispatch.return }

// In place from the input to the output: one slot that is both. An input that
// nothing reads is there at the beginning, an output that nothing writes at the
// end, and an output that is read on stays.

// PLAN-LABEL: arena.layout @arena {alignment = 64 : i64, lower_bound = 768 : i64, size = 768 : i64} {
// PLAN-NEXT:    arena.slot @s0 {first = 0 : i64, last = 1 : i64, offset = [[X:[0-9]+]] : i64, size = 256 : i64}
// PLAN-NEXT:    arena.slot @s1 {first = 0 : i64, last = 0 : i64,
// PLAN-NEXT:    arena.slot @s2 {first = 1 : i64, last = 1 : i64,
// PLAN-NEXT:    arena.slot @s3 {first = 1 : i64, last = 1 : i64,
// PLAN:       func.func @main(%{{.*}}: memref<64xf32> {arena.slot = @arena::@s0}, %{{.*}}: memref<64xf32> {arena.slot = @arena::@s1},
// PLAN-SAME:    {arena.slot = @arena::@s0, dlc.output}, %{{.*}} {arena.slot = @arena::@s2, dlc.output}, %{{.*}} {arena.slot = @arena::@s3, dlc.output})
// PLAN:         dispatch.launch @relu ins(%[[S:.*]] : memref<64xf32>) outs(%[[S]] : memref<64xf32>) {arena.inplace = {{\[\[}}0, 0]]}
// PLAN:         dispatch.launch @relu ins(%[[S]] : memref<64xf32>) outs(%[[Z:.*]] : memref<64xf32>)
// PLAN-NOT:     arena.inplace
func.func @main(%x: memref<64xf32>, %unused: memref<64xf32>, %y: memref<64xf32> {dlc.output}, %z: memref<64xf32> {dlc.output},
                %w: memref<64xf32> {dlc.output}) {
  dispatch.launch @relu ins(%x : memref<64xf32>) outs(%y : memref<64xf32>)
  dispatch.launch @relu ins(%y : memref<64xf32>) outs(%z : memref<64xf32>)
  return
}
