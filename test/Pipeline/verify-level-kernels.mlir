// RUN: dlc-opt %s --split-input-file --verify-diagnostics --dlc-verify-level=level=scheduled

// expected-error @below {{'dispatch.kernel' is illegal at level scheduled: the kernel was not scheduled}}
dispatch.kernel @k(%a: tensor<4xf32>, %o: tensor<4xf32>) -> tensor<4xf32> attributes {num_outs = 1 : i64} {
  %0 = linalg.exp ins(%a : tensor<4xf32>) outs(%o : tensor<4xf32>) -> tensor<4xf32>
  dispatch.return %0 : tensor<4xf32>
}

// -----

dispatch.kernel @alloc(%o: memref<4xf32>) attributes {num_outs = 1 : i64} {
  // expected-error @below {{'memref.alloc' is illegal at level scheduled: kernels must not allocate}}
  %0 = memref.alloc() : memref<4xf32>
  dispatch.return
}

// -----

dispatch.kernel @linalg(%a: memref<4xf32>, %o: memref<4xf32>) attributes {num_outs = 1 : i64} {
  // expected-error @below {{'linalg.exp' is illegal at level scheduled: the scheduler left it as it was}}
  linalg.exp ins(%a : memref<4xf32>) outs(%o : memref<4xf32>)
  dispatch.return
}

// -----

func.func @main(%a: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'arith.addf' is illegal at level scheduled: it became part of no kernel}}
  %0 = arith.addf %a, %a : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

dispatch.kernel @barrier(%a: memref<4xf32>, %o: memref<4xf32>) attributes {num_outs = 1 : i64} {
  // expected-error @below {{'gpu.barrier' is illegal at level scheduled: only GPUs have it (--target=cuda)}}
  gpu.barrier
  dispatch.return
}

// -----

// expected-error @below {{'gpu.module' is illegal at level scheduled: modules for GPUs come with level llvm of target cuda}}
gpu.module @kernels {
}
