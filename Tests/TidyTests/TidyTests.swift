// The rules of the house, over every file of the repository.

internal import Testing

@Suite struct `The repository is tidy` {
    private static func everything() throws -> (files: [SourceFile], house: House) {
        let files = try readRepository()
        let package = try #require(files.first { $0.path == "Package.swift" })
        return (files, House(package: package.lines.joined(separator: "\n")))
    }

    private func expectNone(_ violations: [Violation]) {
        for violation in violations { Issue.record("\(violation)") }
    }

    @Test func `Package.swift is understood`() throws {
        let (files, house) = try Self.everything()
        #expect(house.targets.count { $0.floor < House.topFloor } >= 15)
        #expect(house.targets.contains { $0.name == "TidyTests" && $0.path == "Tests/TidyTests" })
        #expect(house.floor(of: "Varve") == 5)
        #expect(house.floor(of: "CZstd") == 0)
        #expect(house.target(ofFile: "Format/Codec/Base/Schema.swift")?.name == "VarveFormat")
        #expect(files.count { $0.isSwift } > 20)
    }

    @Test func `modules stand only on lower floors`() throws {
        let (files, house) = try Self.everything()
        expectNone(houseViolations(house, swiftPaths: files.filter(\.isSwift).map(\.path)))
    }

    @Test func `files import only what their floor may see`() throws {
        let (files, house) = try Self.everything()
        expectNone(files.flatMap { importViolations($0, house) })
    }

    @Test func `files and lines are short`() throws {
        expectNone(try Self.everything().files.flatMap(fileSizeViolations))
    }

    @Test func `functions are short`() throws {
        expectNone(try Self.everything().files.flatMap(functionSizeViolations))
    }

    @Test func `nothing is left over and nothing speaks of a machine`() throws {
        expectNone(try Self.everything().files.flatMap(wordViolations))
    }

    @Test func `every file says what it is for`() throws {
        expectNone(try Self.everything().files.flatMap(headerViolations))
    }

    @Test func `names say something`() throws {
        expectNone(try Self.everything().files.flatMap(nameViolations))
    }

    @Test func `unchecked types have their invariant written down`() throws {
        expectNone(try Self.everything().files.flatMap(uncheckedViolations))
    }

    @Test func `time and chance come through Runtime`() throws {
        let (files, house) = try Self.everything()
        expectNone(files.flatMap { determinismViolations($0, house) })
    }

    @Test func `public declarations have a comment`() throws {
        let (files, house) = try Self.everything()
        let index = ConformanceIndex(files)
        expectNone(files.flatMap { documentationViolations($0, index, house) })
    }

    @Test func `examples in README.md are compiled`() throws {
        let files = try Self.everything().files
        let pages = files.filter { $0.path == "README.md" }
        expectNone(pages.flatMap { exampleViolations($0, files) })
    }
}
