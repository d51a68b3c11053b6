//===- MathKinds.h - Operations of the Math routine ------------*- C++ -*-===//

#ifndef DLC_LIB_PTXSIM_MATHKINDS_H
#define DLC_LIB_PTXSIM_MATHKINDS_H

namespace dlc::ptxsim {

/// What Routine::Math computes, element by element.
enum class MathKind : unsigned {
  Add,
  Sub,
  Mul,
  Fma,
  Div,
  Rcp,
  Sqrt,
  Sin,
  Cos,
  Tanh,
  FindNthSet,
};

enum Rounding : unsigned { RoundNearest, RoundZero, RoundDown, RoundUp };

} // namespace dlc::ptxsim

#endif // DLC_LIB_PTXSIM_MATHKINDS_H
