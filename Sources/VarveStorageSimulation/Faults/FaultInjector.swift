// The rules in force on a simulated disk.

import Synchronization
import VarveStorage

/// Decides, call by call, what goes wrong on a simulated disk.
///
/// All calls may be made from any thread. Of several rules that fire, the first added wins.
public final class FaultInjector: Sendable {
    private let state: Mutex<State>

    private struct State {
        var rules: [(rule: FaultRule, matchCount: Int, isSpent: Bool)] = []
        var generator: SeededGenerator
        var firedCount = 0
    }

    /// An injector without rules, whose chance follows `seed`.
    public init(seed: UInt64) { state = Mutex(State(generator: SeededGenerator(seed: seed))) }

    /// Puts a rule in force.
    public func add(_ rule: FaultRule) {
        if case .oneIn(let odds) = rule.trigger { precondition(odds > 0, "odds are one in some") }
        state.withLock { $0.rules.append((rule, 0, false)) }
    }

    /// Takes all rules out of force: the disk is sound from now on.
    public func heal() { state.withLock { $0.rules = [] } }

    /// How many calls have gone wrong.
    public var firedCount: Int { state.withLock { $0.firedCount } }

    /// What goes wrong with this call; nil if nothing.
    func effect(of call: DiskCall, on path: FilePath, operationIndex: Int) -> FaultEffect? {
        state.withLock { state in
            for index in state.rules.indices {
                let (rule, matchCount, isSpent) = state.rules[index]
                guard !isSpent, rule.calls.contains(call), rule.paths.matches(path) else {
                    continue
                }
                state.rules[index].matchCount += 1
                let isHit =
                    switch rule.trigger {
                    case .nth(let wanted):
                        rule.repeats ? matchCount + 1 >= wanted : matchCount + 1 == wanted
                    case .oneIn(let odds): state.generator.chance(1, in: odds)
                    case .operation(let wanted): operationIndex >= wanted
                    }
                guard isHit else { continue }
                state.rules[index].isSpent = !rule.repeats
                state.firedCount += 1
                return rule.effect
            }
            return nil
        }
    }

    /// A number below `bound` for a fault that needs one.
    func draw(below bound: Int) -> Int { state.withLock { $0.generator.below(bound) } }
}
