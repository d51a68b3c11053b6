// RUN: dlc-opt %s -split-input-file -arena-inplace -canonicalize -cse | FileCheck %s

dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @relu(%a: memref<2x4xf32>, %o: memref<2x4xf32>) attributes {num_outs = 1 : i64, inplace = [[0, 0]]} { dispatch.return }
dispatch.kernel @add(%a: memref<2x4xf32>, %b: memref<2x4xf32>, %o: memref<2x4xf32>) attributes {num_outs = 1 : i64, inplace = [[0, 0], [1, 0]]} { dispatch.return }

// Through reshapes, and up to the caller's memory; %b is read later, so the
// first add takes %a only.

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: memref<8xf32>, %[[Y:.*]]: memref<2x4xf32> {dlc.output})
// CHECK-DAG:     %[[FLAT:.*]] = memref.collapse_shape %[[Y]]
// CHECK-DAG:     %[[B:.*]] = memref.alloc() : memref<2x4xf32>
// CHECK:         dispatch.launch @neg ins(%[[X]] : memref<8xf32>) outs(%[[FLAT]] : memref<8xf32>)
// CHECK-NEXT:    dispatch.launch @relu ins(%[[Y]] : memref<2x4xf32>) outs(%[[B]] : memref<2x4xf32>){{$}}
// CHECK-NEXT:    dispatch.launch @add ins(%[[Y]], %[[B]] : {{.*}}) outs(%[[Y]] : memref<2x4xf32>) {arena.inplace = {{\[\[}}0, 0]]}
// CHECK-NEXT:    dispatch.launch @relu ins(%[[Y]] : {{.*}}) outs(%[[Y]] : memref<2x4xf32>) {arena.inplace = {{\[\[}}0, 0]]}
// CHECK-NEXT:    dispatch.launch @add ins(%[[Y]], %[[B]] : {{.*}}) outs(%[[Y]] : memref<2x4xf32>) {arena.inplace = {{\[\[}}0, 0]]}
// CHECK-NEXT:    return
func.func @main(%x: memref<8xf32>, %y: memref<2x4xf32> {dlc.output}) {
  %flat = memref.alloc() : memref<8xf32>
  %b = memref.alloc() : memref<2x4xf32>
  %c = memref.alloc() : memref<2x4xf32>
  %d = memref.alloc() : memref<2x4xf32>
  dispatch.launch @neg ins(%x : memref<8xf32>) outs(%flat : memref<8xf32>)
  %a = memref.expand_shape %flat [[0, 1]] output_shape [2, 4] : memref<8xf32> into memref<2x4xf32>
  dispatch.launch @relu ins(%a : memref<2x4xf32>) outs(%b : memref<2x4xf32>)
  dispatch.launch @add ins(%a, %b : memref<2x4xf32>, memref<2x4xf32>) outs(%c : memref<2x4xf32>)
  dispatch.launch @relu ins(%c : memref<2x4xf32>) outs(%d : memref<2x4xf32>)
  dispatch.launch @add ins(%d, %b : memref<2x4xf32>, memref<2x4xf32>) outs(%y : memref<2x4xf32>)
  return
}

// -----

dispatch.kernel @fill(%o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
dispatch.kernel @one(%a: memref<8xf32>, %b: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64, inplace = [[0, 0]]} { dispatch.return }
dispatch.kernel @both(%a: memref<8xf32>, %b: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64, inplace = [[0, 0], [1, 0]]} { dispatch.return }

// One buffer as two inputs: only if both may share. Inputs of the program and
// buffers that were written before are left alone.

// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[X:.*]]: memref<8xf32>, %{{.*}})
// CHECK:         dispatch.launch @one ins(%[[A:.*]], %[[A]] : {{.*}}) outs(%[[B:.*]] : memref<8xf32>){{$}}
// CHECK-NEXT:    dispatch.launch @both ins(%[[B]], %[[B]] : {{.*}}) outs(%[[B]] : memref<8xf32>) {arena.inplace = {{\[\[}}0, 0], [1, 0]]}
// CHECK-NEXT:    dispatch.launch @both ins(%[[X]], %[[X]] : {{.*}}) outs(%[[D:.*]] : memref<8xf32>){{$}}
// CHECK-NEXT:    dispatch.launch @one ins(%[[B]], %[[B]] : {{.*}}) outs(%[[D]] : memref<8xf32>){{$}}
// CHECK-NEXT:    dispatch.launch @cast ins(%[[D]], %[[X]] : {{.*}}) outs(%{{.*}} : memref<8xi32>){{$}}
dispatch.kernel @cast(%a: memref<8xf32>, %b: memref<8xf32>, %o: memref<8xi32>) attributes {num_outs = 1 : i64, inplace = [[0, 0]]} { dispatch.return }
func.func @main(%x: memref<8xf32>, %y: memref<8xi32> {dlc.output}) {
  %a = memref.alloc() : memref<8xf32>
  %b = memref.alloc() : memref<8xf32>
  %c = memref.alloc() : memref<8xf32>
  %d = memref.alloc() : memref<8xf32>
  dispatch.launch @fill outs(%a : memref<8xf32>)
  dispatch.launch @one ins(%a, %a : memref<8xf32>, memref<8xf32>) outs(%b : memref<8xf32>)
  dispatch.launch @both ins(%b, %b : memref<8xf32>, memref<8xf32>) outs(%c : memref<8xf32>)
  dispatch.launch @both ins(%x, %x : memref<8xf32>, memref<8xf32>) outs(%d : memref<8xf32>)
  dispatch.launch @one ins(%c, %c : memref<8xf32>, memref<8xf32>) outs(%d : memref<8xf32>)
  dispatch.launch @cast ins(%d, %x : memref<8xf32>, memref<8xf32>) outs(%y : memref<8xi32>)
  return
}
