// Exact distances in batches, and the conversions at the door.

import Testing
import VarveKernels

@Suite struct ExactDistanceTests {
    @Test(arguments: VectorElement.allCases, ExactDistance.Reduction.allCases)
    func `scans and gathers give what single calls give`(
        element: VectorElement, reduction: ExactDistance.Reduction
    ) {
        let (dimension, count) = (37, 50)
        var random = SampleGenerator(seed: 21)
        let distance = ExactDistance(reduction, element: element, dimension: dimension)
        // Wider than a row, so that a forgotten stride shows.
        let stride = distance.rowByteCount + 8
        var memory = [UInt8](repeating: 0xEE, count: stride * count)
        var vectors: [[Float]] = []
        for i in 0..<count {
            let whole = random.floats(dimension, in: 0...120).map { $0.rounded() }
            vectors.append(whole)
            unsafe memory.withUnsafeMutableBytes {
                let row = unsafe $0.baseAddress.unsafelyUnwrapped + i * stride
                #expect(
                    unsafe VectorConversion.convert(
                        whole, count: dimension, to: element, into: row) == nil)
            }
        }
        let query = random.floats(dimension, in: 0...3).map { $0.rounded() }
        let expected = vectors.map { vector in
            zip(query, vector).reduce(Float(0)) {
                let (a, b) = $1
                return $0 + (reduction == .squaredL2 ? (a - b) * (a - b) : a * b)
            }
        }
        unsafe memory.withUnsafeBytes { memory in
            let base = unsafe memory.baseAddress.unsafelyUnwrapped
            var results = [Float](repeating: -1, count: count)
            unsafe distance.scan(query, base: base, stride: stride, count: count, into: &results)
            // Whole numbers: exact in any order of summation.
            #expect(results == expected)
            let ids = (0..<count).map { UInt32(count - 1 - $0) }
            unsafe distance.gather(
                query, base: base, stride: stride, ids: ids, count: count, into: &results)
            #expect(results == expected.reversed())
            var rows: [UnsafeRawPointer] = unsafe []
            for i in 0..<count { unsafe rows.append(base + i * stride) }
            unsafe distance.gather(query, rows: rows, count: count, into: &results)
            #expect(results == expected)
            #expect(unsafe distance(query, base + stride) == expected[1])
        }
    }

    @Test func `what an element type cannot hold is refused at its index`() {
        var destination = [UInt64](repeating: 0, count: 8)
        func refused(_ vector: [Float], _ element: VectorElement) -> Int? {
            unsafe destination.withUnsafeMutableBytes {
                unsafe VectorConversion.convert(
                    vector, count: vector.count, to: element,
                    into: $0.baseAddress.unsafelyUnwrapped)
            }
        }
        #expect(refused([0, 255, 256], .uint8) == 2)
        #expect(refused([0, 0.5], .uint8) == 1)
        #expect(refused([-1], .uint8) == 0)
        #expect(refused([.nan], .uint8) == 0)
        #expect(refused([0, 255, -0.0], .uint8) == nil)
        #expect(refused([-128, 127, 128], .int8) == 2)
        #expect(refused([-129], .int8) == 0)
        #expect(refused([.infinity], .int8) == 0)
        #expect(refused([65_504, 65_520], .float16) == 1)
        #expect(refused([1e-30, -7], .float16) == nil)
        #expect(refused([.greatestFiniteMagnitude], .float32) == nil)
    }

    @Test(arguments: VectorElement.allCases)
    func `stored components widen to the floats they came from`(element: VectorElement) {
        let low: Float = element == .uint8 ? 0 : -100
        let vector = (0..<77).map { low + Float($0) }
        var stored = [UInt8](repeating: 0, count: 77 * element.byteCount)
        var widened = [Float](repeating: 0.5, count: 77)
        unsafe stored.withUnsafeMutableBytes {
            let row = unsafe $0.baseAddress.unsafelyUnwrapped
            #expect(
                unsafe VectorConversion.convert(vector, count: 77, to: element, into: row) == nil)
            unsafe VectorConversion.widen(row, count: 77, from: element, into: &widened)
        }
        #expect(widened == vector)
    }

    @Test func `normalising gives length one and refuses zero`() {
        var random = SampleGenerator(seed: 22)
        for count in [1, 2, 3, 4, 5, 384, 1_001] {
            var vector = random.floats(count, in: 1...1_000)
            #expect(unsafe VectorConversion.normalise(&vector, count: count))
            let norm = unsafe VectorConversion.squaredNorm(vector, count: count)
            #expect(abs(norm - 1) < 1e-6)
        }
        var zero = [Float](repeating: 0, count: 5)
        #expect(unsafe !VectorConversion.normalise(&zero, count: 5))
        var tiny: [Float] = [1e-30, 0]
        #expect(unsafe VectorConversion.normalise(&tiny, count: 2))
        #expect(tiny == [1, 0])
        #expect(unsafe VectorConversion.firstNotFinite([1, .nan, 2], count: 3) == 1)
        #expect(unsafe VectorConversion.firstNotFinite([1, 2], count: 2) == nil)
    }
}
