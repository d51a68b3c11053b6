#include "dlc/Dialect/NN/Transforms/Passes.h"
