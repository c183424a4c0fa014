// Text as JSON: everything escaped that has to be, and nothing else.

import Testing
import VarveFormat

@Suite struct JSONQuotingTests {
    @Test func `what JSON wants escaped is escaped`() {
        #expect("".asJSON == "\"\"")
        #expect("a\"b\\c".asJSON == "\"a\\\"b\\\\c\"")
        #expect("line\nand\ttab".asJSON == "\"line\\nand\\ttab\"")
        #expect("\u{0}\u{1F}\r".asJSON == "\"\\u0000\\u001f\\u000d\"")
        #expect("é 漢 🙂 /".asJSON == "\"é 漢 🙂 /\"")
    }

    @Test func `no control character is left as it is`() {
        for value in UInt8(0)..<0x20 {
            let text = String(decoding: [0x61, value, 0x62], as: UTF8.self).asJSON
            #expect(text.utf8.allSatisfy { $0 >= 0x20 }, "\(value)")
        }
    }
}
