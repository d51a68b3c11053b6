// RUN: dlc-opt %s -split-input-file -verify-diagnostics -convert-arena-to-llvm

dispatch.kernel @neg(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} { dispatch.return }
func.func @main(%x: memref<8xf32>, %y: memref<8xf32> {dlc.output}) {
  // expected-error @below {{runs kernel 'neg', which was not lowered to a function with the attribute dispatch.items}}
  dispatch.launch @neg ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  return
}

// -----

// expected-error @below {{the graph function must have one block and no results: bufferize it first}}
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  return %x : tensor<8xf32>
}

// -----

func.func @main() {
  // expected-error @below {{'memref.alloc' op cannot be lowered to LLVM in the graph function}}
  %0 = memref.alloc() : memref<8xf32>
  return
}
