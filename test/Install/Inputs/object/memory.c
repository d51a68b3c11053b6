/* What an object leaves to its user: where arena, inputs and outputs are. */
#include <dlc/Runtime/dlc_abi.h>
#include <stdalign.h>

alignas(4096) unsigned char dlc_arena[1 << 16];
alignas(4096) unsigned char dlc_tensors[1 << 16];
