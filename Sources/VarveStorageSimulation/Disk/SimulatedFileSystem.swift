// A disk in memory that can lose power, fill up, fail and lie.

import Synchronization
public import VarveStorage

/// A simulated disk.
///
/// It keeps what is durable apart from what calls see: bytes become durable by
/// ``StoredFile/sync(_:)``, names by ``FileSystem/syncDirectory(_:)``, and ``crash(_:seed:)`` gives
/// the disk that a power cut would leave. Everything follows from the calls made and the seed. All
/// calls may be made from any thread; from one thread, one seed gives one history.
///
/// The root directory exists from the start. Relative paths begin there.
public final class SimulatedFileSystem: FileSystem {
    /// The rules by which calls to this disk go wrong.
    public let faults: FaultInjector
    let state: Mutex<DiskState>

    /// An empty disk, whose chance follows `seed`.
    public convenience init(seed: UInt64 = 0) {
        self.init(DiskState(seed: seed), seed: seed)
    }

    init(_ state: DiskState, seed: UInt64) {
        self.state = Mutex(state)
        faults = FaultInjector(seed: SeededGenerator.mixed(seed &+ 1))
    }

    /// Makes a call: counts it, asks the hook, lets it go wrong, records and reports it.
    func perform<Answer: Sendable>(
        _ call: DiskCall, _ path: FilePath, target: FilePath? = nil,
        range: Range<UInt64>? = nil, fileNumber: Int? = nil, payloadHash: UInt64 = 0,
        _ body: (inout DiskState, FaultEffect?) throws(StorageError) -> Answer
    ) throws(StorageError) -> Answer {
        var operation = DiskOperation(
            index: 0, call: call, path: path, target: target, range: range,
            fileNumber: fileNumber)
        let hook = state.withLock { state in
            operation.index = state.operationCount
            if call.isMutating { state.operationCount += 1 }
            return call.isMutating ? state.onOperation : nil
        }
        hook?(operation)
        let index = operation.index
        // A withheld answer may be a file, whose end needs the lock: it is kept until then.
        let (result, observers, _) = state.withLock { state in
            var withheld: Answer?
            let result = Self.result(of: call, path) { () throws(StorageError) in
                let effect = faults.effect(of: call, on: path, operationIndex: index)
                if case .fail(let failure) = effect {
                    throw state.failure(failure.errorNumber, call, path)
                }
                let answer = try body(&state, effect)
                if case .happenThenFail(let failure) = effect {
                    withheld = answer
                    throw state.failure(failure.errorNumber, call, path)
                }
                return answer
            }
            guard call.isMutating else {
                return (result, [@Sendable (DiskOperation) -> Void](), withheld)
            }
            operation.outcome =
                switch result {
                case .success(let answer): .succeeded(byteCount: answer as? Int ?? 0)
                case .failure(let error): .failed(error)
                }
            state.record(operation, payloadHash: payloadHash)
            return (result, state.observers, withheld)
        }
        for observer in observers { observer(operation) }
        return try result.get()
    }

    private static func result<Answer>(
        of call: DiskCall, _ path: FilePath, _ body: () throws(StorageError) -> Answer
    ) -> Result<Answer, StorageError> {
        guard !path.text.utf8.contains(0) else {
            let number = ErrorNumber.invalidArgument
            return .failure(
                StorageError(errorNumber: number, call: call.systemName, path: path))
        }
        do throws(StorageError) { return .success(try body()) } catch { return .failure(error) }
    }
}

extension DiskState {
    /// Adds a finished operation to trace and hash.
    mutating func record(_ operation: DiskOperation, payloadHash: UInt64) {
        hash.add(operation.index)
        hash.add(operation.call.rawValue)
        hash.add(operation.path.text)
        hash.add(operation.target?.text ?? "")
        if let range = operation.range {
            hash.add(range.lowerBound)
            hash.add(range.upperBound)
        }
        hash.add(payloadHash)
        switch operation.outcome {
        case .succeeded(let byteCount): hash.add(byteCount)
        case .failed(let error): hash.add(Int(error.errorNumber) - 1_000)
        case nil: break
        }
        if keepsTrace { trace.append(operation) }
    }
}
