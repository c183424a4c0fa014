#define _GNU_SOURCE
#include "system.h"

#include <fcntl.h>
#include <pthread.h>

int csystem_direct_flag(void) { return O_DIRECT; }

void csystem_name_thread(const char *name) { (void)pthread_setname_np(pthread_self(), name); }
