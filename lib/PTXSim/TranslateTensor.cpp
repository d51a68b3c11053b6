#include "Translator.h"
using namespace dlc::ptxsim;
bool FunctionTranslator::translateLdmatrix(const Instruction &inst) {
  return unsupported(inst);
}
bool FunctionTranslator::translateStmatrix(const Instruction &inst) {
  return unsupported(inst);
}
bool FunctionTranslator::translateMovmatrix(const Instruction &inst) {
  return unsupported(inst);
}
bool FunctionTranslator::translateMma(const Instruction &inst) {
  return unsupported(inst);
}
bool FunctionTranslator::translateWmma(const Instruction &inst) {
  return unsupported(inst);
}
