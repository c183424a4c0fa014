// What the tool tells the shell.

/// The exit statuses, the same for every verb.
public enum ExitStatus: Int32, Sendable, CaseIterable {
    /// Done, and nothing is wrong.
    case clean = 0
    /// The command line is not understood, or names what is not there.
    case usage = 1
    /// Bytes are damaged.
    case corruption = 2
    /// Something is unusual, nothing is lost, and a repair or the next opening settles it.
    case oddity = 3
    /// Another process has the store open for writing.
    case inUse = 4
    /// A later version of the format wrote this.
    case tooNew = 5
    /// The disk failed, is full, or does not let this process in.
    case inputOutput = 6
    /// Done in part: a limit was reached or the work was ended.
    case partial = 7

    /// What it means, in a line.
    var meaning: String {
        switch self {
        case .clean: "clean"
        case .usage: "usage: the command line is not understood or names what is not there"
        case .corruption: "corruption: bytes are damaged"
        case .oddity: "oddity: something is unusual, nothing is lost"
        case .inUse: "in use: another process has the store open for writing"
        case .tooNew: "too new: a later version of the format wrote this"
        case .inputOutput: "input/output: the disk failed, is full, or refuses"
        case .partial: "partial: a limit was reached or the work was ended"
        }
    }
}
