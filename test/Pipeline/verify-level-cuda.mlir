// RUN: dlc-opt %s --split-input-file --verify-diagnostics --dlc-verify-level="level=llvm target=cuda"
// RUN: not dlc-opt %s --dlc-verify-level="level=llvm target=vulkan" 2>&1 | FileCheck %s
// CHECK: dlc-verify-level: unknown target 'vulkan'

module attributes {gpu.container_module} {
  gpu.module @dlc_kernels {
    llvm.func @k(%a: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel} {
      nvvm.barrier0
      llvm.return
    }
  }
  func.func @main(%a: memref<4xf32>, %b: memref<4xf32>) {
    %c1 = arith.constant 1 : index
    gpu.launch_func @dlc_kernels::@k blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%a : memref<4xf32>)
    memref.copy %a, %b : memref<4xf32> to memref<4xf32>
    return
  }
}

// -----

func.func @main(%a: memref<4xf32>) {
  // expected-error @below {{'memref.alloc' is illegal at level llvm: the launch table can not express it}}
  %0 = memref.alloc() : memref<4xf32>
  return
}

// -----

gpu.module @dlc_kernels {
  llvm.func @k(%a: i32) {
    // expected-error @below {{'arith.addi' is illegal at level llvm: it was not lowered to NVVM}}
    %0 = arith.addi %a, %a : i32
    llvm.return
  }
}

// -----

// expected-error @below {{'dispatch.kernel' is illegal at level llvm: it was not lowered to LLVM}}
dispatch.kernel @k(%a: memref<4xf32>, %o: memref<4xf32>) attributes {num_outs = 1 : i64} {
  dispatch.return
}
