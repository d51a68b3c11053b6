// For fatbin.test: which PTX of a fat binary was taken is what is there.
extern "C" __global__ void twice(int *value) { *value *= 2; }
