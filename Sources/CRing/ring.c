// The ring: a few lines over liburing.
#include "ring.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

// liburing maps and unmaps its queues by bare system calls. The thread sanitizer does not see
// them, and takes a ring at the address of an earlier one for the same memory.
#pragma clang attribute push( \
    __attribute__((disable_sanitizer_instrumentation)), apply_to = function)

#include <liburing.h>

struct cring {
    struct io_uring queues;
    int registered_fd;
};

int cring_create(unsigned depth, int registered_fd, cring **ring) {
    cring *made = calloc(1, sizeof *made);
    if (!made) return -ENOMEM;
    // Default flags: a ring may pass from thread to thread, which the faster ones (single issuer,
    // deferred task work) forbid for a gain of a few hundredths.
    int result = io_uring_queue_init(depth, &made->queues, 0);
    if (result < 0) {
        free(made);
        return result;
    }
    made->registered_fd = -1;
    if (registered_fd >= 0 && io_uring_register_files(&made->queues, &registered_fd, 1) == 0)
        made->registered_fd = registered_fd;
    *ring = made;
    return 0;
}

int cring_submit(cring *ring, const cring_read *reads, unsigned count) {
    unsigned queued = 0;
    while (queued < count) {
        struct io_uring_sqe *entry = io_uring_get_sqe(&ring->queues);
        if (!entry) break;
        const cring_read *read = &reads[queued++];
        int is_registered = read->fd == ring->registered_fd;
        io_uring_prep_read(
            entry, is_registered ? 0 : read->fd, read->buffer, read->length, read->offset);
        if (is_registered) entry->flags |= IOSQE_FIXED_FILE;
        io_uring_sqe_set_data64(entry, read->tag);
    }
    // What an interrupted or refused call leaves in the queue must go before anything else does:
    // the entries point to the caller's buffers.
    unsigned taken = 0;
    while (taken < queued) {
        int result = io_uring_submit(&ring->queues);
        if (result == -EINTR || result == -EAGAIN || result == -EBUSY) continue;
        if (result < 0) return result;
        taken += (unsigned)result;
    }
    return (int)taken;
}

static uint64_t monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

// Looks for `minimum` completions without sleeping, for a while.
static void spin(cring *ring, unsigned minimum, uint64_t nanoseconds) {
    uint64_t end = 0;
    for (unsigned round = 0; io_uring_cq_ready(&ring->queues) < minimum; round++) {
        // The clock costs as much as a few looks.
        if (round % 32 != 0) continue;
        uint64_t now = monotonic_nanoseconds();
        if (end == 0) end = now + nanoseconds;
        if (now >= end) return;
        // Completions may be waiting for the kernel to run on this thread.
        io_uring_get_events(&ring->queues);
    }
}

int cring_reap(
    cring *ring, unsigned minimum, cring_completion *completions, unsigned capacity,
    uint64_t spin_nanoseconds) {
    if (minimum > capacity) return -EINVAL;
    if (spin_nanoseconds > 0) spin(ring, minimum, spin_nanoseconds);
    while (io_uring_cq_ready(&ring->queues) < minimum) {
        int result = io_uring_submit_and_wait(&ring->queues, minimum);
        if (result < 0 && result != -EINTR) return result;
    }
    unsigned count = 0;
    unsigned head;
    struct io_uring_cqe *entry;
    io_uring_for_each_cqe(&ring->queues, head, entry) {
        if (count == capacity) break;
        completions[count].tag = io_uring_cqe_get_data64(entry);
        completions[count].result = entry->res;
        count++;
    }
    io_uring_cq_advance(&ring->queues, count);
    return (int)count;
}

void cring_destroy(cring *ring) {
    io_uring_queue_exit(&ring->queues);
    free(ring);
}

#pragma clang attribute pop
