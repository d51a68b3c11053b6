// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64-v4 --evaluate-constants | FileCheck %s

// Panels for wide vectors are as wide for the code that computes constants, whatever the
// vectors of the CPU that the compiler runs on are.

// CHECK: arith.constant dense<[0, 1001, 2002, 3003, 4004, 5005, 6006, 7, 1008, 2009, 3010, 4011, 5012, 6013, 14, 1015, 2016, 3017, 4018, 5019, 6020, 21, 1022, 2023, 3024, 4025, 5026, 6027, 28, 1029, 2030, 3031, 4032, 5033, 6034, 35, 1036, 2037, 3038, 4039, 5040, 6041, 42, 1043, 2044, 3045, 4046, 5047, 6048, 49, 1050, 2051, 3052, 4053, 5054, 6055, 56, 1057, 2058, 3059, 4060, 5061, 6062, 63]> : tensor<64xi32>
// CHECK-NOT: dispatch.launch @sums
#rows = affine_map<(r, c) -> (r, c)>
#sums = affine_map<(r, c) -> (r)>
func.func @main() -> tensor<64xi32> {
  %numbers = arith.constant dense<[[0, 0], [1, 1000], [2, 2000], [3, 3000], [4, 4000], [5, 5000], [6, 6000], [7, 0], [8, 1000], [9, 2000], [10, 3000], [11, 4000], [12, 5000], [13, 6000], [14, 0], [15, 1000], [16, 2000], [17, 3000], [18, 4000], [19, 5000], [20, 6000], [21, 0], [22, 1000], [23, 2000], [24, 3000], [25, 4000], [26, 5000], [27, 6000], [28, 0], [29, 1000], [30, 2000], [31, 3000], [32, 4000], [33, 5000], [34, 6000], [35, 0], [36, 1000], [37, 2000], [38, 3000], [39, 4000], [40, 5000], [41, 6000], [42, 0], [43, 1000], [44, 2000], [45, 3000], [46, 4000], [47, 5000], [48, 6000], [49, 0], [50, 1000], [51, 2000], [52, 3000], [53, 4000], [54, 5000], [55, 6000], [56, 0], [57, 1000], [58, 2000], [59, 3000], [60, 4000], [61, 5000], [62, 6000], [63, 0]]> : tensor<64x2xi32>
  %out = tensor.empty() : tensor<64xi32>
  %sums = dispatch.launch @sums ins(%numbers : tensor<64x2xi32>) outs(%out : tensor<64xi32>) -> tensor<64xi32>
  return %sums : tensor<64xi32>
}

dispatch.kernel @sums(%numbers: tensor<64x2xi32>, %out: tensor<64xi32>) -> tensor<64xi32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0 : i32
  %zeros = linalg.fill ins(%zero : i32) outs(%out : tensor<64xi32>) -> tensor<64xi32>
  %sums = linalg.generic {indexing_maps = [#rows, #sums], iterator_types = ["parallel", "reduction"]}
      ins(%numbers : tensor<64x2xi32>) outs(%zeros : tensor<64xi32>) {
  ^bb0(%number: i32, %sum: i32):
    %next = arith.addi %sum, %number : i32
    linalg.yield %next : i32
  } -> tensor<64xi32>
  dispatch.return %sums : tensor<64xi32>
}

// The other way round: panels of five narrow vectors are no whole number of wider ones.

// RUN: dlc-opt %s --host-pack-operands=cpu=x86-64 --evaluate-constants | FileCheck %s --check-prefix=NARROW
// NARROW-LABEL: func @five
// NARROW: arith.constant dense<[0, 1001, 2002, 3003, 4004, 5005, 6006, 7007, 8008, 9009, 10010, 11011, 12012, 13013, 14014, 15015, 16016, 17017, 18018, 19019, 20020, 21021, 22022, 23023, 24024, 25025, 26026, 27027, 28028, 29029, 30030, 31031, 32032, 33033, 34034, 35035, 36036, 37037, 38038, 39039]> : tensor<40xi32>
func.func @five() -> tensor<40xi32> {
  %numbers = arith.constant dense<[[0, 0], [1, 1000], [2, 2000], [3, 3000], [4, 4000], [5, 5000], [6, 6000], [7, 7000], [8, 8000], [9, 9000], [10, 10000], [11, 11000], [12, 12000], [13, 13000], [14, 14000], [15, 15000], [16, 16000], [17, 17000], [18, 18000], [19, 19000], [20, 20000], [21, 21000], [22, 22000], [23, 23000], [24, 24000], [25, 25000], [26, 26000], [27, 27000], [28, 28000], [29, 29000], [30, 30000], [31, 31000], [32, 32000], [33, 33000], [34, 34000], [35, 35000], [36, 36000], [37, 37000], [38, 38000], [39, 39000]]> : tensor<40x2xi32>
  %out = tensor.empty() : tensor<40xi32>
  %sums = dispatch.launch @sums_of_five ins(%numbers : tensor<40x2xi32>) outs(%out : tensor<40xi32>) -> tensor<40xi32>
  return %sums : tensor<40xi32>
}

dispatch.kernel @sums_of_five(%numbers: tensor<40x2xi32>, %out: tensor<40xi32>) -> tensor<40xi32> attributes {num_outs = 1 : i64} {
  %zero = arith.constant 0 : i32
  %zeros = linalg.fill ins(%zero : i32) outs(%out : tensor<40xi32>) -> tensor<40xi32>
  %sums = linalg.generic {indexing_maps = [#rows, #sums], iterator_types = ["parallel", "reduction"]}
      ins(%numbers : tensor<40x2xi32>) outs(%zeros : tensor<40xi32>) {
  ^bb0(%number: i32, %sum: i32):
    %next = arith.addi %sum, %number : i32
    linalg.yield %next : i32
  } -> tensor<40xi32>
  dispatch.return %sums : tensor<40xi32>
}
