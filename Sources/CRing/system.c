#define _GNU_SOURCE
#include "system.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int csystem_direct_flag(void) { return O_DIRECT; }

void csystem_name_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }

void csystem_release_memory(void) { (void)malloc_trim(0); }

static _Thread_local int is_background;

// The first version of the kernel's struct sched_attr, which all that know the call accept.
struct scheduling {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};

void csystem_enter_background(void) {
    is_background = 1;
    // Since Linux 6.12 a thread that wakes takes the processor at once from one that asked for
    // longer turns; before, and without the request, it waits for the end of a turn of some 3 ms.
    struct scheduling attributes = {
        .size = sizeof attributes, .policy = SCHED_BATCH, .nice = 10, .runtime = 100000000};
    if (syscall(SYS_sched_setattr, 0, &attributes, 0) == 0) return;
    // On Linux a nice value belongs to a thread. Where it cannot be set the thread is merely not
    // polite.
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
}

int csystem_is_background(void) { return is_background; }

void csystem_pause(void) {
    struct timespec moment = {.tv_sec = 0, .tv_nsec = 20000};
    (void)nanosleep(&moment, NULL);
}
