// What Linux has and Swift's view of glibc has not, because it hides behind a feature macro.
#pragma once

// The open(2) flag for reading past the page cache; another number on every architecture.
int csystem_direct_flag(void);

// Names the calling thread for debuggers and profilers. The kernel refuses more than 15 bytes.
void csystem_name_thread(const char *name);
