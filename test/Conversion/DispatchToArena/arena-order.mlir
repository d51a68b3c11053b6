// RUN: dlc-opt %s -split-input-file -arena-order -allow-unregistered-dialect | FileCheck %s

dispatch.kernel @widen(%a: memref<16xf32>, %o: memref<1024xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @narrow(%a: memref<1024xf32>, %o: memref<16xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @add(%a: memref<16xf32>, %b: memref<16xf32>, %o: memref<16xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// Two branches with large middles run one after the other.

// CHECK-LABEL: func.func @main
// CHECK:         dispatch.launch @widen {{.*}} outs(%[[A:.*]] : memref<1024xf32>)
// CHECK-NEXT:    dispatch.launch @narrow ins(%[[A]]
// CHECK-NEXT:    dispatch.launch @widen {{.*}} outs(%[[B:.*]] : memref<1024xf32>)
// CHECK-NEXT:    dispatch.launch @narrow ins(%[[B]]
// CHECK-NEXT:    dispatch.launch @add
// CHECK-NEXT:    return
func.func @main(%x: memref<16xf32>, %y: memref<16xf32> {dlc.output}) {
  %a = memref.alloc() : memref<1024xf32>
  %b = memref.alloc() : memref<1024xf32>
  %c = memref.alloc() : memref<16xf32>
  %d = memref.alloc() : memref<16xf32>
  dispatch.launch @widen ins(%x : memref<16xf32>) outs(%a : memref<1024xf32>)
  dispatch.launch @widen ins(%x : memref<16xf32>) outs(%b : memref<1024xf32>)
  dispatch.launch @narrow ins(%a : memref<1024xf32>) outs(%c : memref<16xf32>)
  dispatch.launch @narrow ins(%b : memref<1024xf32>) outs(%d : memref<16xf32>)
  dispatch.launch @add ins(%c, %d : memref<16xf32>, memref<16xf32>) outs(%y : memref<16xf32>)
  return
}

// -----

dispatch.kernel @fill(%o: memref<16xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @use(%a: memref<16xf32>, %o: memref<1024xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @sum(%a: memref<1024xf32>, %b: memref<1024xf32>, %o: memref<16xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// A buffer that is written again, also as another shape: reads stay between
// their writes, copies are steps like any other.

// CHECK-LABEL: func.func @main
// CHECK:         dispatch.launch @fill outs(%[[S:.*]] : memref<16xf32>)
// CHECK-NEXT:    dispatch.launch @use ins(%[[S]]
// CHECK-NEXT:    memref.copy %{{.*}}, %[[V:.*]] : memref<4x4xf32> to memref<4x4xf32>
// CHECK-NEXT:    dispatch.launch @use ins(%[[S]]
// CHECK-NEXT:    dispatch.launch @sum
// CHECK-NEXT:    return
func.func @main(%x: memref<4x4xf32>, %y: memref<16xf32> {dlc.output}) {
  %s = memref.alloc() : memref<16xf32>
  %v = memref.expand_shape %s [[0, 1]] output_shape [4, 4] : memref<16xf32> into memref<4x4xf32>
  %a = memref.alloc() : memref<1024xf32>
  %b = memref.alloc() : memref<1024xf32>
  dispatch.launch @fill outs(%s : memref<16xf32>)
  dispatch.launch @use ins(%s : memref<16xf32>) outs(%a : memref<1024xf32>)
  memref.copy %x, %v : memref<4x4xf32> to memref<4x4xf32>
  dispatch.launch @use ins(%s : memref<16xf32>) outs(%b : memref<1024xf32>)
  dispatch.launch @sum ins(%a, %b : memref<1024xf32>, memref<1024xf32>) outs(%y : memref<16xf32>)
  return
}

// -----

dispatch.kernel @relu(%a: memref<512xf32>, %o: memref<512xf32>) attributes {num_outs = 1 : i64, inplace = [[0, 0]]} { dispatch.return }
dispatch.kernel @pool(%a: memref<512xf32>, %o: memref<16xf32>) attributes {num_outs = 1 : i64} { dispatch.return }

// The pool goes first, so that the relu can work in place.

// CHECK-LABEL: func.func @main
// CHECK:         dispatch.launch @relu ins(%arg0
// CHECK-NEXT:    dispatch.launch @pool
// CHECK-NEXT:    dispatch.launch @relu ins(%[[A:.*]] : memref<512xf32>) outs(%[[B:.*]] : memref<512xf32>)
// CHECK-NEXT:    dispatch.launch @relu ins(%[[B]]
// CHECK-NEXT:    return
func.func @main(%x: memref<512xf32>, %y: memref<16xf32> {dlc.output}, %z: memref<512xf32> {dlc.output}) {
  %a = memref.alloc() : memref<512xf32>
  %b = memref.alloc() : memref<512xf32>
  dispatch.launch @relu ins(%x : memref<512xf32>) outs(%a : memref<512xf32>)
  dispatch.launch @relu ins(%a : memref<512xf32>) outs(%b : memref<512xf32>)
  dispatch.launch @pool ins(%a : memref<512xf32>) outs(%y : memref<16xf32>)
  dispatch.launch @relu ins(%b : memref<512xf32>) outs(%z : memref<512xf32>)
  return
}
