// The rules of group commit, step by step.

import Testing
import VarveLog

@Suite struct GroupCommitStateTests {
    static func state(
        _ policy: DurabilityPolicy = .everyCommit, bytes: Int = 100, count: Int = 4
    ) -> GroupCommitState {
        GroupCommitState(policy: policy, maximumByteCount: bytes, maximumCount: count)
    }

    @Test func `a lone commit leads, syncs and wakes nobody`() {
        var state = Self.state()
        let place = state.enqueue(byteCount: 10)
        #expect(place?.ticket == CommitTicket(0))
        #expect(place?.role == .lead)
        let group = state.takeGroup()
        #expect(
            group == CommitGroup(first: CommitTicket(0), count: 1, byteCount: 10, mustSync: true))
        #expect(state.standing(of: CommitTicket(0)) == .leads)
        let outcome = state.finish(group, at: 0)
        #expect(outcome.nextLeader == nil && !outcome.mustWake && !outcome.startsInterval)
        #expect(state.standing(of: CommitTicket(0)) == .acknowledged)
        #expect(state.durable == CommitTicket(1))
        #expect(state.enqueue(byteCount: 1)?.role == .lead)
    }

    @Test func `commits that come while one leads wait and go together`() {
        var state = Self.state()
        _ = state.enqueue(byteCount: 10)
        let first = state.takeGroup()
        for _ in 0..<3 { #expect(state.enqueue(byteCount: 10)?.role == .wait) }
        let outcome = state.finish(first, at: 0)
        #expect(outcome.nextLeader == CommitTicket(1) && outcome.mustWake)
        #expect(state.standing(of: CommitTicket(1)) == .leads)
        #expect(state.standing(of: CommitTicket(2)) == .waiting)
        // One that comes between the hand-over and the new leader's start goes along.
        #expect(state.enqueue(byteCount: 10)?.role == .wait)
        let second = state.takeGroup()
        #expect(second.first == CommitTicket(1) && second.count == 4 && second.byteCount == 40)
        #expect(state.finish(second, at: 0).mustWake)
        #expect(state.standing(of: CommitTicket(4)) == .acknowledged)
    }

    /// Sizes in the queue, and the sizes of the groups they make.
    static let caps: [([Int], [Int])] = [
        ([10, 10, 10], [3]),
        ([10, 10, 10, 10, 10], [4, 1]),
        ([60, 40, 1], [2, 1]),
        ([60, 41, 1], [1, 2]),
        ([500, 1], [1, 1]),
        ([1, 500, 500, 1], [1, 1, 1, 1]),
        ([0, 0, 0, 0, 0, 0, 0, 0, 0], [4, 4, 1]),
    ]

    @Test(arguments: caps)
    func `groups keep to the caps on bytes and number`(sizes: [Int], groups: [Int]) {
        var state = Self.state()
        for size in sizes { _ = state.enqueue(byteCount: size) }
        var found: [Int] = []
        while found.reduce(0, +) < sizes.count {
            let group = state.takeGroup()
            found.append(group.count)
            _ = state.finish(group, at: 0)
        }
        #expect(found == groups)
        #expect(state.acknowledged == CommitTicket(UInt64(sizes.count)))
    }

    @Test func `a failure fails what is not acknowledged, and what comes later`() {
        var state = Self.state()
        _ = state.enqueue(byteCount: 1)
        _ = state.finish(state.takeGroup(), at: 0)
        _ = state.enqueue(byteCount: 1)
        _ = state.takeGroup()
        _ = state.enqueue(byteCount: 1)
        state.fail()
        #expect(state.standing(of: CommitTicket(0)) == .acknowledged)
        #expect(state.standing(of: CommitTicket(1)) == .failed)
        #expect(state.standing(of: CommitTicket(2)) == .failed)
        #expect(state.enqueue(byteCount: 1) == nil)
        #expect(state.syncAction(at: .max) == .none)
    }

    @Test func `an interval runs from the oldest commit that is not durable`() {
        var state = Self.state(.interval(milliseconds: 10))
        func commit(at time: UInt64) -> GroupCommitState.Outcome {
            _ = state.enqueue(byteCount: 1)
            let group = state.takeGroup()
            #expect(!group.mustSync)
            return state.finish(group, at: time)
        }
        #expect(state.syncAction(at: 0) == .none)
        #expect(commit(at: 1_000_000).startsInterval)
        #expect(!commit(at: 4_000_000).startsInterval)
        #expect(state.syncAction(at: 5_000_000) == .wait(nanoseconds: 6_000_000))
        #expect(state.syncAction(at: 11_000_000) == .sync)
        let end = state.beginSync()
        #expect(end == CommitTicket(2))
        #expect(commit(at: 12_000_000).startsInterval)
        #expect(state.durable == CommitTicket(0))
        state.endSync(end)
        #expect(state.durable == CommitTicket(2))
        #expect(state.syncAction(at: 13_000_000) == .wait(nanoseconds: 9_000_000))
    }

    @Test func `on request nothing is synced unasked`() {
        var state = Self.state(.onRequest)
        _ = state.enqueue(byteCount: 1)
        let outcome = state.finish(state.takeGroup(), at: 0)
        #expect(!outcome.startsInterval)
        #expect(state.syncAction(at: .max) == .none)
        state.endSync(state.beginSync())
        #expect(state.durable == state.acknowledged)
    }

    @Test func `a long queue is worked off in order`() {
        var state = Self.state(count: 1_000)
        var next: UInt64 = 0
        for round in 0..<30 {
            for _ in 0..<500 { _ = state.enqueue(byteCount: 0) }
            for _ in 0..<(round == 29 ? 30 : 1) where state.acknowledged.rawValue < 15_000 {
                let group = state.takeGroup()
                #expect(group.first == CommitTicket(next))
                next = group.end.rawValue
                if state.finish(group, at: 0).nextLeader == nil { break }
            }
        }
        #expect(next == 15_000)
    }
}
