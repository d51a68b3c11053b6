//===- ResizeTie.h - Ties of rounded coordinates ----------------*- C++ -*-===//

#ifndef DLC_DIALECT_NN_IR_RESIZETIE_H
#define DLC_DIALECT_NN_IR_RESIZETIE_H

namespace dlc::nn {

/// A coordinate of nn.resize lies in the middle between two elements where it
/// is that far from it: the rounded scale alone moves it.
constexpr float kResizeTie = 1e-6f;

} // namespace dlc::nn

#endif // DLC_DIALECT_NN_IR_RESIZETIE_H
