// The different texts of one attribute, each kept once, numbered in the order they first came.

internal import VarveFormat

/// A growing table of different texts.
struct TextInterner {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// Numbers plus one by hash, in as many places as a power of two; zero is free.
    private var slots = [UInt32](repeating: 0, count: 64)

    /// Different texts so far.
    var count: Int { ends.count }

    /// The number of `text`, which is added if it is not there.
    mutating func intern(_ text: UnsafeRawBufferPointer) -> UInt32 {
        if (count + 1) * 2 > slots.count { grow() }
        let mask = slots.count - 1
        var slot = unsafe Int(truncatingIfNeeded: checksum64(text, seed: 0)) & mask
        while slots[slot] != 0 {
            let number = Int(slots[slot] - 1)
            if unsafe isEqual(number, text) { return UInt32(number) }
            slot = (slot + 1) & mask
        }
        let number = UInt32(count)
        slots[slot] = number + 1
        unsafe bytes.append(contentsOf: text)
        ends.append(bytes.count)
        return number
    }

    /// The bytes of text `number`.
    func text(_ number: Int) -> ArraySlice<UInt8> {
        bytes[(number == 0 ? 0 : ends[number - 1])..<ends[number]]
    }

    private func isEqual(_ number: Int, _ text: UnsafeRawBufferPointer) -> Bool {
        let range = (number == 0 ? 0 : ends[number - 1])..<ends[number]
        guard range.count == text.count else { return false }
        return unsafe bytes.withUnsafeBytes { buffer in
            unsafe UnsafeRawBufferPointer(rebasing: buffer[range]).elementsEqual(text)
        }
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        let mask = slots.count - 1
        for number in 0..<count {
            let hash = unsafe text(number).withUnsafeBytes { unsafe checksum64($0, seed: 0) }
            var slot = Int(truncatingIfNeeded: hash) & mask
            while slots[slot] != 0 { slot = (slot + 1) & mask }
            slots[slot] = UInt32(number + 1)
        }
    }

    /// The texts in the order of their bytes, and for each number its place among them.
    func sorted() -> (table: TextTableWriter, places: [UInt32]) {
        let order = (0..<count).sorted { text($0).lexicographicallyPrecedes(text($1)) }
        var table = TextTableWriter()
        var places = [UInt32](repeating: 0, count: count)
        for (place, number) in order.enumerated() {
            table.append(text(number))
            places[number] = UInt32(place)
        }
        return (table, places)
    }
}
