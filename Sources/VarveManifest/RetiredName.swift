// The names of files in the trash.

/// A retired file: which it was, and when it was retired.
///
/// In the trash a file keeps its name, number included, followed by a dot and the second it was
/// retired in: `000031.seg.1731024000`.
public struct RetiredName: Hashable, Sendable {
    /// Which file it was.
    public var file: StoreFile
    /// Seconds since 1970-01-01T00:00:00Z.
    public var retiredSeconds: Int64

    /// The name of `file`, retired at that second.
    init(file: StoreFile, retiredSeconds: Int64) {
        self.file = file
        self.retiredSeconds = max(0, retiredSeconds)
    }

    /// Reads a name inside the trash folder; nil for a name that ``text`` never gives.
    public init?(_ text: String) {
        guard let dot = text.lastIndex(of: "."),
            let seconds = Int64(text[text.index(after: dot)...]), seconds >= 0
        else {
            return nil
        }
        let original = String(text[..<dot])
        let found = StoreFile.folders.lazy.compactMap { StoreFile(folder: $0, name: original) }
        guard let file = found.first else { return nil }
        self.init(file: file, retiredSeconds: seconds)
        guard self.text == text else { return nil }
    }

    /// The name inside the trash folder.
    public var text: String { "\(file.lastComponent).\(retiredSeconds)" }
}
