#include "dlc/Dialect/Arena/Transforms/Passes.h"
