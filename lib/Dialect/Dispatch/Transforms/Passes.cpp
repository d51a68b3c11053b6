#include "dlc/Dialect/Dispatch/Transforms/Passes.h"
