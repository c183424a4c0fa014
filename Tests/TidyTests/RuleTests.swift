// Every rule, shown able to fail on a small bad sample and to pass a good one.

internal import Testing

@Suite struct `The rules of tidiness can fail` {
    private let house = House(
        package: """
            let modules: [Module] = [
                Module(floor: 0, name: "CLow", language: .c),
                Module(floor: 1, name: "Low", path: "Elsewhere/Low",
                    dependencies: ["CLow", "CLib"]),
                Module(floor: 2, name: "Mid", dependencies: ["Low"]),
                Module(floor: 2, name: "Peer", dependencies: ["Mid"]),
                Module(floor: 3, name: "VarveStorage"),
            ]
            let libraries = [.systemLibrary(name: "CLib", path: "Sources/CLib")]
            let programs = [program("tool", "Tools/tool", ["Mid"])]
            let all = [tests(of: "Mid", ["Low"])]
            """)

    private func swift(_ text: String, path: String = "Sources/Mid/A.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test func `a house is read from its text`() {
        #expect(house.floor(of: "Low") == 1)
        #expect(house.floor(of: "CLib") == 0)
        #expect(house.target(ofFile: "Elsewhere/Low/A.swift")?.dependencies == ["CLow", "CLib"])
        #expect(house.target(ofFile: "Tools/tool/A.swift")?.dependencies == ["Mid"])
        #expect(house.target(ofFile: "Tests/MidTests/A.swift")?.dependencies == ["Mid", "Low"])
    }

    @Test func `a dependency on the same floor is found`() {
        let found = houseViolations(house, swiftPaths: house.targets.map { $0.path + "/A.swift" })
        #expect(found.map(\.message) == ["Peer stands on Mid, which is not on a lower floor"])
    }

    @Test func `a target without sources is found`() {
        let paths = house.targets.map { $0.path + "/A.swift" }.filter { !$0.contains("Low") }
        let found = houseViolations(house, swiftPaths: paths)
        #expect(found.contains { $0.message == "Low has no sources at Elsewhere/Low" })
    }

    @Test(arguments: [
        "import Peer", "public import Peer", "import struct Peer.Thing", "import Foundation",
        "import Dispatch", "internal import Glibc", "import CLow", "import CLib", "import Unknown",
        "@preconcurrency import Foundation", "import Mid",
    ])
    func `an import the floor may not see is found`(line: String) {
        #expect(importViolations(swift(line), house).count == 1)
    }

    @Test(arguments: [
        "import Low", "import Synchronization", "// import Peer", "let a = \"import Peer\"",
    ])
    func `an import the floor may see passes`(line: String) {
        #expect(importViolations(swift(line), house).isEmpty)
    }

    @Test func `the operating system belongs to one module and the top floor`() {
        let glibc = "import Glibc"
        #expect(importViolations(swift(glibc, path: "Sources/VarveStorage/A.swift"), house).isEmpty)
        #expect(importViolations(swift(glibc, path: "Tools/tool/A.swift"), house).isEmpty)
        #expect(importViolations(swift(glibc, path: "Sources/Stray/A.swift"), house).count == 1)
    }

    @Test func `a long file and a long line are found`() {
        let line = "// " + String(repeating: "a", count: SizeLimit.lineLength)
        #expect(fileSizeViolations(swift(line)).count == 1)
        #expect(fileSizeViolations(swift(line, path: "Sources/CLow/a.c")).count == 1)
        #expect(fileSizeViolations(swift(line, path: "Format/notes.md")).isEmpty)
        #expect(fileSizeViolations(swift(String(line.prefix(SizeLimit.lineLength)))).isEmpty)
        #expect(fileSizeViolations(swift("// https://" + line.dropFirst(3))).isEmpty)
        let lines = String(repeating: "//\n", count: SizeLimit.fileLineCount)
        #expect(fileSizeViolations(swift(lines)).isEmpty)
        #expect(fileSizeViolations(swift(lines + "//\n")).count == 1)
    }

    @Test(arguments: [
        "func a() {", "public init(b: Int = 3) throws(E) {", "deinit {",
        "subscript(i: Int) -> Int {",
        "var a: Int {", "static func == (a: A, b: A) -> Bool {", "func a(\n    b: Int\n) -> Int {",
    ])
    func `a long function is found`(head: String) {
        let headLines = head.split(separator: "\n").count
        let room = SizeLimit.functionLineCount - headLines - 1
        let tricks = ["let b = \"}\" // }", "let c = #\"\\}\"\"#", "/* } */ if b { c() }"]
        let body = tricks + Array(repeating: "call(\"\\(x(\"}\"))\")", count: room - tricks.count)
        let fitting = ([head] + body + ["}"]).joined(separator: "\n")
        let tooLong = ([head] + body + ["call()", "}"]).joined(separator: "\n")
        #expect(functionSizeViolations(swift(fitting)).isEmpty)
        #expect(functionSizeViolations(swift(tooLong)).map(\.line) == [1])
    }

    @Test func `a requirement without a body is no function`() {
        let calls = String(repeating: "    func a() -> Int\n", count: SizeLimit.functionLineCount)
        #expect(functionSizeViolations(swift("protocol P {\n\(calls)}\nfunc b() {}\n")).isEmpty)
    }

    @Test(arguments: [
        "// TO" + "DO: later", "let x = 1 // FIX" + "ME", "// XX" + "X",
        "\"/ho" + "me/somebody/a\"",
        "see ../sha" + "red/notes", "pip from pypi" + ".org", "fixed (#" + "12)", "see #" + "7.",
        "written in this " + "session",
    ])
    func `words that have no place are found`(line: String) {
        #expect(wordViolations(SourceFile(path: "Format/notes.md", text: line)).count == 1)
        #expect(wordViolations(swift(line)).count == 1)
    }

    @Test(arguments: [
        "let XX" + "XYZ = 1", "mkdtemp(a-XX" + "XX" + "XX)", "a framework/list", "color #" + "12ab",
        "$#", "# 12 heads",
    ])
    func `harmless words pass`(line: String) {
        #expect(wordViolations(SourceFile(path: "Format/notes.md", text: line)).isEmpty)
    }

    @Test func `a file without a header is found`() {
        #expect(headerViolations(swift("import Low")).count == 1)
        #expect(headerViolations(swift("// What it is for.\nimport Low")).isEmpty)
    }

    @Test func `a name that says nothing is found`() {
        #expect(nameViolations(swift("struct CacheManager {}")).count == 1)
        #expect(nameViolations(swift("enum Cache {}", path: "Sources/Mid/Utils.swift")).count == 1)
        #expect(nameViolations(swift("struct Cache {}")).isEmpty)
    }

    @Test func `an unchecked type without its invariant is found`() {
        let declaration = "final class A: @unchecked Sendable {"
        #expect(uncheckedViolations(swift(declaration)).count == 1)
        #expect(uncheckedViolations(swift("// Invariant: constant.\n" + declaration)).isEmpty)
    }

    @Test func `a clock or a random number below the top floor is found`() {
        let line = "let a = Int.random(in: 0..<3)"
        #expect(determinismViolations(swift(line), house).count == 1)
        #expect(determinismViolations(swift(line, path: "Tools/tool/A.swift"), house).isEmpty)
    }

    @Test(arguments: [
        "public struct A {}", "public func a() {}", "public static let a = 1",
        "public private(set) var a = 0", "@inlinable public init() {}", "public final class A {}",
        "@_lifetime(borrow self)\npublic mutating func a() {}", "// Not this.\npublic enum A {}",
        "public class func a() {}", "public subscript(i: Int) -> Int { 0 }",
        "@safe public final class A {}", "public init(_ a: Int) {}", "public typealias A = Int",
    ])
    func `a public declaration without a comment is found`(text: String) {
        let index = ConformanceIndex([])
        #expect(documentationViolations(swift(text), index, house).count == 1, "\(text)")
    }

    @Test(arguments: [
        "/// It is.\npublic struct A {}", "/// It is.\n@inlinable\npublic func a() {}",
        "public static func < (a: A, b: A) -> Bool { true }", "public import Low",
        "public var description: String { \"\" }", "public func hash(into h: inout Hasher) {}",
        "public init(integerLiteral value: Int) {}", "package func a() {}", "// public func a() {}",
    ])
    func `a declaration with a comment, or none to write, passes`(text: String) {
        #expect(documentationViolations(swift(text), ConformanceIndex([]), house).isEmpty)
    }

    @Test func `a witness is documented by its protocol`() {
        let protocolFile = swift("/// P.\npublic protocol P {\n    /// A.\n    func a(_ b: Int)\n}")
        let witness = swift("/// S.\npublic struct S: P {\n    public func a(_ b: Int) {}\n}")
        let stranger = swift("/// S.\npublic struct S: P {\n    public func c() {}\n}")
        let index = ConformanceIndex([protocolFile, witness])
        #expect(documentationViolations(witness, index, house).isEmpty)
        #expect(documentationViolations(stranger, index, house).count == 1)
    }

    @Test func `an example that is not compiled is found`() {
        let text = "Text.\n```swift\nimport Varve\n\nlet a = 1\nlet b = 2\n```\n```\nlet c = 3\n```"
        let page = SourceFile(path: "README.md", text: text)
        #expect(exampleViolations(page, [swift("    let a = 1\n\n    let b = 2\n")]).isEmpty)
        #expect(exampleViolations(page, [swift("let a = 1\nlet b = 3")]).map(\.line) == [2])
        #expect(exampleViolations(page, [page]).count == 1)
    }
}
