// The program: this machine's disk and clock, standard output and error.

import Glibc
import SegtoolCommands
import VarveStorage

/// Writes all of `text`; a reader that has gone ends the program quietly.
func put(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe write(descriptor, $0.baseAddress, $0.count)
        }
        guard count > 0 else {
            if errno == EINTR { continue }
            exit(ExitStatus.inputOutput.rawValue)
        }
        bytes = bytes.dropFirst(count)
    }
}

/// Gathers small pieces, so that a long report takes few calls.
final class Pieces {
    private var text = ""

    func add(_ piece: String) {
        text += piece
        if text.utf8.count > 1 << 16 { flush() }
    }

    func flush() {
        put(text, to: 1)
        text = ""
    }
}

_ = signal(SIGPIPE, SIG_IGN)
let pieces = Pieces()
var surroundings = Surroundings(
    fileSystem: PosixFileSystem(), runtime: SystemRuntime(), write: { pieces.add($0) },
    writeError: { text in
        pieces.flush()
        put(text, to: 2)
    })
surroundings.flush = { pieces.flush() }
surroundings.isTerminal = isatty(1) == 1
surroundings.isErrorTerminal = isatty(2) == 1
let status = Segtool.run(Array(CommandLine.arguments.dropFirst()), in: surroundings)
pieces.flush()
exit(status.rawValue)
