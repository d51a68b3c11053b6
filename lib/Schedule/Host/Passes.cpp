#include "dlc/Schedule/Host/Passes.h"
