// How a disk is copied: every node once, so that two names of one file stay two names of one file.

/// Copies of nodes, by the numbers of the originals, which the copies keep.
struct NodeCopier {
    private(set) var files: [Int: FileNode] = [:]
    private var directories: [Int: DirectoryNode] = [:]
    private(set) var allDirectories: [DirectoryNode] = []

    mutating func copy(_ node: DiskNode) -> DiskNode {
        switch node {
        case .file(let file): .file(copy(file))
        case .directory(let directory): .directory(copy(directory))
        }
    }

    mutating func copy(_ node: FileNode) -> FileNode {
        if let known = files[node.number] { return known }
        let copy = FileNode(number: node.number)
        copy.durable = node.durable
        copy.live = node.live
        copy.pending = node.pending
        copy.hasLostChanges = node.hasLostChanges
        copy.writebackFailureCount = node.writebackFailureCount
        files[node.number] = copy
        return copy
    }

    mutating func copy(_ node: DirectoryNode) -> DirectoryNode {
        if let known = directories[node.number] { return known }
        let copy = DirectoryNode(number: node.number)
        directories[node.number] = copy
        allDirectories.append(copy)
        for (name, inner) in node.durable { copy.durable[name] = self.copy(inner) }
        for (name, inner) in node.live { copy.live[name] = self.copy(inner) }
        return copy
    }

    mutating func copy(_ name: DiskName) -> DiskName {
        DiskName(directory: copy(name.directory), name: name.name)
    }

    mutating func copy(_ change: NameChange) -> NameChange {
        var result = change
        switch change.kind {
        case .link(let name, let node): result.kind = .link(copy(name), copy(node))
        case .unlink(let name): result.kind = .unlink(copy(name))
        case .rename(let from, let to, let node):
            result.kind = .rename(from: copy(from), to: copy(to), copy(node))
        }
        return result
    }
}
