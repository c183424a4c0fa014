// A worker of a simulation.

import VarveStorage

/// A worker whose steps are made by its runtime.
final class SimulatedWorker: Worker, @unchecked Sendable {
    // Invariant for Sendable: used from the one thread of its runtime.

    /// What a worker is doing.
    enum Phase: Equatable {
        case ready
        case inStep
        case idle
        case sleeping(until: UInt64)
        case finished
    }

    let name: String
    private(set) var phase = Phase.ready
    private var isWoken = false
    private var step: (@Sendable () -> WorkerStep)?
    private unowned let runtime: SimulatedRuntime

    init(
        _ runtime: SimulatedRuntime, _ name: String, _ step: @escaping @Sendable () -> WorkerStep
    ) {
        self.runtime = runtime
        self.name = name
        self.step = step
    }

    /// Whether the worker would make a step at `moment`.
    func isReady(at moment: UInt64) -> Bool {
        switch phase {
        case .ready: true
        case .inStep, .finished: false
        case .idle: isWoken
        case .sleeping(let end): isWoken || end <= moment
        }
    }

    /// When the worker ends its rest by itself; nil if it does not.
    var alarm: UInt64? {
        guard case .sleeping(let end) = phase else { return nil }
        return end
    }

    func makeStep(at moment: UInt64) -> WorkerStep {
        guard let step else { preconditionFailure("\(name) is finished") }
        if phase != .ready { isWoken = false }
        phase = .inStep
        let answer = step()
        switch answer {
        case .again: phase = .ready
        case .idle: phase = .idle
        case .sleep(let nanoseconds):
            let start = runtime.monotonicNanoseconds()
            let (end, overflow) = start.addingReportingOverflow(nanoseconds)
            phase = overflow ? .idle : .sleeping(until: end)
        case .finished:
            phase = .finished
            self.step = nil
        }
        return answer
    }

    func wake() { isWoken = true }

    func join() {
        while phase != .finished { runtime.stepOrWake("the join of \(name)") }
    }
}
