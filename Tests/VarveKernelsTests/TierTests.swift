// Every tier of this machine against plain C, on every length and on unaligned rows.

import CKernels
import Testing
import VarveKernels

@Suite struct TierTests {
    static let fastTiers = KernelTier.available.filter { $0 != .scalar }

    @Test func `the best tier is the last one available`() {
        #expect(KernelTier.available.last == KernelTier.best)
        #expect(KernelTier.available.first == .scalar)
    }

    @Test(arguments: fastTiers, [UInt64(1), 2])
    func `integer sums agree with plain C on every length`(tier: KernelTier, seed: UInt64) {
        var random = SampleGenerator(seed: seed)
        let scalar = unsafe KernelTier.scalar.kernels.pointee
        let fast = unsafe tier.kernels.pointee
        let (one, other) = (random.bytes(1_152), random.bytes(1_152))
        for count in 1...1_100 {
            let padded = ByteRow.paddedCount(dimension: count)
            // The largest products as well: sums of pairs must not saturate.
            let full = [UInt8](repeating: 255, count: padded)
            let a = count % 7 == 0 ? full : Array(one[..<padded])
            let b = count % 7 == 0 ? full : Array(other[..<padded])
            let agree = unsafe a.withShiftedCopy(count % 3) { a in
                unsafe b.withShiftedCopy(1) { b in
                    var (sum1, square1, sum2, square2) = (
                        UInt32(0), UInt32(0), UInt32(0), UInt32(0)
                    )
                    unsafe scalar.byte_sums(a, count, &sum1, &square1)
                    unsafe fast.byte_sums(a, count, &sum2, &square2)
                    let dots = unsafe (scalar.dot_u8(a, b, padded), fast.dot_u8(a, b, padded))
                    let squares = unsafe (scalar.l2_u8(a, b, count), fast.l2_u8(a, b, count))
                    return dots.0 == dots.1 && squares.0 == squares.1
                        && sum1 == sum2 && square1 == square2
                }
            }
            #expect(agree, "seed \(seed), length \(count)")
        }
    }

    @Test func `the sum of products of the longest rows does not overflow`() {
        let full = [UInt8](repeating: 255, count: 65_536)
        for tier in KernelTier.available {
            let dot = unsafe tier.kernels.pointee.dot_u8(full, full, 65_536)
            #expect(dot == 4_261_478_400)
        }
    }

    @Test(arguments: fastTiers, VectorElement.allCases)
    func `float reductions agree with plain C on every length`(
        tier: KernelTier, element: VectorElement
    ) {
        var random = SampleGenerator(seed: 3)
        for count in 1...1_100 {
            let whole = element == .uint8 || element == .int8
            let vector = random.floats(count).map { whole ? ($0 * 100).rounded() : $0 }
            let row = element == .uint8 ? vector.map { abs($0) } : vector
            var stored = [UInt8](repeating: 0, count: count * element.byteCount)
            let refused = unsafe stored.withUnsafeMutableBytes {
                unsafe VectorConversion.convert(
                    row, count: count, to: element, into: $0.baseAddress.unsafelyUnwrapped)
            }
            #expect(refused == nil)
            let query = random.floats(count)
            for reduction in ExactDistance.Reduction.allCases {
                let size = query.reduce(Float(count)) { $0 + abs($1) } * (whole ? 20_000 : 4)
                let results = [KernelTier.scalar, tier].map { tier in
                    let distance = ExactDistance(
                        reduction, element: element, dimension: count, tier: tier)
                    return unsafe query.withShiftedCopy(1) { query in
                        unsafe stored.withShiftedCopy(4) { unsafe distance(query, $0) }
                    }
                }
                #expect(
                    abs(results[0] - results[1]) <= size * 1e-6,
                    "\(reduction), length \(count)")
            }
        }
    }

    @Test(arguments: fastTiers)
    func `codes and checks have the same bits as in plain C on every length`(tier: KernelTier) {
        var random = SampleGenerator(seed: 4)
        for count in 1...1_100 {
            let centre = Float([0, 1, 1_000, -1e6][count % 4])
            let vector = random.floats(count).map { $0 + centre }
            let results = [KernelTier.scalar, tier].map { tier in
                let encoder = ByteEncoder(dimension: count, tier: tier)
                var codes = [UInt8](repeating: 7, count: encoder.paddedCount)
                let row = unsafe vector.withShiftedCopy(1) {
                    unsafe encoder.encode($0, into: &codes)
                }
                return (row, codes)
            }
            #expect(results[0].0 == results[1].0, "length \(count)")
            #expect(results[0].1 == results[1].1, "length \(count)")
            var broken = vector
            let place = Int(random.next() % UInt64(count))
            broken[place] = [.infinity, -.infinity, .nan][count % 3]
            let kernels = unsafe tier.kernels.pointee
            #expect(unsafe kernels.first_not_finite(vector, count) == count)
            #expect(unsafe kernels.first_not_finite(broken, count) == place)
        }
    }

    @Test(arguments: KernelTier.available)
    func `half precision is converted as the standard library does, every value`(
        tier: KernelTier
    ) {
        let kernels = unsafe tier.kernels.pointee
        let patterns = (UInt16.min...UInt16.max).filter { !Float16(bitPattern: $0).isNaN }
        var widened = [Float](repeating: 0, count: patterns.count)
        unsafe kernels.f16_to_f32(patterns, patterns.count, &widened)
        #expect(
            widened.map(\.bitPattern) == patterns.map { Float(Float16(bitPattern: $0)).bitPattern })
        var random = SampleGenerator(seed: 5)
        let floats =
            (0..<50_003).map { _ in
                Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
            }.filter { !$0.isNaN } + widened.flatMap { [$0.nextUp, $0.nextDown, $0] }
        var halves = [UInt16](repeating: 0, count: floats.count)
        unsafe kernels.f32_to_f16(floats, floats.count, &halves)
        #expect(halves == floats.map { Float16($0).bitPattern })
    }
}
