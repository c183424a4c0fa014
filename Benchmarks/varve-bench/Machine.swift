// What the machine and the process have to say.

import Glibc

/// Nanoseconds of a clock that never goes back.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Seconds since an earlier ``monotonicNanoseconds()``.
func seconds(since start: UInt64) -> Double { Double(monotonicNanoseconds() - start) / 1e9 }

/// Seconds that all threads of this process have been running so far.
func processorSeconds() -> Double {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Seconds that the calling thread has been running so far.
func threadSeconds() -> Double {
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// A number of KiB out of `/proc/self/status`, in MiB: `VmRSS` now, `VmHWM` at its highest.
func residentMebibytes(_ field: String) -> Double {
    let line = textOfFile("/proc/self/status").split(separator: "\n").first {
        $0.hasPrefix(field + ":")
    }
    return (line.flatMap { Double($0.filter(\.isNumber)) } ?? 0) / 1024
}

/// Bytes this process has had written to disks so far.
func writtenByteCount() -> Int {
    let line = textOfFile("/proc/self/io").split(separator: "\n").first {
        $0.hasPrefix("write_bytes:")
    }
    return line.flatMap { Int($0.filter(\.isNumber)) } ?? 0
}

/// The processor, its cores, the memory, the kernel and how this program was built.
func environmentFacts() -> JSONValue {
    let processor =
        textOfFile("/proc/cpuinfo").split(separator: "\n")
        .first { $0.hasPrefix("model name") }?.split(separator: ":").last ?? "unknown"
    let kernel = textOfFile("/proc/sys/kernel/osrelease").prefix { $0 != "\n" }
    let pageCount = sysconf(Int32(_SC_PHYS_PAGES))
    let pageByteCount = sysconf(Int32(_SC_PAGESIZE))
    #if DEBUG
        let build = "debug"
    #else
        let build = "release"
    #endif
    return .object([
        ("cpu", .text(String(processor.drop { $0 == " " }))),
        ("cores", .integer(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
        ("memory_mib", .integer((pageCount * pageByteCount) >> 20)),
        ("kernel", .text(String(kernel))),
        ("build", .text(build)),
    ])
}

/// The whole of a small file, such as those under `/proc`; empty if it cannot be read.
func textOfFile(_ path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = unsafe read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
        bytes.append(contentsOf: buffer[..<count])
    }
}
