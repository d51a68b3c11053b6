// What a scheduler writes ends in pure LLVM dialect, and the pointers of the
// arguments are known not to overlap.
// RUN: dlc-opt %s --dlc-llvm | FileCheck %s

// CHECK-DAG: #[[DOMAIN:.*]] = #llvm.alias_scope_domain<id = "gemm", description = "gemm">
// CHECK-DAG: #[[A:.*]] = #llvm.alias_scope<id = "gemm.arg0", domain = #[[DOMAIN]]
// CHECK-DAG: #[[O:.*]] = #llvm.alias_scope<id = "gemm.arg2", domain = #[[DOMAIN]]

// CHECK-LABEL: llvm.func internal @gemm
// CHECK: llvm.load {{.*}}alias_scopes = [#[[A]]]
// CHECK: llvm.intr.fmuladd
// CHECK: llvm.intr.maximum{{.*}}fastmathFlags = #llvm.fastmath<nsz>
// CHECK: llvm.store {{.*}}alias_scopes = [#[[O]]]
// CHECK-NOT: builtin.unrealized_conversion_cast
// CHECK-NOT: {{memref|vector|arith|scf|cf|math|affine}}.{{[a-z]}}
dispatch.kernel @gemm(%a: memref<32x64xf32>, %b: memref<2x64x16xf32>, %o: memref<32x2x16xf32>)
    attributes {num_outs = 1 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %f0 = arith.constant 0.0 : f32
  scf.forall (%i, %j) = (0, 0) to (32, 2) step (4, 1) {
    %init = arith.constant dense<0.0> : vector<4x16xf32>
    %acc = scf.for %k = %c0 to %c64 step %c1 iter_args(%x = %init) -> vector<4x16xf32> {
      %va = vector.transfer_read %a[%i, %k], %f0 {in_bounds = [true, true]} : memref<32x64xf32>, vector<4x1xf32>
      %vb = vector.transfer_read %b[%j, %k, %c0], %f0 {in_bounds = [true, true]} : memref<2x64x16xf32>, vector<1x16xf32>
      %y = vector.contract {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
        iterator_types = ["parallel", "parallel", "reduction"], kind = #vector.kind<add>} %va, %vb, %x : vector<4x1xf32>, vector<1x16xf32> into vector<4x16xf32>
      scf.yield %y : vector<4x16xf32>
    }
    %relu = arith.maximumf %acc, %init : vector<4x16xf32>
    %view = memref.subview %o[%i, %j, 0] [4, 1, 16] [1, 1, 1] : memref<32x2x16xf32> to memref<4x16xf32, strided<[32, 1], offset: ?>>
    vector.transfer_write %relu, %view[%c0, %c0] {in_bounds = [true, true]} : vector<4x16xf32>, memref<4x16xf32, strided<[32, 1], offset: ?>>
  }
  dispatch.return
}

// Tails, rows, everything that is left of math.

// CHECK-LABEL: llvm.func internal @row
// CHECK: llvm.intr.masked.load
// CHECK: llvm.call @erff
// CHECK: llvm.intr.vector.reduce.fadd
// CHECK: llvm.intr.masked.store
dispatch.kernel @row(%a: memref<7x13xf32>, %o: memref<7x13xf32>)
    attributes {num_outs = 1 : i64, inplace = [[0, 0]]} {
  %f0 = arith.constant 0.0 : f32
  %c13 = arith.constant 13 : index
  %c0 = arith.constant 0 : index
  %pass = arith.constant dense<0.0> : vector<16xf32>
  scf.forall (%i) in (7) {
    %mask = vector.create_mask %c13 : vector<16xi1>
    %0 = vector.maskedload %a[%i, %c0], %mask, %pass : memref<7x13xf32>, vector<16xi1>, vector<16xf32> into vector<16xf32>
    %1 = math.exp %0 : vector<16xf32>
    %2 = math.erf %1 : vector<16xf32>
    %3 = vector.reduction <add>, %2 : vector<16xf32> into f32
    %4 = vector.broadcast %3 : f32 to vector<16xf32>
    %5 = math.sqrt %4 : vector<16xf32>
    vector.maskedstore %o[%i, %c0], %mask, %5 : memref<7x13xf32>, vector<16xi1>, vector<16xf32>
  }
  dispatch.return
}

// What is rounded to bf16 and widened again stays in lanes of 32 bits.

// CHECK-LABEL: llvm.func internal @rounded
// CHECK-NOT: i16
// CHECK: %[[LESS:.*]] = llvm.add %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK: %[[SUM:.*]] = llvm.add %{{.*}}, %[[LESS]] : vector<8xi32>
// CHECK: %[[UPPER:.*]] = llvm.and %[[SUM]], %{{.*}} : vector<8xi32>
// CHECK: %[[NAN:.*]] = llvm.fcmp "uno"
// CHECK: llvm.select %[[NAN]], %{{.*}}, %[[UPPER]] : vector<8xi1>, vector<8xi32>
// CHECK-NOT: i16
// CHECK: llvm.return
dispatch.kernel @rounded(%a: memref<8xf32>, %o: memref<8xf32>) attributes {num_outs = 1 : i64} {
  %c0 = arith.constant 0 : index
  %0 = vector.load %a[%c0] : memref<8xf32>, vector<8xf32>
  %1 = arith.truncf %0 : vector<8xf32> to vector<8xbf16>
  %2 = arith.extf %1 : vector<8xbf16> to vector<8xf32>
  vector.store %2, %o[%c0] : memref<8xf32>, vector<8xf32>
  dispatch.return
}

// bf16 moves as integers of 16 bits: LLVM would do the select in f32 and round.

// CHECK-LABEL: llvm.func internal @moved
// CHECK-NOT: bf16
// CHECK: llvm.select {{.*}} : vector<16xi1>, vector<16xi16>
// CHECK-NOT: bf16
dispatch.kernel @moved(%a: memref<16xbf16>, %o: memref<16xbf16>) attributes {num_outs = 1 : i64} {
  %c0 = arith.constant 0 : index
  %one = arith.constant dense<1.0> : vector<16xbf16>
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %0 = vector.load %a[%c0] : memref<16xbf16>, vector<16xbf16>
  %1 = arith.extf %0 : vector<16xbf16> to vector<16xf32>
  %2 = arith.cmpf olt, %1, %zero : vector<16xf32>
  %3 = arith.select %2, %one, %0 : vector<16xi1>, vector<16xbf16>
  vector.store %3, %o[%c0] : memref<16xbf16>, vector<16xbf16>
  dispatch.return
}
