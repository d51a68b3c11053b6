/*===- Output.c - Output files that are whole or not there ----------------===*/

#include "Output.h"
#include "Npy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char sanitise(char c) {
  int keep = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
             (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  return keep ? c : '_';
}

static int same_file_name(const char *a, const char *b) {
  for (; *a && *b; ++a, ++b)
    if (sanitise(*a) != sanitise(*b))
      return 0;
  return *a == *b;
}

int dlc_output_name(const dlc_tensor_info *tensors, uint32_t count,
                    uint32_t index, char *name, size_t capacity) {
  const char *text = tensors[index].name;
  size_t size = 0;
  for (; text[size]; ++size) {
    if (size + 1 >= capacity)
      return -1;
    name[size] = sanitise(text[size]);
  }
  (void)count;
  char end[24] = ".npy";
  for (uint32_t i = 0; i < index; ++i)
    if (same_file_name(tensors[i].name, text)) {
      snprintf(end, sizeof(end), "_%u.npy", index);
      break;
    }
  if (size + strlen(end) >= capacity)
    return -1;
  strcpy(name + size, end);
  return (int)(size + strlen(end));
}

/* mkdir -p */
static int make_folder(const char *folder) {
  char path[PATH_MAX];
  size_t size = strlen(folder);
  if (size >= sizeof(path))
    return ENAMETOOLONG;
  memcpy(path, folder, size + 1);
  for (size_t i = 1; i <= size; ++i) {
    if (path[i] != '/' && path[i] != '\0')
      continue;
    char end = path[i];
    path[i] = '\0';
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
      /* An existing folder on a read-only file system says EROFS. */
      int reason = errno;
      struct stat status;
      if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return reason;
    }
    path[i] = end;
  }
  return 0;
}

int dlc_write_outputs(const char *folder, const dlc_tensor_info *tensors,
                      uint32_t count, void *const *data, dlc_error *error) {
  int reason = make_folder(folder);
  if (reason)
    return dlc_fail(error, "%.400s: cannot make the folder: %s", folder,
                    strerror(reason));
  int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return dlc_fail(error, "%.400s: cannot open the folder: %s", folder,
                    strerror(errno));

  char name[NAME_MAX + 1], temporary[48];
  uint32_t written = 0;
  for (; written < count && !reason; ++written) {
    if (dlc_output_name(tensors, count, written, name, sizeof(name)) < 0) {
      reason = ENAMETOOLONG;
      break;
    }
    snprintf(temporary, sizeof(temporary), ".dlc-%ld-%u.tmp", (long)getpid(),
             written);
    unlinkat(directory, temporary, 0); /* of a killed process with our id */
    int fd = openat(directory, temporary,
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
      reason = errno;
      break;
    }
    reason = dlc_npy_write(fd, &tensors[written], data[written]);
    /* File systems may report a full disk only here. */
    if (close(fd) != 0 && !reason)
      reason = errno;
  }
  for (uint32_t i = 0; i < count && !reason; ++i) {
    dlc_output_name(tensors, count, i, name, sizeof(name));
    snprintf(temporary, sizeof(temporary), ".dlc-%ld-%u.tmp", (long)getpid(),
             i);
    if (renameat(directory, temporary, directory, name) != 0)
      reason = errno;
  }
  if (reason)
    for (uint32_t i = 0; i < count; ++i) {
      snprintf(temporary, sizeof(temporary), ".dlc-%ld-%u.tmp", (long)getpid(),
               i);
      unlinkat(directory, temporary, 0);
    }
  close(directory);
  if (reason)
    return dlc_fail(error, "%.400s/%.300s: cannot write: %s", folder, name,
                    strerror(reason));
  return 0;
}
