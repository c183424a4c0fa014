// How a thread of the engine comes to be.

import CRing
import Glibc

/// What a new thread is to do, on its way through C.
private final class ThreadBody {
    let name: String
    let run: @Sendable () -> Void

    init(_ name: String, _ run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}

/// The first function of every thread of the engine.
private func threadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    // Safety: `startThread` passed exactly this, retained once, when the thread was made.
    let body = unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue()
    // The kernel keeps 15 bytes of a name and refuses longer ones.
    unsafe csystem_name_thread(String(decoding: body.name.utf8.prefix(15), as: UTF8.self))
    body.run()
    return nil
}

/// Starts a detached thread that calls `run` and ends; false if the system has none to give.
///
/// The thread leaves the signals of its host alone: only those that a fault of its own raises reach
/// it.
func startThread(_ name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
    var blocked = sigset_t()
    var previous = sigset_t()
    unsafe sigfillset(&blocked)
    for own in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF] {
        unsafe sigdelset(&blocked, own)
    }
    // A thread inherits the mask of the one that makes it.
    unsafe pthread_sigmask(SIG_SETMASK, &blocked, &previous)
    defer { unsafe pthread_sigmask(SIG_SETMASK, &previous, nil) }

    var attributes = pthread_attr_t()
    guard unsafe pthread_attr_init(&attributes) == 0 else { return false }
    defer { unsafe pthread_attr_destroy(&attributes) }
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let body = unsafe Unmanaged.passRetained(ThreadBody(name, run))
    var thread = pthread_t()
    guard unsafe pthread_create(&thread, &attributes, threadMain, body.toOpaque()) == 0 else {
        unsafe body.release()
        return false
    }
    return true
}
