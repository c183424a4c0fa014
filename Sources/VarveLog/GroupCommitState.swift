// Who writes for whom: the rules of group commit as a value, without threads, clock or disk.

internal import VarveMutants

/// A commit's place in the queue; the first commit has 0.
public struct CommitTicket: Hashable, Comparable, Sendable {
    /// The place.
    public var rawValue: UInt64

    /// Names the commit at `rawValue`.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public static func < (a: CommitTicket, b: CommitTicket) -> Bool { a.rawValue < b.rawValue }
}

/// Commits that are written together, in the order of their tickets.
public struct CommitGroup: Hashable, Sendable {
    /// The first one, which is the leader's own.
    public var first: CommitTicket
    /// How many there are.
    public var count: Int
    /// Bytes of all of them.
    public var byteCount: Int
    /// Whether they must be durable before they are acknowledged.
    public var mustSync: Bool

    /// The ticket behind the last.
    public var end: CommitTicket { CommitTicket(first.rawValue + UInt64(count)) }

    /// A group of these parts.
    public init(first: CommitTicket, count: Int, byteCount: Int, mustSync: Bool) {
        self.first = first
        self.count = count
        self.byteCount = byteCount
        self.mustSync = mustSync
    }
}

/// Group commit as a state machine.
///
/// Commits queue up. Whoever finds nobody leading leads: it takes the commits at the front of the
/// queue, up to caps on bytes and number, performs them as one, and hands the lead to the first one
/// left. One failure ends everything: what is queued fails, and so does all that comes later.
/// Commits that were acknowledged before they were durable are remembered until a sync covers them.
public struct GroupCommitState: Hashable, Sendable {
    /// What a commit does after it has been queued.
    public enum Role: Hashable, Sendable {
        /// Take a group and perform it.
        case lead
        /// Wait until ``GroupCommitState/standing(of:)`` changes.
        case wait
    }

    /// Where a commit stands.
    public enum Standing: Hashable, Sendable {
        /// In the queue, or in a group that is being performed.
        case waiting
        /// It has been handed the lead.
        case leads
        /// Acknowledged.
        case acknowledged
        /// Not performed, or not for certain.
        case failed
    }

    /// What the end of a group brings about.
    public struct Outcome: Hashable, Sendable {
        /// The commit that leads now; nil if the queue is empty.
        public var nextLeader: CommitTicket?
        /// Whether someone waits to be told: other commits of the group, or the next leader.
        public var mustWake: Bool
        /// Whether the group is the first that a sync must follow within the interval.
        public var startsInterval: Bool
    }

    /// What is to be done about commits that are acknowledged but not durable.
    public enum SyncAction: Hashable, Sendable {
        /// Nothing, until a group's outcome starts an interval.
        case none
        /// Nothing for so long.
        case wait(nanoseconds: UInt64)
        /// Sync now.
        case sync
    }

    /// When commits are acknowledged.
    public let policy: DurabilityPolicy
    /// Bytes a group may have, unless its first commit alone has more.
    public let maximumByteCount: Int
    /// Commits a group may have.
    public let maximumCount: Int

    /// Bytes of the commits in the queue; the front is at `head`.
    private var queue: [Int] = []
    private var head = 0
    /// The next ticket to be given out.
    private var nextTicket: UInt64 = 0
    /// Commits acknowledged: all tickets below.
    private var acknowledgedEnd: UInt64 = 0
    /// Commits known to be durable: all tickets below.
    private var durableEnd: UInt64 = 0
    private var leader: CommitTicket?
    private var isFailed = false
    /// When the oldest commit that no sync has covered or will cover was acknowledged.
    private var unsyncedSince: UInt64?

    /// An empty queue.
    public init(
        policy: DurabilityPolicy, maximumByteCount: Int = 4 << 20, maximumCount: Int = 1_024
    ) {
        precondition(maximumByteCount > 0 && maximumCount > 0)
        self.policy = policy
        self.maximumByteCount = maximumByteCount
        self.maximumCount = maximumCount
    }

    /// Queues a commit; nil if commits have failed.
    public mutating func enqueue(byteCount: Int) -> (ticket: CommitTicket, role: Role)? {
        guard !isFailed else { return nil }
        let ticket = CommitTicket(nextTicket)
        nextTicket += 1
        queue.append(byteCount)
        guard leader == nil else { return (ticket, .wait) }
        leader = ticket
        return (ticket, .lead)
    }

    /// Takes the leader's group off the queue.
    public mutating func takeGroup() -> CommitGroup {
        guard let leader, head < queue.count else { preconditionFailure("nobody leads") }
        var group = CommitGroup(
            first: leader, count: 0, byteCount: 0, mustSync: policy == .everyCommit)
        while head < queue.count, group.count < maximumCount {
            let byteCount = queue[head]
            guard group.count == 0 || group.byteCount + byteCount <= maximumByteCount else {
                break
            }
            group.count += 1
            group.byteCount += byteCount
            head += 1
        }
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 4_096 {
            queue.removeSubrange(..<head)
            head = 0
        }
        return group
    }

    /// Acknowledges a performed group; `nanoseconds` is the time.
    public mutating func finish(_ group: CommitGroup, at nanoseconds: UInt64) -> Outcome {
        precondition(leader == group.first && !isFailed)
        acknowledgedEnd = group.end.rawValue
        leader = head < queue.count ? group.end : nil
        var outcome = Outcome(
            nextLeader: leader, mustWake: group.count > 1 || leader != nil, startsInterval: false)
        if group.mustSync {
            durableEnd = acknowledgedEnd
        } else if unsyncedSince == nil {
            unsyncedSince = nanoseconds
            if case .interval = policy { outcome.startsInterval = true }
        }
        return outcome
    }

    /// Ends everything.
    public mutating func fail() {
        isFailed = true
        leader = nil
        queue.removeAll()
        head = 0
    }

    /// Where `ticket`, which has been given out, stands.
    public func standing(of ticket: CommitTicket) -> Standing {
        precondition(ticket.rawValue < nextTicket)
        if ticket.rawValue < acknowledgedEnd { return .acknowledged }
        if isFailed { return .failed }
        return leader == ticket ? .leads : .waiting
    }

    // MARK: - Syncs after the fact

    /// Commits acknowledged so far are all tickets below.
    public var acknowledged: CommitTicket { CommitTicket(acknowledgedEnd) }

    /// Commits known to be durable are all tickets below.
    public var durable: CommitTicket { CommitTicket(durableEnd) }

    /// What the policy asks for at the time `nanoseconds`.
    public func syncAction(at nanoseconds: UInt64) -> SyncAction {
        guard case .interval(let milliseconds) = policy, let unsyncedSince, !isFailed,
            !Mutant.isPlanted(.dropIntervalSync)
        else {
            return .none
        }
        let due = unsyncedSince + UInt64(milliseconds) * 1_000_000
        return nanoseconds >= due ? .sync : .wait(nanoseconds: due - nanoseconds)
    }

    /// Notes that a sync begins now; give what it answers to ``endSync(_:)``.
    public mutating func beginSync() -> CommitTicket {
        unsyncedSince = nil
        return CommitTicket(acknowledgedEnd)
    }

    /// Notes that a sync has made all commits below `end` durable.
    public mutating func endSync(_ end: CommitTicket) {
        durableEnd = max(durableEnd, end.rawValue)
    }
}
