// One line of JSON Lines as a row. Parsing is jansson's; what the values mean is decided here.

import CJansson
package import VarveFormat

/// A row as a line of JSON gives it.
///
/// `{"id": 7, "vector": [0.5, …], "attributes": {"name": "0ad", "size": 28591, "tags": ["game",
/// "x11"]}}`
///
/// An `id` is a whole number from 0 to 2^63-1 or a text; larger numbers are written `{"$uint64":
/// "…"}`. A whole number becomes an `int`, any other a `double`, a list of texts a `strings`,
/// `{"$date": n}` a date in microseconds; nested objects flatten to dotted names; `null` is left
/// out.
package struct JSONRow {
    var id: RecordID?
    var vector: [Float]?
    package var attributes: [String: AttributeValue] = [:]

    /// Why a line is not a row.
    package struct Refusal: Error {
        var reason: String
    }

    /// Reads a line.
    ///
    /// With `plain`, the whole object is the attributes, except for `id`: the form of metadata that
    /// goes beside a file of vectors.
    package init(line: [UInt8], plain: Bool = false) throws(Refusal) {
        var problem = json_error_t()
        let parsed = unsafe line.withUnsafeBytes { bytes in
            unsafe json_loadb(
                bytes.baseAddress, bytes.count, Int(JSON_REJECT_DUPLICATES), &problem)
        }
        guard let root = unsafe parsed else {
            throw Refusal(reason: "not JSON (column \(problem.column))")
        }
        defer { unsafe json_decref(root) }
        guard unsafe root.pointee.type == JSON_OBJECT else {
            throw Refusal(reason: "not a JSON object")
        }
        if let value = unsafe json_object_get(root, "id") { id = unsafe try Self.recordID(value) }
        if plain {
            unsafe try addAttributes(of: root, prefix: "", skipping: "id")
            return
        }
        if let value = unsafe json_object_get(root, "vector") {
            vector = unsafe try Self.numbers(value)
        }
        if let value = unsafe json_object_get(root, "attributes") {
            guard unsafe value.pointee.type == JSON_OBJECT else {
                throw Refusal(reason: "\"attributes\" is not an object")
            }
            unsafe try addAttributes(of: value, prefix: "", skipping: nil)
        }
    }

    private static func recordID(_ value: UnsafeMutablePointer<json_t>) throws(Refusal) -> RecordID
    {
        switch unsafe value.pointee.type {
        case JSON_INTEGER:
            let number = unsafe json_integer_value(value)
            guard number >= 0 else { throw Refusal(reason: "\"id\" is negative") }
            return .number(UInt64(number))
        case JSON_STRING:
            return .text(unsafe text(value))
        case JSON_OBJECT:
            guard let inner = unsafe json_object_get(value, "$uint64"),
                unsafe inner.pointee.type == JSON_STRING, let number = UInt64(unsafe text(inner))
            else { throw Refusal(reason: "\"id\" is not a number or text") }
            return .number(number)
        default:
            throw Refusal(reason: "\"id\" is not a number or text")
        }
    }

    private static func numbers(_ value: UnsafeMutablePointer<json_t>) throws(Refusal) -> [Float] {
        guard unsafe value.pointee.type == JSON_ARRAY else {
            throw Refusal(reason: "\"vector\" is not a list")
        }
        var result: [Float] = []
        result.reserveCapacity(unsafe json_array_size(value))
        for index in 0..<(unsafe json_array_size(value)) {
            guard let item = unsafe json_array_get(value, index),
                unsafe item.pointee.type == JSON_REAL || item.pointee.type == JSON_INTEGER
            else { throw Refusal(reason: "component \(index) of \"vector\" is not a number") }
            result.append(Float(unsafe json_number_value(item)))
        }
        return result
    }

    private mutating func addAttributes(
        of object: UnsafeMutablePointer<json_t>, prefix: String, skipping skipped: String?
    ) throws(Refusal) {
        var cursor = unsafe json_object_iter(object)
        while let position = unsafe cursor {
            let name = unsafe String(cString: json_object_iter_key(position))
            if let value = unsafe json_object_iter_value(position), name != skipped {
                unsafe try add(value, name: prefix.isEmpty ? name : prefix + "." + name)
            }
            unsafe cursor = unsafe json_object_iter_next(object, position)
        }
    }

    private mutating func add(
        _ value: UnsafeMutablePointer<json_t>, name: String
    ) throws(Refusal) {
        switch unsafe value.pointee.type {
        case JSON_STRING: attributes[name] = .string(unsafe Self.text(value))
        case JSON_INTEGER: attributes[name] = .int(Int64(unsafe json_integer_value(value)))
        case JSON_REAL: attributes[name] = .double(unsafe json_real_value(value))
        case JSON_TRUE: attributes[name] = .bool(true)
        case JSON_FALSE: attributes[name] = .bool(false)
        case JSON_NULL: return
        case JSON_ARRAY: attributes[name] = .strings(unsafe try Self.texts(value, name: name))
        default:
            if let inner = unsafe json_object_get(value, "$date"),
                unsafe inner.pointee.type == JSON_INTEGER
            {
                attributes[name] = .date(microseconds: Int64(unsafe json_integer_value(inner)))
            } else if let inner = unsafe json_object_get(value, "$double"),
                unsafe inner.pointee.type == JSON_STRING,
                let number = Double(unsafe Self.text(inner))
            {
                attributes[name] = .double(number)
            } else {
                unsafe try addAttributes(of: value, prefix: name, skipping: nil)
            }
        }
    }

    private static func texts(
        _ value: UnsafeMutablePointer<json_t>, name: String
    ) throws(Refusal) -> [String] {
        var result: [String] = []
        for index in 0..<(unsafe json_array_size(value)) {
            guard let item = unsafe json_array_get(value, index),
                unsafe item.pointee.type == JSON_STRING
            else { throw Refusal(reason: "item \(index) of \"\(name)\" is not a text") }
            result.append(unsafe text(item))
        }
        return result
    }

    private static func text(_ value: UnsafeMutablePointer<json_t>) -> String {
        // Safety: the value is a JSON string, so there are bytes, and jansson has checked that they
        // are UTF-8.
        guard let start = unsafe json_string_value(value) else { return "" }
        let buffer = unsafe UnsafeRawBufferPointer(
            start: start, count: json_string_length(value))
        return unsafe String(decoding: buffer, as: UTF8.self)
    }
}
