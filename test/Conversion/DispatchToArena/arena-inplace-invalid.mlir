// RUN: dlc-opt %s -split-input-file -verify-diagnostics -arena-inplace

// expected-error @below {{inplace must hold [in, out] pairs of the kernel's arguments, got [0, 1]}}
dispatch.kernel @relu(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64, inplace = [[0, 1]]} { dispatch.return }
func.func @main(%x: memref<8xf32>, %y: memref<8xf32> {dlc.output}) {
  dispatch.launch @relu ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  return
}

// -----

// expected-error @below {{inplace must be a list of [in, out] pairs}}
dispatch.kernel @relu(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64, inplace = 1 : i64} { dispatch.return }
func.func @main(%x: memref<8xf32>, %y: memref<8xf32> {dlc.output}) {
  dispatch.launch @relu ins(%x : memref<8xf32>) outs(%y : memref<8xf32>)
  return
}
