// Repair: planned first, carried out in a new directory or in place with a way back.

import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

extension Verb {
    private static func plan(_ call: Invocation) throws -> RepairPlan {
        var request = CheckRequest()
        request.version = try call.snapshot()
        request.observer = { progress in
            call.progress.tell(
                progress.file, done: progress.readByteCount, total: progress.totalByteCount,
                unit: Units.bytes)
            return true
        }
        let plan = RepairPlan(try call.image(), request)
        call.progress.clear()
        return plan
    }

    @Sendable static func repairPlan(_ call: Invocation) throws -> ExitStatus {
        let plan = try plan(call)
        show(call, plan)
        return ExitStatus(plan.report)
    }

    private static func show(_ call: Invocation, _ plan: RepairPlan) {
        call.output.machine("plan", .text(plan.hash))
        call.output.table(
            "steps", "Steps", [Column("step"), Column("what"), Column("loss")]
        ) { add in
            for (index, step) in plan.steps.enumerated() {
                add([.count(index + 1), .text(step.line), .text(step.loss)])
            }
        }
        if !plan.left.isEmpty {
            call.output.table(
                "left", "Left as it is", [Column("file"), Column("what"), Column("why")]
            ) { add in
                for (finding, why) in plan.left {
                    add([.text(finding.file), .text(finding.detail), .text(why)])
                }
            }
        }
        if plan.steps.isEmpty {
            call.output.note("there is nothing to do")
        } else if plan.needsNewStore {
            call.output.note(
                "plan \(plan.hash): a new store is made of all rows that verify; carry it out with "
                    + "segtool repair apply \(call.store) --out NEW, or --in-place "
                    + "--plan \(plan.hash)")
        } else {
            call.output.note(
                "plan \(plan.hash): carry it out with: segtool repair apply \(call.store) "
                    + "--out NEW, or --in-place --plan \(plan.hash)")
        }
    }

    @Sendable static func repairApply(_ call: Invocation) throws -> ExitStatus {
        let lock = try lockIfWriting(call)
        defer { lock?.release() }
        let plan = try plan(call)
        guard !plan.steps.isEmpty else {
            show(call, plan)
            return ExitStatus(plan.report)
        }
        if let hash = call.text("plan"), hash != plan.hash {
            throw ToolFailure.usage(
                "the store is not as it was planned for: the plan is \(plan.hash) now")
        }
        if call.has("in-place") {
            guard call.text("plan") != nil else {
                throw ToolFailure.usage("--in-place needs --plan HASH, as repair plan printed it")
            }
            return try applyInPlace(call, plan)
        }
        let target = FilePath(try call.required("out"))
        if plan.needsNewStore {
            let harvest = try RowHarvest(plan.image)
            let kept = try StoreRebuilding.rebuild(call, harvest, at: target)
            return show(call, harvest.count, keptCount: kept, target.text)
        }
        try RepairedCopy.make(plan, at: target)
        call.output.note("the repaired store is \(target)")
        return try checkAgain(call, target)
    }

    /// Mends the store itself; where rows are lost, by putting a new store of all rows that verify
    /// in the place of its files.
    private static func applyInPlace(
        _ call: Invocation, _ plan: RepairPlan
    ) throws -> ExitStatus {
        let place = RepairInPlace(call.fileSystem, call.store)
        try place.requireEmpty()
        var status = ExitStatus.clean
        if plan.needsNewStore {
            let made = FilePath(call.store.text + ".repairing")
            StoreRemoval.remove(call.fileSystem, made)
            let harvest = try RowHarvest(plan.image)
            let kept = try StoreRebuilding.rebuild(call, harvest, at: made)
            defer { StoreRemoval.remove(call.fileSystem, made) }
            let report = try StoreCheck.run(call.fileSystem, made)
            if let bad = report.findings.first { throw ToolFailure(.corruption, bad.line) }
            try place.replace(plan.image, by: made)
            status = show(call, harvest.count, keptCount: kept, call.store.text)
        } else {
            try place.carryOut(plan)
        }
        call.output.note("done; undo with: segtool repair undo \(call.store)")
        let checked = try checkAgain(call, call.store)
        return checked == .clean ? status : checked
    }

    private static func lockIfWriting(_ call: Invocation) throws -> (any FileLock)? {
        guard call.has("in-place") else { return nil }
        return try call.fileSystem.lock(call.store.appending(FileNames.lock))
    }

    /// Verifies what a repair has made.
    static func checkAgain(_ call: Invocation, _ path: FilePath) throws -> ExitStatus {
        let report = try StoreCheck.run(call.fileSystem, path)
        let bad = report.liveDamage
        for finding in bad { call.output.note("still: \(finding.line)") }
        call.output.note(bad.isEmpty ? "verified: every live byte is right now" : "not all is well")
        return bad.isEmpty ? .clean : .corruption
    }

    @Sendable static func repairUndo(_ call: Invocation) throws -> ExitStatus {
        let lock = try call.fileSystem.lock(call.store.appending(FileNames.lock))
        defer { lock.release() }
        let names = try RepairInPlace(call.fileSystem, call.store).undo()
        call.output.table("files", "Put back", [Column("file")]) { add in
            for name in names { add([.text(name)]) }
        }
        return .clean
    }

    // MARK: - Quarantine

    @Sendable static func quarantineList(_ call: Invocation) throws -> ExitStatus {
        call.output.table(
            "files", nil, [Column("name"), Column("original"), Column("bytes")]
        ) { add in
            for item in (try? RepairInPlace(call.fileSystem, call.store).items()) ?? [] {
                add([.text(item.name), .text(item.original), .bytes(item.byteCount)])
            }
        }
        return .clean
    }

    @Sendable static func quarantineRestore(_ call: Invocation) throws -> ExitStatus {
        let lock = try call.fileSystem.lock(call.store.appending(FileNames.lock))
        defer { lock.release() }
        let place = RepairInPlace(call.fileSystem, call.store)
        try place.restore(call.operands[1])
        call.output.note("\(call.operands[1]) is back in its place")
        return .clean
    }

    @Sendable static func quarantineDrop(_ call: Invocation) throws -> ExitStatus {
        let lock = try call.fileSystem.lock(call.store.appending(FileNames.lock))
        defer { lock.release() }
        let place = RepairInPlace(call.fileSystem, call.store)
        let items = try place.items().filter { item in
            call.operand(1).map { $0 == item.name || $0 == item.original } ?? true
        }
        guard !items.isEmpty else { throw ToolFailure.usage("the quarantine has no such file") }
        try place.drop(items)
        call.output.note("\(items.count) files dropped")
        return .clean
    }
}

/// A copy of a store with the steps of a plan carried out in it; good files are linked.
enum RepairedCopy {
    static func make(_ plan: RepairPlan, at target: FilePath) throws {
        let image = plan.image
        let fileSystem = image.fileSystem
        try StoreLayout.make(fileSystem, target)
        for entry in image.entries {
            guard entry.role == .live || entry.role == .history, entry.name != FileNames.lock,
                !plan.steps.contains(.point(version: VersionNumber(0)))
            else { continue }
            let to = target.appending(entry.name)
            let changes = plan.steps.filter { $0.file == entry.name }
            if changes.isEmpty, !entry.name.hasPrefix(FileNames.logFolder) {
                try FileCopying.linkOrCopy(fileSystem, image.path(entry.name), to)
            } else {
                _ = try FileCopying.copy(fileSystem, image.path(entry.name), to)
            }
        }
        for step in plan.steps { try StepWork.perform(step, image, target, isInPlace: false) }
        try StoreLayout.sync(fileSystem, target)
    }
}

/// Carries out single steps.
enum StepWork {
    static func perform(
        _ step: RepairStep, _ image: StoreImage, _ target: FilePath, isInPlace: Bool
    ) throws {
        let fileSystem = image.fileSystem
        switch step {
        case .flipBit(let name, let offset, let bit):
            guard try fileSystem.status(target.appending(name)) != nil else { return }
            let file = try fileSystem.open(target.appending(name), .readWrite)
            var byte = try file.readBytes(count: 1, at: offset)
            byte[0] ^= 1 << UInt8(bit)
            try file.writeFully(byte, at: offset)
            try file.sync(.full)
            try file.close()
        case .cut(let name, let byteCount):
            let file = try fileSystem.open(target.appending(name), .readWrite)
            try file.truncate(to: byteCount)
            try file.sync(.full)
            try file.close()
        case .takeBack(let name, let from):
            let to = target.appending(name)
            if try fileSystem.status(to) != nil { try fileSystem.remove(to) }
            try FileCopying.linkOrCopy(fileSystem, image.path(from), to)
        case .point(let number):
            guard let version = image.versions.first(where: { $0.number == number }),
                let manifest = version.manifest
            else { return }
            try PointerWriting.point(fileSystem, target, to: manifest, version)
        case .salvage: preconditionFailure("a new store is not a step in place")
        }
    }
}
