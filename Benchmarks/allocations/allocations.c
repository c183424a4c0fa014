// Counts allocations: stands before the C library's functions of the same names and calls them.
//
// Only programs that link this target count; nothing is changed but the count of the thread.

#define _GNU_SOURCE
#include "allocations.h"

#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Thread_local uint64_t count;

uint64_t vb_allocation_count(void) { return count; }

void *malloc(size_t byte_count) {
    count++;
    return __libc_malloc(byte_count);
}

void *calloc(size_t item_count, size_t byte_count) {
    count++;
    return __libc_calloc(item_count, byte_count);
}

void *realloc(void *memory, size_t byte_count) {
    count++;
    return __libc_realloc(memory, byte_count);
}

void *memalign(size_t alignment, size_t byte_count) {
    count++;
    return __libc_memalign(alignment, byte_count);
}

void *aligned_alloc(size_t alignment, size_t byte_count) {
    return memalign(alignment, byte_count);
}

int posix_memalign(void **memory, size_t alignment, size_t byte_count) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1))) return EINVAL;
    void *found = memalign(alignment, byte_count);
    if (!found) return ENOMEM;
    *memory = found;
    return 0;
}
