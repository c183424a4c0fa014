// A gate of a simulation.

import VarveStorage

/// A gate at which waiting means letting others make steps.
final class SimulatedGate: Gate, @unchecked Sendable {
    // Invariant for Sendable: used from the one thread of its runtime.
    private unowned let runtime: SimulatedRuntime

    init(_ runtime: SimulatedRuntime) { self.runtime = runtime }

    func wait(until condition: () -> Bool) {
        while !condition() { runtime.stepOrWake("a gate") }
    }

    // Every waiter looks at its condition after each step anyway.
    func open() {}
}
