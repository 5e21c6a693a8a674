/* A medium that fails. Preloaded, it makes reads of the file whose path ends with $FAULTY_FILE return at most
   $FAULTY_SHORT bytes; those that begin in [$FAULTY_FROM, $FAULTY_TO) fail with $FAULTY_ERRNO, $FAULTY_TIMES times. */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long failures;

static long number(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}

static int is_faulty(int fd) {
    const char *file = getenv("FAULTY_FILE");
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = file ? readlink(link, path, sizeof path) : -1;
    size_t ending = file ? strlen(file) : 0;
    return length >= (ssize_t)ending && !memcmp(path + length - ending, file, ending);
}

/* How many bytes may be read of a file at a place; -1 if that fails. */
static ssize_t allowed(int fd, size_t size, off_t at) {
    if (!is_faulty(fd))
        return size;
    if (at >= number("FAULTY_FROM", 0) && at < number("FAULTY_TO", LONG_MAX)
        && atomic_fetch_add(&failures, 1) < number("FAULTY_TIMES", 0)) {
        errno = number("FAULTY_ERRNO", EIO);
        return -1;
    }
    size_t most = number("FAULTY_SHORT", SSIZE_MAX);
    return size < most ? size : most;
}

ssize_t pread64(int fd, void *to, size_t size, off64_t at) {
    ssize_t most = allowed(fd, size, at);
    return most < 0 ? -1 : syscall(SYS_pread64, fd, to, most, at);
}

ssize_t pread(int fd, void *to, size_t size, off_t at) { return pread64(fd, to, size, at); }

ssize_t read(int fd, void *to, size_t size) {
    ssize_t most = allowed(fd, size, lseek(fd, 0, SEEK_CUR));
    return most < 0 ? -1 : syscall(SYS_read, fd, to, most);
}

ssize_t readv(int fd, const struct iovec *to, int parts) {
    return parts ? read(fd, to->iov_base, to->iov_len) : 0;
}

ssize_t preadv(int fd, const struct iovec *to, int parts, off_t at) {
    return parts ? pread(fd, to->iov_base, to->iov_len, at) : 0;
}
