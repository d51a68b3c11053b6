// RUN: dlc-opt %s --convert-dispatch-to-llvm --split-input-file | FileCheck %s

// One dimension: the loop runs over the items themselves.

// CHECK-LABEL: llvm.func internal @add
// CHECK-SAME: (%[[ARGS:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
// CHECK-SAME: dispatch.items = 4 : i64
// CHECK: llvm.load %[[ARGS]] {alignment = 8 : i64}
// CHECK: %[[SLOT:.*]] = llvm.getelementptr %[[ARGS]][1]
// CHECK: llvm.load %[[SLOT]]
// CHECK-DAG: %[[LO:.*]] = arith.index_cast %[[BEGIN]]
// CHECK-DAG: %[[HI:.*]] = arith.index_cast %[[END]]
// CHECK: scf.for %[[I:.*]] = %[[LO]] to %[[HI]]
// CHECK: %[[SCALED:.*]] = arith.muli %[[I]], %{{.*}}
// CHECK: %[[IV:.*]] = arith.addi %[[SCALED]], %{{.*}}
// CHECK: vector.load %{{.*}}[%[[IV]]]
// CHECK: llvm.return
// CHECK-NOT: dispatch.kernel
dispatch.kernel @add(%a: memref<40xf32>, %o: memref<40xf32>) attributes {num_outs = 1 : i64} {
  scf.forall (%i) = (8) to (40) step (8) {
    %0 = vector.load %a[%i] : memref<40xf32>, vector<8xf32>
    %1 = arith.addf %0, %0 : vector<8xf32>
    vector.store %1, %o[%i] : memref<40xf32>, vector<8xf32>
  }
  dispatch.return
}

// -----

// Several dimensions: counters that carry, divisions only in front of the loop;
// dimensions of one item need none.

// CHECK-LABEL: llvm.func internal @nd
// CHECK-SAME: dispatch.items = 30 : i64
// CHECK: %[[J0:.*]] = arith.remui %{{.*}}, %{{.*}} : index
// CHECK: %[[I0:.*]] = arith.divui %{{.*}}, %{{.*}} : index
// CHECK: scf.for {{.*}} iter_args(%[[J:.*]] = %[[J0]], %[[I:.*]] = %[[I0]])
// CHECK-NOT: arith.divui
// CHECK-NOT: arith.remui
// CHECK: memref.store %{{.*}}, %{{.*}}[%[[I]], %{{.*}}, %[[J]]]
// CHECK: %[[J1:.*]] = arith.addi %[[J]]
// CHECK: %[[CARRY:.*]] = arith.cmpi eq, %[[J1]]
// CHECK: %[[J2:.*]] = arith.select %[[CARRY]], %{{.*}}, %[[J1]]
// CHECK: %[[I1:.*]] = arith.addi %[[I]]
// CHECK: %[[I2:.*]] = arith.select %[[CARRY]], %[[I1]], %[[I]]
// CHECK: scf.yield %[[J2]], %[[I2]]
dispatch.kernel @nd(%o: memref<5x1x6xf32>) attributes {num_outs = 1 : i64} {
  %c = arith.constant 1.0 : f32
  scf.forall (%i, %k, %j) in (5, 1, 6) {
    memref.store %c, %o[%i, %k, %j] : memref<5x1x6xf32>
  }
  dispatch.return
}

// -----

// No forall: one item, if the range is not empty. Scratch moves to the entry and is aligned.

// CHECK-LABEL: llvm.func internal @scratch
// CHECK-SAME: dispatch.items = 1 : i64, dispatch.num_args = 2 : i64, dispatch.shared_args = array<i64: 0, 1>
// CHECK-NEXT: memref.alloca() {alignment = 64 : i64} : memref<8xf32>
// CHECK: %[[WANTED:.*]] = arith.cmpi slt
// CHECK: scf.if %[[WANTED]] {
// CHECK: scf.for
dispatch.kernel @scratch(%a: memref<8xf32>, %o: memref<8xf32>)
    attributes {num_outs = 1 : i64, inplace = [[0, 0]]} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    %s = memref.alloca() : memref<8xf32>
    %0 = memref.load %a[%i] : memref<8xf32>
    memref.store %0, %s[%i] : memref<8xf32>
    %1 = memref.load %s[%i] : memref<8xf32>
    memref.store %1, %o[%i] : memref<8xf32>
  }
  dispatch.return
}
