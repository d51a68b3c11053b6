//===- ObjectCache.cpp - Compiled kernels in a folder ---------------------===//

#include "Jit.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

#include <cstring>

using namespace dlc::ptxsim;

/// A file is its checksum and the object.
static constexpr size_t headerBytes = 8;

static std::string pathOf(llvm::StringRef folder, llvm::StringRef key) {
  llvm::SmallString<128> path(folder);
  llvm::sys::path::append(path, key + ".o");
  return std::string(path);
}

std::unique_ptr<llvm::MemoryBuffer>
ObjectCache::find(llvm::StringRef key) const {
  if (folder.empty())
    return nullptr;
  auto file = llvm::MemoryBuffer::getFile(pathOf(folder, key), /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file || (*file)->getBufferSize() <= headerBytes)
    return nullptr;
  llvm::StringRef object = (*file)->getBuffer().drop_front(headerBytes);
  uint64_t checksum = 0;
  std::memcpy(&checksum, (*file)->getBufferStart(), headerBytes);
  if (checksum != llvm::xxh3_64bits(object))
    return nullptr;
  // a copy: the header would leave the object misaligned
  return llvm::MemoryBuffer::getMemBufferCopy(object, "kernel");
}

void ObjectCache::store(llvm::StringRef key, llvm::StringRef object) const {
  if (folder.empty() || llvm::sys::fs::create_directories(folder))
    return;
  std::string path = pathOf(folder, key);
  int descriptor = -1;
  llvm::SmallString<128> temporary;
  if (llvm::sys::fs::createUniqueFile(path + ".%%%%%%%%", descriptor,
                                      temporary))
    return;
  uint64_t checksum = llvm::xxh3_64bits(object);
  bool failed = false;
  {
    llvm::raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    os.write(reinterpret_cast<const char *>(&checksum), headerBytes);
    os << object;
    os.close();
    failed = os.has_error();
    os.clear_error();
  }
  // other processes see the whole file or none
  if (failed || llvm::sys::fs::rename(temporary, path))
    (void)llvm::sys::fs::remove(temporary);
}
