//===- Csv.h - Memory problems and plans as text --------------*- C++ -*-===//
//
// The format of the public benchmarks (MiniMalloc, idealloc): a header line
// naming the columns, then one line a buffer. Columns: id, lower, upper
// (exclusive), size; optional alignment, offset (a fixed one in a problem) and
// alias (a name; buffers of one name share their offset). An empty field is
// none; the order of columns is free.
//
//===----------------------------------------------------------------------===//

#ifndef DLC_MEMORYPLANNING_CSV_H
#define DLC_MEMORYPLANNING_CSV_H

#include "dlc/MemoryPlanning/Problem.h"

#include <istream>
#include <ostream>

namespace dlc::memory {

/// Reads a problem. Returns an empty string, or what is wrong, with its line.
std::string readProblem(std::istream &in, Problem &problem);

/// Writes the problem's columns and the offset of each buffer.
void writePlan(std::ostream &out, const Problem &problem, const Plan &plan);

} // namespace dlc::memory

#endif // DLC_MEMORYPLANNING_CSV_H
