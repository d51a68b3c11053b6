// RUN: dlc-opt %s --convert-nn-to-linalg --split-input-file --verify-diagnostics

// A blob that does not hold one byte an element.

func.func @bits() -> tensor<16xi1> {
  // expected-error@+1 {{'nn.constant' op cannot be lowered: the blob of a 'tensor<16xi1>' has to hold 16 bytes}}
  %0 = nn.constant dense_resource<blob> : tensor<16xi1>
  return %0 : tensor<16xi1>
}
{-# dialect_resources: { builtin: { blob: "0x04000000ffff" } } #-}
