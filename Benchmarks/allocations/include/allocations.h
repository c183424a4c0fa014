// How often a thread has asked for memory.

#ifndef VARVE_ALLOCATIONS_H
#define VARVE_ALLOCATIONS_H

#include <stdint.h>

/// Calls of malloc and its kin by this thread, from its beginning on.
uint64_t vb_allocation_count(void);

#endif
