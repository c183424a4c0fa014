// The program: picks the command, prints its result as one line of JSON.

import Glibc

/// A measurement that can be asked for by name.
struct Command: Sendable {
    /// The name on the command line.
    var name: String
    /// What it measures, in a sentence.
    var summary: String
    /// What it takes.
    var options: [Option]
    /// Measures, and gives the fields of the result.
    var run: @Sendable (Arguments) throws -> [(name: String, value: JSONValue)]
}

@main
enum VarveBench {
    static let commands: [Command] = [
        ingestCommand, openCommand, recoveryCommand, searchCommand, syncCommand,
        flushLatencyCommand, lifecycleCommand, churnCommand, mergeLatencyCommand, pickerCommand,
        compactionCommand, codesCommand,
    ]

    private static let outOption = Option(
        name: "out", placeholder: "FILE", help: "append the result to this file too")

    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        guard let command = commands.first(where: { $0.name == words.first }) else {
            report(usage())
            exit(words.first == "--help" ? 0 : 2)
        }
        do {
            let options = command.options + [outOption]
            let arguments = try Arguments(Array(words.dropFirst()), options: options)
            let fields = try command.run(arguments)
            let head: [(name: String, value: JSONValue)] = [("command", .text(command.name))]
            let tail: [(name: String, value: JSONValue)] = [
                ("peak_rss_mib", .decimal(residentMebibytes("VmHWM"), digits: 1)),
                ("environment", environmentFacts()),
            ]
            let line = JSONValue.object(head + fields + tail).line
            print(line)
            if let path = arguments.text("out") { try append(line + "\n", to: path) }
        } catch let problem as UsageProblem {
            report("\(problem)\n\n\(usage(command))")
            exit(2)
        } catch {
            report("\(command.name): \(error)")
            exit(1)
        }
    }

    private static func usage() -> String {
        "usage: varve-bench COMMAND [--OPTION VALUE]…\n\n"
            + commands.map { usage($0) }.joined(separator: "\n\n")
    }

    private static func usage(_ command: Command) -> String {
        ([command.name + "  " + command.summary]
            + (command.options + [outOption]).map {
                "    --\($0.name) \($0.placeholder)  \($0.help)"
            })
            .joined(separator: "\n")
    }

    private static func append(_ text: String, to path: String) throws {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw MatrixFileProblem(description: "\(path): cannot write")
        }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        _ = unsafe write(descriptor, bytes, bytes.count)
    }
}
