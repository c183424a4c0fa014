// Lines that closures may add to.

import Synchronization

/// A list of lines shared between a test and the closures it hands out.
final class Recorder: Sendable {
    private let state = Mutex<[String]>([])

    var lines: [String] { state.withLock { $0 } }

    func add(_ line: String) { state.withLock { $0.append(line) } }
}
