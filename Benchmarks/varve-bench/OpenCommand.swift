// How long it takes to open a store that was closed in order, and to answer the first search.

import Varve

/// `open`: the time from the call to a store that answers.
let openCommand = Command(
    name: "open",
    summary: "loads and closes a store, then opens it again and again",
    options: LoadPlan.options + [
        LoadPlan.loadOption,
        Option(name: "times", placeholder: "N", help: "how often it is opened (20)"),
        Option(
            name: "cold", placeholder: "yes|no",
            help: "drop its files from the page cache first (no)"),
    ],
    run: measureOpen)

private func measureOpen(_ arguments: Arguments) throws -> [(name: String, value: JSONValue)] {
    let plan = try LoadPlan(arguments, defaultDurability: .onRequest)
    let isCold = try arguments.choice("cold", of: [("yes", true), ("no", false)], default: false)
    defer { removeDirectory(plan.storePath) }
    let store = try Store.create(
        at: plan.storePath, schema: plan.schema, options: plan.storeOptions)
    _ = try fill(store, plan)
    try store.close()
    var opening = LatencySamples()
    var firstSearch = LatencySamples()
    let query = Query(vector: plan.base.floats(0), k: 10)
    for _ in 0..<(try arguments.number("times", default: 20)) {
        if isCold { dropPageCache(plan.storePath) }
        let store = try opening.measure { try Store.open(at: plan.storePath) }
        try firstSearch.measure { try store.search(query) }
        try store.close()
    }
    return plan.fields + [("cold", .bool(isCold)), ("times", .integer(opening.count))]
        + opening.fields("open_") + firstSearch.fields("first_search_")
}
