// What Linux has and Swift's view of glibc has not, because it hides behind a feature macro.
#pragma once

// The open(2) flag for reading past the page cache; another number on every architecture.
int csystem_direct_flag(void);

// Names the calling thread for debuggers and profilers. The kernel refuses more than 15 bytes.
void csystem_name_thread(const char *name);

/// Gives memory that the allocator holds and nobody uses back to the kernel.
void csystem_release_memory(void);

/// Makes the calling thread give way to the others of the process (nice 10), and remembers that it
/// does.
void csystem_enter_background(void);

/// Lets some microseconds pass for a thread that another one waits for.
void csystem_pause(void);

/// Whether the calling thread has entered the background.
int csystem_is_background(void);
