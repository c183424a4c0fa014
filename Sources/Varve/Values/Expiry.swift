// Rows that go by themselves.

import VarveFormat

/// When a row expires.
///
/// The expiry of a row is one of its attributes, a date of the name ``attributeName``: it is
/// written, logged, flushed, merged, exported and imported like any other. From that moment on, by
/// the store's clock, no search, lookup, count or iteration shows the row; a snapshot shows what
/// had not expired when it was taken. Its bytes go with the next merge of its segment, which is due
/// once a fifth of the rows are gone. Writing the id again makes a new row.
public enum Expiry {
    /// The attribute that says when a row expires: a date.
    public static let attributeName = "$expires"
    /// The attribute that says when a row was written, in stores with a maximum size: a date.
    public static let writtenName = "$written"

    static let dateNames = [attributeName, writtenName]
}

extension WriteBatch {
    /// Writes a row that expires; else as ``upsert(id:vector:attributes:)-(_,[Float],_)``.
    ///
    /// - Parameter expires: Microseconds since 1970-01-01T00:00:00Z.
    public mutating func upsert(
        id: RecordID, vector: [Float], attributes: [String: AttributeValue] = [:],
        expires: Int64
    ) {
        var attributes = attributes
        attributes[Expiry.attributeName] = .date(microseconds: expires)
        upsert(id: id, vector: vector, attributes: attributes)
    }
}

extension Row {
    /// When the row expires, in microseconds since 1970-01-01T00:00:00Z; nil if it does not.
    public var expires: Int64? {
        if case .date(let moment)? = attributes[Expiry.attributeName] { moment } else { nil }
    }
}

/// What a store lets go by itself.
public struct RetentionOptions: Hashable, Sendable {
    /// Seconds after which a row expires that does not say when, or says later; zero for never.
    ///
    /// Counted from the writing of the row, by the store's clock, with the options in force then.
    public var maximumAgeSeconds: UInt64 = 0
    /// Bytes that segments may take; zero for no limit.
    ///
    /// Beyond, the rows written first are dropped by the compactor.
    public var maximumByteCount: UInt64 = 0
    /// A directory for rows that expire or are dropped for size; empty for none.
    ///
    /// They are written into JSON Lines files before their bytes are given up;
    /// ``Store/importArchive(from:)`` reads them back.
    public var archivePath = ""

    /// Nothing goes by itself.
    public init() {}

    var pairs: [(key: String, value: String)] {
        [
            ("retention_age_seconds", String(maximumAgeSeconds)),
            ("retention_bytes", String(maximumByteCount)), ("retention_archive", archivePath),
        ]
    }

    /// Takes one stored option; leaves alone what is not about retention.
    mutating func take(_ key: String, _ value: String) {
        switch key {
        case "retention_age_seconds": maximumAgeSeconds = UInt64(value) ?? maximumAgeSeconds
        case "retention_bytes": maximumByteCount = UInt64(value) ?? maximumByteCount
        case "retention_archive": archivePath = value
        default: return
        }
    }

    /// The attributes of a row that is written at `now`.
    func stamped(
        _ attributes: [String: AttributeValue], now: Int64
    ) -> [String: AttributeValue] {
        guard maximumAgeSeconds > 0 || maximumByteCount > 0 else { return attributes }
        var stamped = attributes
        if maximumAgeSeconds > 0 {
            let age = Int64(clamping: maximumAgeSeconds).multipliedReportingOverflow(by: 1_000_000)
            let (sum, overflow) = now.addingReportingOverflow(
                age.overflow ? .max : age.partialValue)
            var moment = overflow ? Int64.max : sum
            if case .date(let own)? = attributes[Expiry.attributeName] { moment = min(own, moment) }
            stamped[Expiry.attributeName] = .date(microseconds: moment)
        }
        if maximumByteCount > 0 { stamped[Expiry.writtenName] = .date(microseconds: now) }
        return stamped
    }
}
