// A verb with what it was given, and the world it works in.

public import VarveStorage
import VarveCheck
import VarveFormat

/// What the tool works with: the disk, the clock, and where its words go.
public struct Surroundings {
    /// The disk.
    public var fileSystem: any FileSystem
    /// Clock, chance and threads.
    public var runtime: any Runtime
    /// Whether the output goes to a terminal.
    public var isTerminal = false
    /// Whether errors and progress go to a terminal.
    public var isErrorTerminal = false
    /// Takes the output.
    public var write: (String) -> Void
    /// Takes errors and progress.
    public var writeError: (String) -> Void
    /// Has what was written seen at once.
    public var flush: () -> Void = {}

    /// Surroundings of these parts, without terminals.
    public init(
        fileSystem: any FileSystem, runtime: any Runtime, write: @escaping (String) -> Void,
        writeError: @escaping (String) -> Void
    ) {
        self.fileSystem = fileSystem
        self.runtime = runtime
        self.write = write
        self.writeError = writeError
    }
}

/// A verb under way.
final class Invocation {
    let verb: Verb
    let operands: [String]
    private let options: [String: String]
    let output: Output
    let surroundings: Surroundings
    let progress: ProgressLine

    init(
        _ verb: Verb, operands: [String], options: [String: String], output: Output,
        _ surroundings: Surroundings
    ) throws {
        self.verb = verb
        self.operands = operands
        self.options = options
        self.output = output
        var surroundings = surroundings
        if let text = options["rate"] {
            guard let value = Double(text), value > 0, value.isFinite else {
                throw ToolFailure.usage("--rate is a number of megabytes a second, not \(text)")
            }
            surroundings.fileSystem = PacedFileSystem(
                surroundings.fileSystem,
                ReadRate(surroundings.runtime, bytesPerSecond: value * 1e6))
        }
        self.surroundings = surroundings
        progress = ProgressLine(surroundings)
        if options["snapshot"] != nil, !verb.looksAtVersions {
            throw ToolFailure.usage("this verb works on the live version: leave --snapshot out")
        }
    }

    var fileSystem: any FileSystem { surroundings.fileSystem }
    var runtime: any Runtime { surroundings.runtime }

    /// The store's directory.
    var store: FilePath { FilePath(operands[0]) }

    /// The operand at `index`; nil if it was left out.
    func operand(_ index: Int) -> String? { index < operands.count ? operands[index] : nil }

    /// Whether a flag was given.
    func has(_ name: String) -> Bool { options[name] != nil }

    /// The value of an option.
    func text(_ name: String) -> String? { options[name] }

    /// A whole number, at least `least`.
    func count(_ name: String, default other: Int, least: Int = 0) throws -> Int {
        guard let text = options[name] else { return other }
        guard let number = Int(text), number >= least else {
            throw ToolFailure.usage("--\(name) is a whole number of at least \(least), not \(text)")
        }
        return number
    }

    /// The version asked for by `--snapshot`.
    func snapshot() throws -> VersionNumber? {
        guard let text = options["snapshot"] else { return nil }
        guard let number = UInt64(text) else {
            throw ToolFailure.usage("--snapshot is the number of a version, not \(text)")
        }
        return VersionNumber(number)
    }

    /// The directory as it lies on the disk.
    func image() throws -> StoreImage {
        let version = try snapshot()
        guard try fileSystem.status(store)?.isDirectory == true else {
            throw ToolFailure.usage("no directory stands at \(store)")
        }
        let image = try StoreImage(fileSystem, store, version: version)
        if let version, image.live == nil {
            throw ToolFailure.usage("version \(version.rawValue) is not on the disk")
        }
        if case .damaged(let error) = image.pointer, error.kind == .tooNew {
            throw ToolFailure(error)
        }
        return image
    }

    /// The live version's manifest.
    ///
    /// - Throws: ``ToolFailure`` if no version can be read.
    func manifest(_ image: StoreImage) throws -> Manifest {
        guard let live = image.live else {
            throw ToolFailure(
                image.entries.isEmpty ? .usage : .corruption, "\(store) holds no version of a store"
            )
        }
        return try Verb.readable(live)
    }
}

/// Tells how far long work has come.
final class ProgressLine {
    private let surroundings: Surroundings
    private let start: UInt64
    private var told: UInt64 = 0
    private var hasLine = false

    init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
        start = surroundings.runtime.monotonicNanoseconds()
        told = start
    }

    /// Shows how far the work has come, a few times a second, on a terminal.
    func tell(_ what: String, done: UInt64, total: UInt64?, unit: (UInt64) -> String) {
        guard surroundings.isErrorTerminal else { return }
        let now = surroundings.runtime.monotonicNanoseconds()
        guard now - told >= 200_000_000 else { return }
        told = now
        hasLine = true
        let seconds = Double(now - start) / 1e9
        let rate = Double(done) / seconds
        var line = "\r\u{1B}[K  \(what)  \(unit(done))"
        if let total, total > 0 { line += " of \(unit(total))" }
        line += "  \(unit(UInt64(rate)))/s"
        if let total, total > done, rate > 0 {
            line += "  \(Units.duration(UInt64(Double(total - done) / rate * 1e9))) left"
        }
        surroundings.writeError(line)
    }

    /// Takes the line of progress away.
    func clear() {
        if hasLine { surroundings.writeError("\r\u{1B}[K") }
        hasLine = false
    }

    /// Nanoseconds since the verb began.
    var elapsedNanoseconds: UInt64 { surroundings.runtime.monotonicNanoseconds() - start }
}
