// A file of a store and the part it plays.

/// A numbered file in a store's directory, and why it is there.
public struct InventoryEntry: Hashable, Sendable {
    /// The parts a file can play.
    public enum Role: String, Hashable, Sendable {
        /// The live version needs it.
        case live
        /// A kept older version needs it, or is it.
        case history
        /// The caller has said that it is needed.
        case pinned
        /// Its number is not below the next one: it is being made, or its making was cut off.
        case ahead
        /// It is this store's, and nothing needs it.
        case obsolete
        /// Nothing needs it, and nothing in it says that it is this store's; it is never touched.
        case unverified
    }

    /// The file.
    public var file: StoreFile
    /// The part it plays.
    public var role: Role

    /// An entry of these parts.
    public init(file: StoreFile, role: Role) {
        self.file = file
        self.role = role
    }
}
