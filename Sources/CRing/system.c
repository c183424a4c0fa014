#define _GNU_SOURCE
#include "system.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int csystem_direct_flag(void) { return O_DIRECT; }

void csystem_name_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }

static _Thread_local int is_background;

void csystem_enter_background(void) {
    is_background = 1;
    // On Linux a nice value belongs to a thread. Where it cannot be set the thread is merely not polite.
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 10);
}

int csystem_is_background(void) { return is_background; }
