// What the writing threads do: each has ids of its own, and its nth batch follows from n alone.

import Varve

/// The batches of one thread.
struct KillHistory {
    static let threadCount = 4
    static let dimension = 8
    /// Ids a thread writes to, over and over.
    private static let idCount: UInt64 = 400

    let seed: UInt64
    let thread: Int

    /// A number that follows from a batch and a place in it.
    private func draw(_ batch: UInt64, _ place: UInt64) -> UInt64 {
        var bits = seed &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(thread) << 56 ^ batch << 16 ^ place
        for _ in 0..<2 {
            bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
            bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        }
        return bits ^ (bits >> 31)
    }

    /// What a batch writes: rows by id, nil for a delete; later entries count.
    func operations(_ batch: UInt64) -> [(id: UInt64, vector: [Float]?)] {
        (0..<1 + draw(batch, 0) % 12).map { place in
            let bits = draw(batch, place + 1)
            let id = UInt64(thread) << 32 | bits % Self.idCount
            guard bits >> 40 % 4 != 0 else { return (id, nil) }
            let vector = (0..<Self.dimension).map { Float((bits >> UInt64($0 * 5)) & 31) + 1 }
            return (id, vector)
        }
    }

    /// The rows after the first `count` batches; the number of the batch is an attribute of each.
    func state(after count: UInt64) -> [UInt64: (vector: [Float], batch: UInt64)] {
        var state: [UInt64: (vector: [Float], batch: UInt64)] = [:]
        for batch in 0..<count {
            for (id, vector) in operations(batch) { state[id] = vector.map { ($0, batch) } }
        }
        return state
    }
}
