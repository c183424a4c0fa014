// Batches of reads through io_uring, as plain C.
//
// liburing's own header must not be seen from here: it changes glibc's feature macros, after which
// Swift's view of glibc and this module's no longer agree.
#pragma once

#include <stdint.h>

// A submission and a completion queue shared with the kernel. To be used by one thread at a time.
typedef struct cring cring;

// One read: `length` bytes at `offset` of descriptor `fd` into `buffer`. The buffer belongs to the
// kernel until the completion with this tag has been reaped.
typedef struct {
    uint64_t offset;
    uint64_t tag;
    void *buffer;
    uint32_t length;
    int32_t fd;
} cring_read;

// What came of the read with this tag: bytes read, or a negated errno.
typedef struct {
    uint64_t tag;
    int64_t result;
} cring_completion;

// Makes a ring for up to `depth` reads in flight. If `registered_fd` is not negative, reads of that
// descriptor are spared the kernel's lookup of it; it may be closed only after the ring.
// Returns 0, or a negated errno: no ring on this machine, or none for this process.
int cring_create(unsigned depth, int registered_fd, cring **ring);

// Hands `count` reads to the kernel with one system call. Returns how many it took, which may be
// fewer, or a negated errno.
int cring_submit(cring *ring, const cring_read *reads, unsigned count);

// Waits until `minimum` completions are there, and moves up to `capacity` of them out. Looks for
// them without sleeping for about `spin_nanoseconds` first. Returns how many, or a negated errno.
int cring_reap(
    cring *ring, unsigned minimum, cring_completion *completions, unsigned capacity,
    uint64_t spin_nanoseconds);

// Frees the ring. No read may be in flight.
void cring_destroy(cring *ring);
