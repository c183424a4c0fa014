// Wakes a worker that does not exist yet when its bell is handed out.

import Synchronization
import VarveStorage

/// Wakes the worker that has been hung on it, if there is one.
final class WorkerBell: Sendable {
    private let worker = Mutex<(any Worker)?>(nil)

    /// Hangs a worker on the bell, or takes it off.
    func hang(_ worker: (any Worker)?) { self.worker.withLock { $0 = worker } }

    /// Wakes the worker.
    func ring() { worker.withLock { $0 }?.wake() }
}
