// Codes and data that change: constants serve all data alike, a trained codebook only its own.

import Testing
import VarveKernels
import VarveQuantization
import VarveStorage

/// Rows and queries of one distribution.
private struct DriftSample {
    let rows: [[Float]]
    let query: [Float]

    /// How data may look to a codebook that has seen only the first of these.
    enum Kind: CaseIterable {
        case normal, moved, wider, clustered, skewed
    }

    init(_ kind: Kind, dimension: Int) {
        var random = SampleGenerator(seed: 91)
        let corners = (0..<8).map { _ in random.normals(dimension).map { $0 * 10 } }
        let vectors = (0..<401).map { row -> [Float] in
            let vector = random.normals(dimension)
            switch kind {
            case .normal: return vector
            case .moved: return vector.map { $0 + 6 }
            case .wider: return vector.map { $0 * 25 }
            case .clustered: return zip(vector, corners[row % 8]).map { $0 + $1 }
            case .skewed: return vector.map { $0 * $0 * $0 }
            }
        }
        rows = Array(vectors.dropLast())
        query = vectors[400]
    }

    /// The root mean square of (estimate / exact − 1).
    func error(of estimates: [Float]) -> Double {
        let squares = zip(rows, estimates).map { row, estimate in
            let off = Double(estimate) / squaredL2(query, row) - 1
            return off * off
        }
        return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    }
}

@Suite struct DriftTests {
    private static let dimension = 64

    /// The error of the engine's codes, made of nothing but the rows' mean.
    private func constantError(_ kind: DriftSample.Kind) -> Double {
        let sample = DriftSample(kind, dimension: Self.dimension)
        let shape = CodeShape(dimension: Self.dimension, subspaceDimension: 1)
        let count = sample.rows.count
        let mean = (0..<Self.dimension).map { index in
            sample.rows.reduce(Float(0)) { $0 + $1[index] } / Float(count)
        }
        let (encoder, bytes) = RowCodeTests.encode(
            SampleTable(sample.rows), SampleTable([mean]), shape, starts: [0, UInt32(count)])
        let query = RowCodeQuery(shape: shape)
        var rotated = [Float](repeating: 0, count: shape.rotatedCount)
        unsafe encoder.rotation.apply(sample.query, into: &rotated)
        unsafe query.prepare(rotated: rotated)
        return unsafe bytes.withUnsafeBytes { bytes in
            let codes = unsafe RowCodes(
                base: bytes.baseAddress.unsafelyUnwrapped, rowCount: count, shape: shape,
                unit: encoder.unit)
            return sample.error(
                of: codes.estimates(
                    (0..<UInt32(count)).map { $0 }, query,
                    bases: [Float(squaredL2(sample.query, mean))]))
        }
    }

    /// The error of a codebook that was trained on normal data.
    private func trainedError(_ kind: DriftSample.Kind) -> Double {
        let shape = ProductShape(
            dimension: Self.dimension, subspaceDimension: 1, width: .bits4)
        let codebook = ProductCodeTests.codebook(
            shape, DriftSample(.normal, dimension: Self.dimension).rows)
        let sample = DriftSample(kind, dimension: Self.dimension)
        let query = ProductQuery(shape: shape)
        unsafe query.prepare(sample.query, codebook: codebook)
        var distances = [Float](repeating: 0, count: sample.rows.count)
        unsafe query.distances(
            codes: ProductCodeTests.codes(codebook, sample.rows), count: distances.count,
            into: &distances)
        return sample.error(of: distances)
    }

    @Test func `codes without training err as little on data of every kind`() {
        for kind in DriftSample.Kind.allCases {
            let error = constantError(kind)
            #expect(error < 0.07, "\(kind)")
        }
    }

    @Test(arguments: [DriftSample.Kind.moved, .wider, .clustered, .skewed])
    fileprivate func `a trained codebook errs on what it has not seen`(kind: DriftSample.Kind) {
        let own = trainedError(.normal)
        #expect(own < 0.05)
        let other = trainedError(kind)
        #expect(other > 2 * own && other > 2 * constantError(kind), "\(other)")
    }
}
