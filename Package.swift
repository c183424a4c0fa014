// swift-tools-version: 6.2
import PackageDescription

// The house of Varve, as data. A module stands on a floor and may import only modules that stand on
// lower ones; `dependencies` below is the whole truth, and the build refuses an import that is not
// declared here. Tests/TidyTests checks the floors themselves.

/// Settings of every Swift target.
let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

/// Settings of every C target.
let cSettings: [CSetting] = [
    .treatAllWarnings(as: .error),
    .enableWarning("all"),
    .enableWarning("extra"),
]

/// A module of the engine: its floor, its folder and what it stands on.
struct Module {
    enum Language { case swift, c }

    var floor: Int
    var name: String
    var language: Language = .swift
    var path: String?
    var dependencies: [String] = []

    var target: Target {
        .target(
            name: name,
            dependencies: dependencies.map { .byName(name: $0) },
            path: path ?? "Sources/\(name)",
            cSettings: language == .c ? cSettings : nil,
            swiftSettings: language == .swift ? swiftSettings : nil)
    }
}

let modules: [Module] = [
    // Floor 0: C kernels, and thin C over system libraries.
    Module(floor: 0, name: "CKernels", language: .c),
    Module(floor: 0, name: "CRing", language: .c, dependencies: ["CUring"]),

    Module(floor: 0, name: "CAllocations", language: .c, path: "Benchmarks/allocations"),

    Module(floor: 0, name: "VarveMutants"),

    // Floor 1: bytes and values, arithmetic, the operating system.
    Module(
        floor: 1, name: "VarveFormat", path: "Format/Codec",
        dependencies: ["CXXHash", "CZstd", "CRoaring", "VarveMutants"]),
    Module(floor: 1, name: "VarveKernels", dependencies: ["CKernels"]),
    Module(floor: 1, name: "VarveStorage", dependencies: ["CRing"]),

    // Floor 2: the index and the filters; and the simulated disk, which wears VarveStorage's face.
    Module(floor: 2, name: "VarveStorageSimulation", dependencies: ["VarveStorage"]),
    Module(
        floor: 2, name: "VarveGraph",
        dependencies: ["VarveFormat", "VarveKernels", "VarveStorage", "CKernels"]),
    Module(
        floor: 2, name: "VarveQuantization",
        dependencies: ["VarveFormat", "VarveKernels", "VarveStorage", "CKernels"]),
    Module(floor: 2, name: "VarveFilter", dependencies: ["VarveFormat", "CRoaring", "CZstd"]),

    // Floor 3: the artefacts of a store.
    Module(
        floor: 3, name: "VarveLog",
        dependencies: ["VarveFormat", "VarveStorage", "VarveMutants"]),
    Module(
        floor: 3, name: "VarveManifest",
        dependencies: ["VarveFormat", "VarveStorage", "VarveMutants"]),
    Module(
        floor: 3, name: "VarveMemtable",
        dependencies: ["VarveFormat", "VarveStorage", "VarveKernels", "VarveGraph"]),
    Module(
        floor: 3, name: "VarveSegment",
        dependencies: [
            "VarveFormat", "VarveStorage", "VarveKernels", "VarveGraph", "VarveQuantization",
            "VarveFilter", "VarveMutants",
        ]),

    // Floor 4: what moves between artefacts.
    Module(
        floor: 4, name: "VarveCompaction",
        dependencies: [
            "VarveFormat", "VarveStorage", "VarveKernels", "VarveGraph", "VarveManifest",
            "VarveMemtable",
            "VarveSegment", "VarveFilter", "VarveMutants",
        ]),
    Module(
        floor: 4, name: "VarveQuery",
        dependencies: [
            "VarveFormat", "VarveKernels", "VarveGraph", "VarveManifest", "VarveMemtable",
            "VarveSegment",
            "VarveFilter",
        ]),

    Module(
        floor: 4, name: "VarveCheck",
        dependencies: [
            "VarveFormat", "VarveStorage", "VarveManifest", "VarveLog", "VarveSegment",
        ]),

    // Floor 5: the public face.
    Module(
        floor: 5, name: "Varve",
        dependencies: [
            "VarveFormat", "VarveStorage", "VarveKernels", "VarveGraph", "VarveLog",
            "VarveManifest",
            "VarveMemtable", "VarveSegment", "VarveCompaction", "VarveQuery", "VarveFilter",
            "CJansson", "VarveMutants",
        ]),

    // Floor 6: what judges a store from outside.
    Module(
        floor: 6, name: "VarveOracle", path: "Fuzz/Oracle",
        dependencies: [
            "Varve", "VarveFormat", "VarveStorage", "VarveStorageSimulation", "VarveManifest",
            "VarveKernels", "VarveMutants", "VarveCheck", "VarveSegment", "VarveCompaction",
            "VarveGraph", "VarveFilter",
        ]),
    Module(
        floor: 6, name: "SegtoolCommands", path: "Tools/segtool/Commands",
        dependencies: [
            "Varve", "VarveCheck", "VarveFormat", "VarveStorage", "VarveManifest", "VarveLog",
            "VarveSegment", "VarveKernels", "VarveGraph", "VarveCompaction",
        ]),
]

/// System libraries: floor 0, found by pkg-config where the distribution has a file for it.
let systemLibraries: [Target] = [
    .systemLibrary(
        name: "CZstd", path: "Sources/CZstd", pkgConfig: "libzstd",
        providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(
        name: "CXXHash", path: "Sources/CXXHash", pkgConfig: "libxxhash",
        providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(
        name: "CRoaring", path: "Sources/CRoaring", providers: [.apt(["libroaring-dev"])]),
    .systemLibrary(
        name: "CUring", path: "Sources/CUring", pkgConfig: "liburing",
        providers: [.apt(["liburing-dev"])]),
    .systemLibrary(
        name: "CJansson", path: "Sources/CJansson", pkgConfig: "jansson",
        providers: [.apt(["libjansson-dev"])]),
]

/// An executable of the top floor, the seventh.
func program(_ name: String, _ path: String, _ dependencies: [String]) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies.map { .byName(name: $0) }, path: path,
        swiftSettings: swiftSettings)
}

let programs: [Target] = [
    program(
        "varve-bench", "Benchmarks/varve-bench",
        [
            "CAllocations", "Varve", "VarveKernels", "VarveFormat", "VarveGraph", "VarveStorage",
            "VarveQuantization", "VarveCompaction",
        ]),
    program("quickstart-demo", "Tools/quickstart-demo", ["Varve"]),
    program("segtool", "Tools/segtool/Program", ["SegtoolCommands", "VarveStorage"]),
    program("decoder-fuzz", "Fuzz/decoder-fuzz", ["VarveOracle"]),
    program("kill-fuzz", "Fuzz/kill-fuzz", ["Varve", "VarveStorage"]),
    program("model-fuzz", "Fuzz/model-fuzz", ["VarveOracle"]),
    program(
        "crash-fuzz", "Fuzz/crash-fuzz",
        [
            "VarveOracle", "VarveMutants", "VarveStorage", "VarveStorageSimulation",
            "SegtoolCommands",
        ]),
]

/// A test target, named after the module it tests.
func tests(of module: String, _ dependencies: [String] = []) -> Target {
    .testTarget(
        name: "\(module)Tests",
        dependencies: ([module] + dependencies).map { .byName(name: $0) },
        path: "Tests/\(module)Tests", swiftSettings: swiftSettings)
}

let testTargets: [Target] = [
    tests(of: "VarveFormat"),
    tests(of: "VarveKernels", ["CKernels"]),
    tests(of: "VarveStorage"),
    tests(of: "VarveStorageSimulation", ["VarveStorage"]),
    tests(of: "VarveGraph", ["VarveKernels", "VarveFormat", "VarveStorage", "VarveQuantization"]),
    tests(of: "VarveQuantization", ["VarveKernels", "VarveFormat", "VarveStorage", "CKernels"]),
    tests(of: "VarveFilter", ["VarveFormat"]),
    tests(of: "VarveLog", ["VarveFormat", "VarveStorage", "VarveStorageSimulation"]),
    tests(of: "VarveManifest", ["VarveFormat", "VarveStorage", "VarveStorageSimulation"]),
    tests(of: "VarveMemtable", ["VarveFormat", "VarveStorage", "VarveKernels", "VarveGraph"]),
    tests(
        of: "VarveSegment",
        [
            "VarveFormat", "VarveStorage", "VarveStorageSimulation", "VarveKernels", "VarveGraph",
            "VarveQuantization", "VarveFilter",
        ]),
    tests(
        of: "VarveCheck",
        [
            "Varve", "VarveFormat", "VarveStorage", "VarveStorageSimulation", "VarveManifest",
            "VarveSegment", "VarveOracle",
        ]),
    tests(of: "VarveCompaction", ["VarveFormat"]),
    tests(of: "Varve", ["VarveFormat", "VarveStorage", "VarveStorageSimulation"]),
    tests(
        of: "VarveOracle",
        [
            "Varve", "VarveFormat", "VarveStorage", "VarveStorageSimulation", "VarveCheck",
            "VarveMutants", "VarveSegment",
        ]),
    tests(
        of: "SegtoolCommands",
        [
            "Varve", "VarveCheck", "VarveFormat", "VarveStorage", "VarveStorageSimulation",
            "VarveOracle",
        ]),
    .testTarget(name: "TidyTests", path: "Tests/TidyTests", swiftSettings: swiftSettings),
]

let package = Package(
    name: "varve",
    products: [
        Product.`library`(name: "Varve", targets: ["Varve"]),
        .executable(name: "segtool", targets: ["segtool"]),
        .executable(name: "varve-bench", targets: ["varve-bench"]),
    ],
    targets: systemLibraries + modules.map(\.target) + programs + testTargets)
