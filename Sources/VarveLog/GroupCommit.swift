// Runs the rules of group commit with real waiting.

internal import Synchronization
public import VarveStorage

/// Commits of many threads, performed in groups by whichever thread leads.
///
/// `Request` is what a commit brings and where its results go, mostly an object; `Failure` is what
/// performing may throw. The first failure, of a group or of a sync, is final: every commit that
/// has not been acknowledged throws it, then and later.
public final class GroupCommit<Request: Sendable, Failure: Error>: Sendable {
    private struct Shared {
        var state: GroupCommitState
        var requests: [Request] = []
        var failure: Failure?
    }

    private let runtime: any Runtime
    private let gate: any Gate
    private let shared: Mutex<Shared>
    private let perform: @Sendable ([Request], CommitGroup) throws(Failure) -> Void
    private let startInterval: @Sendable () -> Void
    /// Copies of the state that waiting threads look at without the lock.
    private let acknowledgedEnd = Atomic<UInt64>(0)
    private let leader = Atomic<UInt64>(.max)
    private let isFailed = Atomic<Bool>(false)

    /// A queue without commits.
    ///
    /// - Parameters:
    ///   - perform: writes a group and, where the group says so, syncs it; called by one thread at
    ///     a time, in the order of tickets. It must not wait for another commit.
    ///   - startInterval: called when ``syncStep(_:)`` has something to wait for again; wakes its
    ///     worker.
    public init(
        _ runtime: any Runtime, state: GroupCommitState,
        startInterval: @escaping @Sendable () -> Void = {},
        perform: @escaping @Sendable ([Request], CommitGroup) throws(Failure) -> Void
    ) {
        self.runtime = runtime
        gate = runtime.makeGate()
        shared = Mutex(Shared(state: state))
        self.startInterval = startInterval
        self.perform = perform
    }

    /// Commits `request`, whose payload has `byteCount` bytes; returns when it is acknowledged by
    /// the policy.
    ///
    /// - Throws: what performing it threw, or what had ended the commits before.
    public func commit(_ request: Request, byteCount: Int) throws(Failure) {
        let (ticket, role) = try shared.withLock { shared throws(Failure) in
            if let failure = shared.failure { throw failure }
            guard let place = shared.state.enqueue(byteCount: byteCount) else {
                preconditionFailure("failed without a failure")
            }
            shared.requests.append(request)
            return place
        }
        if role == .wait {
            let place = ticket.rawValue
            gate.wait {
                acknowledgedEnd.load(ordering: .acquiring) > place
                    || leader.load(ordering: .acquiring) == place
                    || isFailed.load(ordering: .acquiring)
            }
            if acknowledgedEnd.load(ordering: .acquiring) > place { return }
            if let failure { throw failure }
        }
        try lead()
    }

    /// The failure that ended the commits; nil while they go on.
    public var failure: Failure? { shared.withLock { $0.failure } }

    /// Ends the commits for a reason from elsewhere; the first reason stays.
    public func fail(_ failure: Failure) {
        shared.withLock { shared in
            guard shared.failure == nil else { return }
            shared.failure = failure
            shared.state.fail()
            shared.requests.removeAll()
        }
        isFailed.store(true, ordering: .releasing)
        gate.open()
    }

    /// Syncs what has been acknowledged before the call, by way of `sync`; for requests, whatever
    /// the policy.
    public func sync(_ sync: () throws(Failure) -> Void) throws(Failure) {
        let end = try shared.withLock { shared throws(Failure) in
            if let failure = shared.failure { throw failure }
            return shared.state.beginSync()
        }
        do throws(Failure) {
            try sync()
        } catch {
            fail(error)
            throw error
        }
        shared.withLock { $0.state.endSync(end) }
    }

    /// One step of the worker that keeps the policy's interval, syncing by way of `sync` when due.
    ///
    /// A failure of `sync` ends the commits.
    public func syncStep(_ sync: () throws(Failure) -> Void) -> WorkerStep {
        let now = runtime.monotonicNanoseconds()
        switch shared.withLock({ $0.state.syncAction(at: now) }) {
        case .none: return .idle
        case .wait(let nanoseconds): return .sleep(nanoseconds: nanoseconds)
        case .sync:
            // The failure is kept and thrown to every commit from now on.
            try? self.sync(sync)
            return .again
        }
    }

    /// Performs the group at the front of the queue, of which this thread's commit is the first.
    private func lead() throws(Failure) {
        let (group, requests) = try shared.withLock { shared throws(Failure) in
            if let failure = shared.failure { throw failure }
            let group = shared.state.takeGroup()
            let requests = Array(shared.requests.prefix(group.count))
            shared.requests.removeFirst(group.count)
            return (group, requests)
        }
        do throws(Failure) {
            try perform(requests, group)
        } catch {
            fail(error)
            throw error
        }
        let now = group.mustSync ? 0 : runtime.monotonicNanoseconds()
        let outcome = try shared.withLock { shared throws(Failure) in
            if let failure = shared.failure { throw failure }
            let outcome = shared.state.finish(group, at: now)
            acknowledgedEnd.store(group.end.rawValue, ordering: .releasing)
            leader.store(outcome.nextLeader?.rawValue ?? .max, ordering: .releasing)
            return outcome
        }
        if outcome.mustWake { gate.open() }
        if outcome.startsInterval { startInterval() }
    }
}
