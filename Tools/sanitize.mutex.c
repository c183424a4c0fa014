// Tells the thread sanitizer of the language's Mutex what it cannot see: that a lock taken after
// waiting follows the unlock before it. The fast way of a lock is compiled into its users and seen;
// the slow one is in a library that is not built with the sanitizer. Built and preloaded by
// Tools/sanitize.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

// Missing in programs that are not built with the sanitizer, such as the one that runs the tests.
void __tsan_acquire(void *address) __attribute__((weak));
void __tsan_release(void *address) __attribute__((weak));

#define CONTEXT __attribute__((swift_context)) void *mutex
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef __attribute__((swiftcall)) void (*lock_function)(uint32_t thread, CONTEXT);
typedef __attribute__((swiftcall)) bool (*try_function)(CONTEXT);
typedef __attribute__((swiftcall)) void (*unlock_function)(CONTEXT);

__attribute__((swiftcall)) void lock_slowly(uint32_t thread, CONTEXT) __asm__(LOCK);
__attribute__((swiftcall)) bool try_slowly(CONTEXT) __asm__(TRY);
__attribute__((swiftcall)) void unlock_slowly(CONTEXT) __asm__(UNLOCK);

__attribute__((swiftcall)) void lock_slowly(uint32_t thread, CONTEXT) {
    ((lock_function)dlsym(RTLD_NEXT, LOCK))(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

__attribute__((swiftcall)) bool try_slowly(CONTEXT) {
    const bool is_locked = ((try_function)dlsym(RTLD_NEXT, TRY))(mutex);
    if (is_locked && __tsan_acquire) __tsan_acquire(mutex);
    return is_locked;
}

__attribute__((swiftcall)) void unlock_slowly(CONTEXT) {
    if (__tsan_release) __tsan_release(mutex);
    ((unlock_function)dlsym(RTLD_NEXT, UNLOCK))(mutex);
}
