// The tool run on a simulated disk, its words gathered.

import SegtoolCommands
import Synchronization
import VarveStorage
import VarveStorageSimulation

/// One command line carried out.
struct ToolRun {
    private(set) var text = ""
    private(set) var errorText = ""
    let status: ExitStatus

    init(
        _ words: [String], on disk: any FileSystem = SimulatedFileSystem(seed: 1),
        _ runtime: any Runtime = SimulatedRuntime(seed: 4)
    ) {
        let written = Mutex("")
        let complained = Mutex("")
        let surroundings = Surroundings(
            fileSystem: disk, runtime: runtime,
            write: { piece in written.withLock { $0 += piece } },
            writeError: { piece in complained.withLock { $0 += piece } })
        status = Segtool.run(words, in: surroundings)
        text = written.withLock { $0 }
        errorText = complained.withLock { $0 }
    }

    /// A command line in one text, its words between spaces.
    init(
        _ line: String, on disk: any FileSystem, _ runtime: any Runtime = SimulatedRuntime(seed: 4)
    ) {
        self.init(line.split(separator: " ").map(String.init), on: disk, runtime)
    }
}
