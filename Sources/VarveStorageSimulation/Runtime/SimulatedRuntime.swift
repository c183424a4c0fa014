// Clock, chance and threads of a simulation: one thread, one seed, one history.

public import VarveStorage

/// A runtime in which nothing happens but by its own steps, in an order drawn from a seed.
///
/// There is one thread: a worker's step runs inside a call of ``step()``, ``runUntilIdle()``, a
/// sleep, a join or a wait at a gate. A worker that waits inside its own step lets others make
/// steps but stays beneath them: it goes on only after they have returned. The clock moves with
/// every step by a little, and with sleep.
///
/// To be used from one thread only.
public final class SimulatedRuntime: Runtime, @unchecked Sendable {
    // Invariant for Sendable: everything here is used from one thread.

    private var generator: SeededGenerator
    private var hash = HistoryHash()
    private var now: UInt64 = 1_000_000_000
    private var workers: [SimulatedWorker] = []
    /// What the calendar says at the clock's zero; set it back to play a clock that jumps.
    public var wallClockOffsetMicroseconds: Int64 = 1_750_000_000_000_000

    /// What the calendar of a new runtime says, in microseconds since 1970.
    public static let firstMoment: Int64 = 1_750_000_001_000_000

    /// A runtime whose order, chance and small delays follow `seed`.
    ///
    /// - Parameter now: What the calendar says at first, in microseconds since 1970;
    ///   ``firstMoment`` unless given.
    public init(seed: UInt64, now: Int64? = nil) {
        generator = SeededGenerator(seed: seed)
        wallClockOffsetMicroseconds += (now ?? Self.firstMoment) - Self.firstMoment
    }

    /// A hash over all steps so far: which worker made each, when, and what it answered.
    public var traceHash: UInt64 { hash.value }

    // MARK: - Steps

    /// Has one worker that has something to do make a step.
    ///
    /// - Returns: Whether there was one. Workers that sleep have nothing to do before their time.
    @discardableResult
    public func step() -> Bool {
        workers.removeAll { $0.phase == .finished }
        let ready = workers.filter { $0.isReady(at: now) }
        guard !ready.isEmpty else { return false }
        let worker = ready[generator.below(ready.count)]
        now += UInt64(1 + generator.below(2_000))
        let answer = worker.makeStep(at: now)
        hash.add(worker.name)
        hash.add(now)
        hash.add(answer.historyCode)
        return true
    }

    /// Has workers make steps until none has anything to do; the clock is not moved on for those
    /// that sleep.
    ///
    /// Traps after `limit` steps: some worker never rests.
    public func runUntilIdle(limit: Int = 10_000_000) {
        var count = 0
        while step() {
            count += 1
            precondition(count < limit, "no rest after \(limit) steps: \(situation)")
        }
    }

    /// Has a step made, moving the clock on to the next sleeper if all rest; traps if none sleeps.
    func stepOrWake(_ purpose: String) {
        if step() { return }
        guard let moment = workers.compactMap(\.alarm).min() else {
            preconditionFailure("deadlock: \(purpose) waits for ever; \(situation)")
        }
        now = max(now, moment)
    }

    /// What every worker is doing, for the message of a trap.
    private var situation: String {
        workers.isEmpty
            ? "there are no workers"
            : workers.map { "\($0.name) is \($0.phase)" }.joined(separator: ", ")
    }

    // MARK: - Runtime

    public func monotonicNanoseconds() -> UInt64 { now }

    public func wallClockMicroseconds() -> Int64 {
        wallClockOffsetMicroseconds + Int64(now / 1_000)
    }

    public func randomBits() -> UInt64 { generator.next() }

    public func enterBackground() {}

    public func noteForeground() {}

    public func startWorker(_ name: String, _ step: @escaping @Sendable () -> WorkerStep)
        -> any Worker
    {
        let worker = SimulatedWorker(self, name, step)
        workers.append(worker)
        return worker
    }

    public func makeGate() -> any Gate { SimulatedGate(self) }

    /// Calls `body` for one index after the other.
    public func parallel(count: Int, threadCount: Int, _ body: @Sendable (Int) -> Void) {
        for index in 0..<max(0, count) { body(index) }
    }

    /// Lets simulated time pass, in which workers make steps.
    public func sleep(nanoseconds: UInt64) {
        let (end, overflow) = now.addingReportingOverflow(nanoseconds)
        precondition(!overflow, "nobody sleeps until the end of time")
        while now < end {
            if step() { continue }
            now = min(end, workers.compactMap(\.alarm).min() ?? end)
        }
    }
}

extension WorkerStep {
    /// A number for this answer in a history.
    fileprivate var historyCode: UInt64 {
        switch self {
        case .again: 1
        case .idle: 2
        case .finished: 3
        case .sleep(let nanoseconds): 4 &+ nanoseconds
        }
    }
}
