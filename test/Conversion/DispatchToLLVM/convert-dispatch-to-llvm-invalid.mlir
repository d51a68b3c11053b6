// RUN: dlc-opt %s --convert-dispatch-to-llvm --split-input-file --verify-diagnostics

dispatch.kernel @writes(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} {
  %c0 = arith.constant 0 : index
  %f = arith.constant 0.0 : f32
  // expected-error @below {{is outside of the scf.forall of kernel 'writes' and writes}}
  memref.store %f, %o[%c0] : memref<8xf32>
  scf.forall (%i) in (8) {
    memref.store %f, %o[%i] : memref<8xf32>
  }
  dispatch.return
}

// -----

dispatch.kernel @two(%o: memref<8xf32>) attributes {num_outs = 1 : i64} {
  %f = arith.constant 0.0 : f32
  scf.forall (%i) in (8) {
    memref.store %f, %o[%i] : memref<8xf32>
  }
  // expected-error @below {{is the second one at the top of kernel 'two'}}
  scf.forall (%i) in (8) {
    memref.store %f, %o[%i] : memref<8xf32>
  }
  dispatch.return
}

// -----

dispatch.kernel @dynamic(%n: memref<1xindex>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} {
  %c0 = arith.constant 0 : index
  %size = memref.load %n[%c0] : memref<1xindex>
  // expected-error @below {{in a kernel must have a static size}}
  %s = memref.alloca(%size) : memref<?xf32>
  dispatch.return
}

// -----

// expected-error @below {{was not scheduled: its arguments are tensors}}
dispatch.kernel @tensors(%o: tensor<8xf32>) -> tensor<8xf32> attributes {num_outs = 1 : i64} {
  dispatch.return %o : tensor<8xf32>
}

// -----

// expected-error @below {{has an invalid pair in 'inplace'}}
dispatch.kernel @inplace(%a: memref<8xf32>, %o: memref<8xf32>)
    attributes {num_outs = 1 : i64, inplace = [[1, 0]]} {
  dispatch.return
}

// -----

// expected-error @below {{needs 1600000 bytes of stack, more than the 1048576 that a thread is sure to have}}
dispatch.kernel @stack(%o: memref<8xf32>) attributes {num_outs = 1 : i64} {
  scf.forall (%i) in (8) {
    %s = memref.alloca() : memref<2x200000xf32>
  }
  dispatch.return
}
