// Group commit with threads.

import Synchronization
import Testing
import VarveFormat
import VarveLog
import VarveStorage

@Suite struct GroupCommitTests {
    struct Failure: Error, Equatable { var number: Int }

    /// What a commit brings, and the place it was given.
    final class Request: Sendable {
        let value: Int
        let place = Atomic<Int>(-1)
        init(_ value: Int) { self.value = value }
    }

    /// Performed values in order, and how many groups it took.
    struct Journal {
        var values: [Int] = []
        var groupCount = 0
        var isPerforming = false
    }

    /// Runs `body` on `count` threads of their own.
    static func onThreads(
        _ runtime: SystemRuntime, _ count: Int, _ body: @escaping @Sendable (Int) -> Void
    ) {
        let workers = (0..<count).map { index in
            runtime.startWorker("test \(index)") {
                body(index)
                return .finished
            }
        }
        for worker in workers { worker.join() }
    }

    @Test(arguments: [1, 2, 8], [DurabilityPolicy.everyCommit, .onRequest])
    func `every commit of every thread is performed once, in its thread's order`(
        threadCount: Int, policy: DurabilityPolicy
    ) {
        let runtime = SystemRuntime()
        let journal = Mutex(Journal())
        let commits = GroupCommit<Request, Failure>(
            runtime, state: GroupCommitState(policy: policy, maximumByteCount: 50)
        ) { requests, group in
            #expect(requests.count == group.count)
            journal.withLock {
                #expect(!$0.isPerforming)
                $0.isPerforming = true
            }
            journal.withLock {
                for request in requests {
                    request.place.store($0.values.count, ordering: .relaxed)
                    $0.values.append(request.value)
                }
                $0.groupCount += 1
                $0.isPerforming = false
            }
        }
        let perThread = 500
        Self.onThreads(runtime, threadCount) { thread in
            var last = -1
            for index in 0..<perThread {
                let request = Request(thread * perThread + index)
                #expect(throws: Never.self) { try commits.commit(request, byteCount: 10) }
                let place = request.place.load(ordering: .relaxed)
                #expect(place > last)
                last = place
            }
        }
        let values = journal.withLock { $0.values }
        #expect(values.sorted() == Array(0..<threadCount * perThread))
    }

    @Test func `a failure reaches every commit that was not acknowledged`() {
        let runtime = SystemRuntime()
        let performed = Atomic<Int>(0)
        let commits = GroupCommit<Request, Failure>(
            runtime, state: GroupCommitState(policy: .everyCommit, maximumCount: 3)
        ) { requests, _ throws(Failure) in
            if performed.load(ordering: .relaxed) > 200 { throw Failure(number: 7) }
            performed.add(requests.count, ordering: .relaxed)
        }
        let acknowledged = Atomic<Int>(0)
        Self.onThreads(runtime, 6) { _ in
            for index in 0..<200 {
                do throws(Failure) {
                    try commits.commit(Request(index), byteCount: 1)
                    acknowledged.add(1, ordering: .relaxed)
                } catch {
                    #expect(error == Failure(number: 7))
                }
            }
        }
        #expect(
            acknowledged.load(ordering: .relaxed) == performed.load(ordering: .relaxed))
        #expect(commits.failure == Failure(number: 7))
        commits.fail(Failure(number: 8))
        #expect(throws: Failure(number: 7)) { try commits.commit(Request(0), byteCount: 1) }
        #expect(throws: Failure(number: 7)) { try commits.sync {} }
    }

    @Test func `a failed sync ends the commits`() {
        let commits = GroupCommit<Request, Failure>(
            SystemRuntime(), state: GroupCommitState(policy: .interval(milliseconds: 0))
        ) { _, _ in }
        #expect(throws: Never.self) { try commits.commit(Request(0), byteCount: 1) }
        let step = commits.syncStep { () throws(Failure) in throw Failure(number: 1) }
        #expect(step == .again)
        #expect(commits.syncStep {} == .idle)
        #expect(throws: Failure(number: 1)) { try commits.commit(Request(0), byteCount: 1) }
    }

    @Test func `the worker of an interval is woken, syncs, and rests`() {
        let wakes = Atomic<Int>(0)
        let syncs = Atomic<Int>(0)
        let commits = GroupCommit<Request, Failure>(
            SystemRuntime(), state: GroupCommitState(policy: .interval(milliseconds: 3_600_000)),
            startInterval: { wakes.add(1, ordering: .relaxed) }
        ) { _, _ in }
        let step = { commits.syncStep { syncs.add(1, ordering: .relaxed) } }
        #expect(step() == .idle)
        for _ in 0..<3 {
            #expect(throws: Never.self) { try commits.commit(Request(0), byteCount: 1) }
        }
        #expect(wakes.load(ordering: .relaxed) == 1)
        guard case .sleep = step() else {
            Issue.record("no sleep")
            return
        }
        #expect(throws: Never.self) { try commits.sync { syncs.add(1, ordering: .relaxed) } }
        #expect(syncs.load(ordering: .relaxed) == 1)
        #expect(step() == .idle)
    }

    @Test func `commits of many threads end up in one log, in order`() throws {
        let runtime = SystemRuntime()
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk)
        let commits = GroupCommit<Request, LogError>(
            runtime, state: GroupCommitState(policy: .everyCommit)
        ) { requests, group throws(LogError) in
            var sequence = writer.lastSequence
            var payloads: [[UInt8]] = []
            for request in requests {
                sequence = sequence.next
                payloads.append(Sample.payload(sequence.rawValue, textByteCount: request.value))
            }
            try writer.append(payloads: payloads)
            if group.mustSync { try writer.sync() }
        }
        Self.onThreads(runtime, 4) { _ in
            for index in 0..<50 {
                #expect(throws: Never.self) { try commits.commit(Request(index), byteCount: 100) }
            }
        }
        #expect(writer.syncedSequence == SequenceNumber(200))
        let found = try Sample.read(disk, Sample.newest(synced: writer.byteCount))
        #expect(found.log.batchCount == 200)
        #expect(found.log.verdict == .cleanEnd)
    }
}
