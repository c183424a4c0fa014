// Paths as values.

/// A path: components between slashes.
public struct FilePath: Hashable, Sendable {
    /// The path as the operating system takes it.
    public var text: String

    /// The path `text`.
    public init(_ text: String) { self.text = text }

    /// The path of `name` inside this directory; `name` may itself have slashes.
    public func appending(_ name: String) -> FilePath {
        FilePath(text.hasSuffix("/") ? text + name : text + "/" + name)
    }

    /// The directory that holds this path's last component.
    public var parent: FilePath {
        let trimmed = text.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let slash = trimmed.lastIndex(of: "/") else { return FilePath(".") }
        return slash == trimmed.startIndex ? FilePath("/") : FilePath(String(trimmed[..<slash]))
    }

    /// The last component.
    public var name: String {
        let trimmed = text.count > 1 && text.hasSuffix("/") ? String(text.dropLast()) : text
        guard let slash = trimmed.lastIndex(of: "/") else { return trimmed }
        return String(trimmed[trimmed.index(after: slash)...])
    }
}

extension FilePath: CustomStringConvertible {
    public var description: String { text }
}
